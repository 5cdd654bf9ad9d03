"""Which images make a batch: P identities, K images of each per modality, as in the field's base code."""

import numpy as np


class SamplerError(Exception):
    """A training set that cannot fill a batch; the message names the key to change."""


def positions(labels: np.ndarray, identities: int) -> list[np.ndarray]:
    """For each label 0 … identities - 1, the positions at which it occurs, ascending."""
    order = np.argsort(labels, kind="stable")
    return np.split(order, np.searchsorted(labels[order], np.arange(1, identities)))


def steps_per_epoch(visible: int, infrared: int, identities: int, images: int) -> int:
    """Batches that the base code's sampler yields: `max(visible, infrared) // (P K) + 1`."""
    return max(visible, infrared) // (identities * images) + 1


def epoch_generator(seed: int, epoch: int) -> np.random.RandomState:
    """The sampler's random stream of one epoch: a function of seed and epoch alone, and so a resumed run has it too."""
    return np.random.RandomState(np.random.MT19937(np.random.SeedSequence([seed, epoch])))


def draw_epoch(
    visible: list[np.ndarray],
    infrared: list[np.ndarray],
    identities: int,
    images: int,
    steps: int,
    pairing: str,
    random: np.random.RandomState,
) -> tuple[np.ndarray, np.ndarray, bool]:
    """Positions of an epoch's visible and infrared images, each (steps, P*K), and whether rows are paired.

    A batch has P identities without replacement and K images of each with replacement: first the K visible, then the K
    infrared ones, identity by identity (index-identical to the base code for the same random stream).

    If some identity has no image in a modality, `paired` draws from those that have both, and `free` draws P identities
    for each modality on its own among those that have images there.

    Args:
        visible, infrared: positions by label, from `positions`.
        identities, images: P and K.

    Raises:
        SamplerError: if fewer than P identities can be drawn.
    """
    has_visible = np.array([len(p) > 0 for p in visible])
    has_infrared = np.array([len(p) > 0 for p in infrared])
    paired = pairing == "paired" or bool((has_visible & has_infrared).all())
    both = np.flatnonzero(has_visible & has_infrared)
    first = both if paired else np.flatnonzero(has_visible)
    second = both if paired else np.flatnonzero(has_infrared)
    if min(len(first), len(second)) < identities:
        raise SamplerError(
            f"batch.identities={identities}, but only {len(first)} identities have visible and "
            f"{len(second)} infrared training images to draw from; lower batch.identities"
        )
    chosen: tuple[list, list] = ([], [])
    for _ in range(steps):
        ids = random.choice(first, identities, replace=False)
        others = ids if paired else random.choice(second, identities, replace=False)
        for one, other in zip(ids, others, strict=True):
            chosen[0].append(random.choice(visible[one], images))
            chosen[1].append(random.choice(infrared[other], images))
    shape = (steps, identities * images)
    return np.concatenate(chosen[0]).reshape(shape), np.concatenate(chosen[1]).reshape(shape), paired
