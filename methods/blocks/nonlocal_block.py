"""Non-local blocks: every position of a map attends to every other, without softmax."""

from torch import Tensor, nn

from methods.blocks.backbone import TwoStream


class NonLocal(nn.Module):
    """Non-local block with a dot product, (B, C, h, w) -> the same shape; the identity until it has learned.

    `x + BN(W y)` with `y_i = 1/(h w) · Σ_j <θ(x_i), φ(x_j)> g(x_j)`. As there is no softmax, the sum over j is taken
    first, so that nothing of size (h w)² exists.

    Args:
        channels: C.
        inner: channels of θ, φ and g.

    Source: Wang et al. 2018; form and zero initialisation from the official code of AGW.
    """

    def __init__(self, channels: int, inner: int):
        super().__init__()
        self.value = nn.Conv2d(channels, inner, 1)
        self.query = nn.Conv2d(channels, inner, 1)
        self.key = nn.Conv2d(channels, inner, 1)
        self.out = nn.Conv2d(inner, channels, 1)
        self.norm = nn.BatchNorm2d(channels)
        nn.init.zeros_(self.norm.weight)
        nn.init.zeros_(self.norm.bias)

    def forward(self, x: Tensor) -> Tensor:
        query, key, value = (layer(x).flatten(2) for layer in (self.query, self.key, self.value))  # (B, c, h*w)
        summary = value @ key.transpose(1, 2) / x[0, 0].numel()  # (B, c, c)
        return x + self.norm(self.out((summary @ query).unflatten(2, x.shape[2:])))


def insert(backbone: TwoStream, stage: int, count: int, inner: int) -> None:
    """Put a non-local block after each of the last `count` residual blocks of a shared stage, or after all it has.

    Args:
        stage: 1 to 4, a shared one.
        inner: channels of each block's θ, φ and g; 0 is half of the stage's.
    """
    channels = backbone.channels[stage]
    blocks = backbone.shared[stage - backbone.split]
    for i in range(max(0, len(blocks) - count), len(blocks)):
        blocks[i] = nn.Sequential(blocks[i], NonLocal(channels, inner or channels // 2))
