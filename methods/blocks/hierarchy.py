"""A memory of part prototypes, whose instance and semantic prototypes are derived from them."""

import torch
from torch import Tensor, nn


class Hierarchy(nn.Module):
    """Part prototypes are parameters; each level above is a gated mean over the groups of the one below (MG-MRA eq. 7).

    Within a group of n rows m the gate is `sigmoid(L m)`, element by element, with L an n x n linear map across the
    group that all groups and channels share. Source: the official code; the equation's own group size does not fit
    the counts that the paper gives.

    Args:
        sets: S, 1 for both modalities together or 2 for one each; the semantic level is the mean over sets.
        semantics, instances, parts: semantic prototypes, instances of each, parts of each instance.
        channels: C.
        scramble: whether the parts of an instance are read from its block of memory in the official code's order,
            channel before part, so that a derived row mixes channels.
    """

    def __init__(self, sets: int, semantics: int, instances: int, parts: int, channels: int, scramble: bool):
        super().__init__()
        self.part = prototypes(sets, semantics, instances, parts, channels)
        self.part_gate = nn.Linear(parts, parts)
        self.instance_gate = nn.Linear(instances, instances)
        self.scramble = scramble

    def levels(self) -> dict[str, Tensor]:
        """Rows of `part` (S, semantics * instances * parts, C), `instance` (S, semantics * instances, C) and
        `semantic` (1, semantics, C), in this order.
        """
        parts = self.part
        if self.scramble:
            parts = parts.flatten(3).unflatten(3, (parts.shape[4], parts.shape[3])).transpose(3, 4)
        instances = gated_mean(parts, self.part_gate)  # (S, semantics, instances, C)
        semantics = gated_mean(instances, self.instance_gate).mean(0, keepdim=True)
        return {"part": self.part.flatten(1, 3), "instance": instances.flatten(1, 2), "semantic": semantics}


def gated_mean(rows: Tensor, gate: nn.Linear) -> Tensor:
    """Mean over a group of its gated rows, (…, n, C) -> (…, C)."""
    return ((gate.weight @ rows + gate.bias[:, None]).sigmoid() * rows).mean(-2)


def prototypes(*shape: int) -> nn.Parameter:
    """Prototypes (…, C), uniform between -1 / sqrt(C) and 1 / sqrt(C) (official code of MG-MRA)."""
    bound = shape[-1] ** -0.5
    return nn.Parameter(torch.empty(shape).uniform_(-bound, bound))
