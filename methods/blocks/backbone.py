"""The two-stream backbone: the first stages private to a modality, the others shared."""

import copy

import torch
from torch import Tensor, nn

from methods.blocks import resnet
from methods.recipes import Recipe


class TwoStream(nn.Module):
    """Five residual stages (stem, layer1 … layer4); those before `split` exist once per modality, the others once.

    Both private copies start from the same weights. In training the two modalities pass the shared stages as one batch,
    so the statistics of shared batch normalisation mix them.

    Attributes:
        split: number of private stages.
        channels: channels after each stage; `channels[-1]` is the depth of the last map.
    """

    def __init__(self, recipe: Recipe):
        super().__init__()
        name, width = recipe["backbone.name"], recipe["backbone.width"]
        built = resnet.stages(name, width, recipe["backbone.last_stride"])
        if recipe["backbone.init"] == "imagenet":
            resnet.load_imagenet(built, recipe.weights)
        self.split = recipe["backbone.split"]
        self.channels = resnet.channels(name, width)
        self.visible = nn.ModuleList(built[: self.split])
        self.infrared = copy.deepcopy(self.visible)
        self.shared = nn.ModuleList(built[self.split :])

    def run(self, x: Tensor, modality: str, start: int = 0, stop: int = 5) -> Tensor:
        """Stages `start` to `stop - 1` on one modality's images or maps."""
        private = self.visible if modality == "visible" else self.infrared
        for i in range(start, stop):
            x = private[i](x) if i < self.split else self.shared[i - self.split](x)
        return x

    def joint(self, visible: Tensor, infrared: Tensor, stop: int = 5) -> Tensor:
        """Maps after stage `stop - 1` of the visible block followed by the infrared block, (n + m, C, h, w)."""
        private = min(stop, self.split)
        x = torch.cat([self.run(visible, "visible", 0, private), self.run(infrared, "infrared", 0, private)])
        return self.rest(x, private, stop)

    def rest(self, x: Tensor, start: int, stop: int = 5) -> Tensor:
        """Shared stages `start` to `stop - 1` on a batch of any mixture."""
        if start < min(self.split, stop):
            raise ValueError(
                f"stage {start} is private: {self.split} stages are, and a mixture can only pass shared ones"
            )
        for i in range(start, stop):
            x = self.shared[i - self.split](x)
        return x
