"""A memory bank of proxies: the newest snapshots of a classifier's weights, frozen (MAUM, section 3.1.2)."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class ProxyBank(nn.Module):
    """A queue of snapshots of an identity classifier's weights, K strips of C identities with D channels each.

    All of it is buffers, so a checkpoint carries it; its size is fixed, and how much of it is filled follows from the
    training step alone (`snapshots_before`), so that no step has to ask the device.

    Attributes:
        rows: (K, S, C, D) proxies on the unit sphere, oldest snapshot first, filled from the end; zero where an
            identity has no image in this modality.
        valid: (C,) whether an identity has images in this modality; only these have proxies that were ever trained.
        drift: squared Euclidean distance between the raw proxies of the last two snapshots, mean over strips and
            valid identities (Eq. 4); negative until there are two.
    """

    rows: Tensor
    valid: Tensor
    newest: Tensor
    drift: Tensor

    def __init__(self, strips: int, sets: int, images: tuple[int, ...], width: int):
        super().__init__()
        self.register_buffer("rows", torch.zeros(strips, sets, len(images), width))
        self.register_buffer("valid", torch.tensor(images) > 0, persistent=False)
        self.register_buffer("newest", torch.zeros(strips, len(images), width))
        self.register_buffer("drift", torch.tensor(-1.0))

    @property
    def sets(self) -> int:
        return self.rows.shape[1]

    @torch.no_grad()
    def push(self, proxies: Tensor, first: bool) -> None:
        """Enqueue the present proxies (K, C, D), the oldest snapshot leaves; `first` if none was taken before."""
        used = self.valid[:, None]
        if not first:
            moved = (proxies - self.newest).square().sum(-1)  # (K, C)
            self.drift.copy_((moved * self.valid).sum() / (self.valid.sum() * len(moved)))
        self.newest.copy_(proxies)
        snapshot = F.normalize(proxies, dim=-1) * used
        self.rows.copy_(torch.cat([self.rows[:, 1:], snapshot[:, None]], dim=1))

    def references(self, count: int) -> Tensor:
        """The newest `count` snapshots, or all if it holds fewer, (K, min(count, S), C, D)."""
        return self.rows[:, max(self.sets - count, 0) :]


def snapshots_before(step: int, start: int, interval: int) -> int:
    """Snapshots taken before training step `step`, if one is taken after steps start, start + interval, …"""
    return max(0, -(-(step - start) // interval))


def sets_of(size: int, identities: int, unit: str) -> int:
    """Whole snapshots that a bank of `size` holds, `size` counting proxy `vectors` or `sets`; at least one unless 0."""
    if unit == "sets" or size == 0:
        return size
    return max(1, round(size / identities))


def infrared_size(rule: str, visible_size: int, infrared_size: int, visible: int, infrared: int) -> int:
    """Size of the infrared bank for a training set of `visible` and `infrared` images (MAUM, section 3.2).

    `paper` makes it `infrared / visible` of the visible bank, but never larger than `infrared_size`, which the paper
    prints for the full data; `inverse` turns the ratio over; `none` keeps `infrared_size`.
    """
    if rule == "paper":
        return min(infrared_size, round(visible_size * infrared / visible))
    if rule == "inverse":
        return round(visible_size * visible / infrared)
    return infrared_size
