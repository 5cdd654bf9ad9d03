"""What a method is: the few things that the trainer asks of it, and what it is told."""

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn

from methods.blocks.backbone import TwoStream

MODALITIES = ("visible", "infrared")


@dataclass(frozen=True)
class TrainingSet:
    """What a method may know of the data: how many images each identity has, and how long the training is."""

    visible: tuple[int, ...]  # images by label; the length is the number of training identities
    infrared: tuple[int, ...]  # images by label, 0 where an imbalance setting left none
    steps_per_epoch: int
    epochs: int

    @property
    def identities(self) -> int:
        return len(self.visible)

    @property
    def steps(self) -> int:
        """Optimiser steps of the whole training."""
        return self.steps_per_epoch * self.epochs


class Batch(NamedTuple):
    """One training batch: a visible and an infrared block, each P identities with K images in a row.

    If `paired`, both blocks hold the same identities in the same order, so that row j of one and row j of the other
    share an identity.
    """

    visible: Tensor  # (P*K, 3, H, W) normalised
    infrared: Tensor  # (P*K, 3, H, W) normalised
    visible_labels: Tensor  # (P*K,) int64
    infrared_labels: Tensor  # (P*K,) int64
    identities: int  # P
    images: int  # K
    paired: bool
    step: int  # from 0, over the whole training
    epoch: int  # from 0

    @property
    def labels(self) -> Tensor:
        """Labels of the visible block followed by the infrared block, (2*P*K,)."""
        return torch.cat([self.visible_labels, self.infrared_labels])

    def require_pairs(self, method: str) -> None:
        """Raise ValueError unless row j of both blocks share an identity."""
        if not self.paired:
            raise ValueError(
                f"{method} needs row j of the visible and of the infrared block to share an identity, "
                f"but this batch is not paired; set batch.pairing=paired"
            )


class Method(nn.Module):
    """Base of every method; a method is this class and nothing else that the trainer knows of.

    State that must survive a restart lives in parameters and buffers. Randomness comes from torch's global generator,
    which the trainer seeds and checkpoints.

    Attributes:
        weights: weight of each loss in the total, by name. A loss whose weight is 0 is not computed.
        TRAINING_ONLY: names of the modules, parameters and buffers that no feature depends on.
    """

    weights: dict[str, float]
    TRAINING_ONLY: tuple[str, ...] = ()

    def parameter_groups(self) -> list[dict]:
        """Groups `{"params": [...], "scale": s}`; `s` multiplies the recipe's learning rate."""
        raise NotImplementedError

    def losses(self, batch: Batch) -> dict[str, Tensor]:
        """Unweighted scalar losses by name; their weighted sum is what is minimised."""
        raise NotImplementedError

    def after_step(self, step: int) -> None:
        """Called after the optimiser's step number `step`, for state that gradients do not train."""

    def diagnostics(self) -> dict[str, float]:
        """What a method says of itself for the training history, asked once an epoch."""
        return {}

    def embed(self, images: Tensor, modality: str) -> Tensor:
        """Test features (B, D), not normalised, of images (B, 3, H, W) of one modality, each from that image alone."""
        raise NotImplementedError

    def streams(self, batch: Batch) -> dict[str, Tensor]:
        """Features (P*K, D) of a batch by the name of the stream that makes them; asked of watched trainings only."""
        return {modality: self.embed(getattr(batch, modality), modality) for modality in MODALITIES}

    def total(self, losses: dict[str, Tensor]) -> Tensor:
        """The weighted sum that is minimised."""
        return torch.stack([self.weights[name] * loss for name, loss in losses.items()]).sum()

    def active(self, name: str) -> bool:
        """Whether a loss takes part at all."""
        return self.weights[name] != 0


class Host(Method):
    """A method on which another can be plugged: its forward pass to the last feature map stands on its own."""

    backbone: TwoStream

    def maps(self, batch: Batch) -> Tensor:
        """Last feature maps (2*P*K, C, h, w) of the visible block followed by the infrared block."""
        return self.backbone.joint(batch.visible, batch.infrared)

    def losses_of(self, maps: Tensor, batch: Batch) -> dict[str, Tensor]:
        """The host's own losses from its last feature maps."""
        raise NotImplementedError

    def losses(self, batch: Batch) -> dict[str, Tensor]:
        return self.losses_of(self.maps(batch), batch)


def split_groups(module: Method, backbone: nn.Module, scale: float) -> list[dict]:
    """Two parameter groups: `backbone` at `scale` times the learning rate, everything else at the full rate."""
    slow = {id(parameter) for parameter in backbone.parameters()}
    rest = [p for p in module.parameters() if p.requires_grad and id(p) not in slow]
    return [
        {"params": [p for p in backbone.parameters() if p.requires_grad], "scale": scale},
        {"params": rest, "scale": 1.0},
    ]
