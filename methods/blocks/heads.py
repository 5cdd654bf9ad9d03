"""From vectors to what the losses and the test see: necks, reductions and classifiers."""

import torch
from torch import Tensor, nn


class Neck(nn.Module):
    """Batch normalisation between metric and identity losses, its bias frozen at 0 (BN neck of the AGW lineage)."""

    def __init__(self, width: int):
        super().__init__()
        self.bn = nn.BatchNorm1d(width)
        self.bn.bias.requires_grad_(False)
        nn.init.normal_(self.bn.weight, 1.0, 0.01)

    def forward(self, x: Tensor) -> Tensor:  # (B, D) -> (B, D)
        return self.bn(x)


def classifier(width: int, identities: int) -> nn.Linear:
    """Identity classifier without bias, weights from N(0, 0.001) (AGW lineage)."""
    linear = nn.Linear(width, identities, bias=False)
    nn.init.normal_(linear.weight, 0.0, 0.001)
    return linear


class Reduction(nn.Module):
    """1x1 convolution, batch normalisation and ReLU of a strip's vector (PCB), one per strip.

    (B, K, C) -> (B, K, D). On a pooled vector a 1x1 convolution is a linear map, and is written as one.
    """

    def __init__(self, strips: int, inputs: int, outputs: int):
        super().__init__()
        maps = [nn.Linear(inputs, outputs) for _ in range(strips)]
        norms = [nn.BatchNorm1d(outputs) for _ in range(strips)]
        for linear, norm in zip(maps, norms, strict=True):
            nn.init.kaiming_normal_(linear.weight, mode="fan_out")
            nn.init.zeros_(linear.bias)
            nn.init.normal_(norm.weight, 1.0, 0.01)
        self.maps, self.norms = nn.ModuleList(maps), nn.ModuleList(norms)

    def forward(self, x: Tensor) -> Tensor:
        parts = zip(self.maps, self.norms, x.unbind(1), strict=True)
        return torch.stack([norm(linear(part)).relu() for linear, norm, part in parts], dim=1)
