"""Attention gates: weights in (0, 1) that a map is multiplied with. SE, ECA and CBAM."""

import math

import torch
from torch import Tensor, nn


class SqueezeExcitation(nn.Module):
    """SE: one weight a channel, from the averages of all channels, (B, C, h, w) -> (B, C, 1, 1).

    Source: Hu et al. 2018, equation 3: two linear maps without bias, ReLU between, sigmoid after.

    Args:
        channels: C.
        ratio: C is reduced to C / ratio between the two maps.
    """

    def __init__(self, channels: int, ratio: int):
        super().__init__()
        if channels < ratio:
            raise ValueError(f"a gate of {channels} channels cannot be reduced {ratio} times; lower gate.ratio")
        self.reduce = nn.Linear(channels, channels // ratio, bias=False)
        self.expand = nn.Linear(channels // ratio, channels, bias=False)

    def excite(self, squeezed: Tensor) -> Tensor:
        """Logits (B, C) from channel descriptors (B, C)."""
        return self.expand(self.reduce(squeezed).relu())

    def forward(self, x: Tensor) -> Tensor:
        return self.excite(x.mean((2, 3))).sigmoid()[:, :, None, None]


class EfficientChannel(nn.Module):
    """ECA: one weight a channel, from the averages of its k neighbours, (B, C, h, w) -> (B, C, 1, 1).

    Source: Wang et al. 2020, equation 12: k is the odd number nearest to (log2 C + 1) / 2 from above.
    """

    def __init__(self, channels: int):
        super().__init__()
        kernel = int((math.log2(channels) + 1) / 2)
        kernel += 1 - kernel % 2
        self.neighbours = nn.Conv1d(1, 1, kernel, padding=kernel // 2, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return self.neighbours(x.mean((2, 3))[:, None])[:, 0].sigmoid()[:, :, None, None]


class ConvolutionalBlockAttention(SqueezeExcitation):
    """CBAM: a weight a channel (from average and maximum) times a weight a place, (B, C, h, w) -> (B, C, h, w).

    Source: Woo et al. 2018, equations 2 and 3. The weight of a place comes from a 7x7 convolution over the average and
    the maximum over channels of the map already weighted by channel.
    """

    def __init__(self, channels: int, ratio: int):
        super().__init__(channels, ratio)
        self.place = nn.Conv2d(2, 1, 7, padding=3, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        channel = (self.excite(x.mean((2, 3))) + self.excite(x.amax((2, 3)))).sigmoid()[:, :, None, None]
        weighted = x * channel
        summary = torch.cat([weighted.mean(1, keepdim=True), weighted.amax(1, keepdim=True)], dim=1)
        return channel * self.place(summary).sigmoid()


def gate(name: str, channels: int, ratio: int) -> nn.Module:
    """The gate called `se`, `eca` or `cbam` over `channels` channels; `ratio` is the reduction of SE and CBAM."""
    if name == "eca":
        return EfficientChannel(channels)
    return {"se": SqueezeExcitation, "cbam": ConvolutionalBlockAttention}[name](channels, ratio)
