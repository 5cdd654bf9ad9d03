"""Third modalities made of pixels: X, mixed and syncretic, in the place of a learned auxiliary modality.

None of the three has public code in the form that MUN compares with; what is here follows how each is described.
"""

import copy

import torch
from torch import Tensor, nn

from methods.blocks.backbone import TwoStream


class XModality(nn.Module):
    """X-modality (Li et al. 2020): visible pixels through one channel and back, each 1x1 convolution with a ReLU."""

    def __init__(self):
        super().__init__()
        self.squeeze = nn.Conv2d(3, 1, 1)
        self.expand = nn.Conv2d(1, 3, 1)

    def forward(self, visible: Tensor, infrared: Tensor) -> Tensor:
        return self.expand(self.squeeze(visible).relu()).relu()


class Mixed(nn.Module):
    """Mixed modality (DFM, Hu et al. 2022): a weighted sum of the two images, `ratio` of it visible."""

    def __init__(self, ratio: float):
        super().__init__()
        self.ratio = ratio

    def forward(self, visible: Tensor, infrared: Tensor) -> Tensor:
        return self.ratio * visible + (1 - self.ratio) * infrared


class Syncretic(nn.Module):
    """Syncretic modality (SMCL, Wei et al. 2021): a 1x1 convolution of the six channels of both images."""

    def __init__(self):
        super().__init__()
        self.fuse = nn.Conv2d(6, 3, 1)

    def forward(self, visible: Tensor, infrared: Tensor) -> Tensor:
        return self.fuse(torch.cat([visible, infrared], dim=1))


class Intermediate(nn.Module):
    """Third images and their own copy of the private stages, with the same first weights as the other two streams.

    Paired images (n, 3, H, W) twice -> maps (n, C, h, w) after the last private stage.
    """

    def __init__(self, image: nn.Module, backbone: TwoStream):
        super().__init__()
        self.image = image
        self.stream = copy.deepcopy(backbone.visible)

    def forward(self, visible: Tensor, infrared: Tensor) -> Tensor:
        x = self.image(visible, infrared)
        for stage in self.stream:
            x = stage(x)
        return x
