"""Modality prototypes: features of every modality, distilled by a matrix and accumulated over the steps."""

import torch
from torch import Tensor, nn


class Prototypes(nn.Module):
    """Prototype tables T of several modalities, `T = β W z + (1 - β) T_before` (MUN eq. 13-14).

    A table has `slots` places with K rows each. What a place stands for is the caller's choice: the p-th identity of a
    batch, or one identity for good. A row that is filled for the first time takes `W z` alone. What is kept passes no
    gradient to earlier steps.

    Attributes:
        weight: one square matrix W for each modality, (M, D, D), identity at first.
        kept: the tables, (M, slots, K, D), all 0 at first; a buffer, so that a checkpoint holds it.
        filled: whether a row has been filled, (slots, K).
    """

    kept: Tensor
    filled: Tensor

    def __init__(self, modalities: int, slots: int, images: int, width: int):
        super().__init__()
        self.weight = nn.Parameter(torch.eye(width).repeat(modalities, 1, 1))
        self.register_buffer("kept", torch.zeros(modalities, slots, images, width))
        self.register_buffer("filled", torch.zeros(slots, images, dtype=torch.bool))

    def forward(self, features: Tensor, places: Tensor, beta: float) -> Tensor:
        """Prototypes (M, P, K, D) of this step, which are also kept.

        Args:
            features: (M, P, K, D).
            places: the place of each identity, (P,) int64 without repetition.
            beta: weight of this step's features, 0 to 1.
        """
        rows = features.shape[2]
        kept, filled = self.kept.narrow(2, 0, rows), self.filled.narrow(1, 0, rows)
        new = torch.einsum("mde,mpke->mpkd", self.weight, features).to(kept.dtype)
        mixed = beta * new + (1 - beta) * kept[:, places]
        prototypes = torch.where(filled[places][..., None], mixed, new)
        kept.index_copy_(1, places, prototypes.detach())
        filled.index_fill_(0, places, True)
        return prototypes
