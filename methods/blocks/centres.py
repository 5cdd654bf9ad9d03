"""Identity centres of a batch and the three losses on them: hetero-centre triplet, centre quadruple, centre alignment.

A centre is the mean of an identity's K rows in one block of the batch. Distances are Euclidean, of vectors that are not
normalised.
"""

import torch
from torch import Tensor

from methods.blocks.distances import euclidean


def centres(x: Tensor, identities: int, images: int) -> tuple[Tensor, ...]:
    """Centre tables (P, …, D), one per block of P * K rows of `x`: visible, infrared, then any further blocks.

    Args:
        x: (blocks * P * K, …, D), each block with its P identities in the same order, K rows in a run.
    """
    return x.unflatten(0, (-1, identities, images)).mean(2).unbind(0)


def hetero_centre_triplet(x: Tensor, identities: int, images: int, margin: float) -> Tensor:
    """Hetero-centre triplet loss of a paired batch, mean over the 2P centres as anchors.

    The positive is the same identity's centre in the other modality, the negative the nearest centre of any other
    identity in either modality. Source: Liu, Tan, Zhou 2020 (HCT), whose code averages; MSMNet eq. 8-9.

    Args:
        x: (2 * P * K, D), visible block then infrared block; or (2 * P * K, S, D) for S strips.
        margin: ρ, in units of the distance.

    Returns:
        A scalar, or (S,) with one loss a strip.
    """
    table = torch.cat(centres(x, identities, images)).movedim(0, -2)  # (…, 2P, D)
    between = euclidean(table, table)  # (…, 2P, 2P)
    positive = between.diagonal(identities, -2, -1)  # (…, P)
    same = torch.eye(identities, dtype=torch.bool, device=x.device).tile(2, 2)
    negative = between.masked_fill(same, torch.inf).amin(-1)  # (…, 2P)
    return (margin + torch.cat([positive, positive], dim=-1) - negative).relu().mean(-1)


def cross_modality_quadruple(
    visible: Tensor, infrared: Tensor, visible_made: Tensor, infrared_made: Tensor, margin: float, detach: bool
) -> Tensor:
    """Centre-quadruplet causal loss (MRCN eq. 8-9) of each identity, (P,); the caller sums or averages.

    The centre of features made from one modality shall be nearer to the other modality's original centre than to its
    own modality's, by the margin: `[α + d(v', n) - d(v', v)]₊ + [α + d(n', v) - d(n', n)]₊`.

    Args:
        visible, infrared: original centres (P, D).
        visible_made, infrared_made: centres (P, D) of the restituted or of the compensated features.
        margin: α, in units of the distance.
        detach: whether no gradient passes the distance to the own modality's centre.
    """

    def side(made: Tensor, other: Tensor, own: Tensor) -> Tensor:
        away = torch.linalg.vector_norm(made - own, dim=-1)
        return (margin + torch.linalg.vector_norm(made - other, dim=-1) - (away.detach() if detach else away)).relu()

    return side(visible_made, infrared, visible) + side(infrared_made, visible, infrared)


def identity_alignment(visible: Tensor, infrared: Tensor, auxiliary: Tensor, margin: float, hinge: bool) -> Tensor:
    """Identity alignment loss (MUN eq. 12) of each identity, (P,); the caller sums or averages.

    The anchor is the auxiliary centre, the positive the farther of its identity's two real centres, the negative the
    nearest real centre of another identity: `α + max d⁺ - min d⁻`, cut off at 0 if `hinge`.

    Args:
        visible, infrared, auxiliary: centres (P, D).
        margin: α, in units of the distance.
        hinge: whether the term is cut off at 0; without, it has no lower bound.
    """
    between = torch.stack([euclidean(auxiliary, visible), euclidean(auxiliary, infrared)])  # (2, P, P)
    positive = between.diagonal(dim1=1, dim2=2).amax(0)
    same = torch.eye(len(visible), dtype=torch.bool, device=visible.device)
    negative = between.masked_fill(same, torch.inf).amin((0, 2))
    term = margin + positive - negative
    return term.relu() if hinge else term
