"""Random choices among images that any version of any library makes alike: ranks are hashes of seed and name."""

import hashlib

from datasets import DatasetError
from datasets.preparation.rows import Row


def rank(seed: int, modality: str, name: object) -> bytes:
    """A place in a random order of names; which images or identities are there besides makes no difference."""
    return hashlib.sha256("\n".join(map(str, (seed, modality, name))).encode()).digest()


def of_each_identity(images: list[Row], number: int, seed: int) -> list[Row]:
    """`number` images of each identity, or all where it has fewer."""
    by_identity: dict[int, list[Row]] = {}
    for image in images:
        by_identity.setdefault(image.identity, []).append(image)
    kept = []
    for own in by_identity.values():
        kept += sorted(own, key=lambda image: rank(seed, image.modality, image.path))[:number]
    return kept


def of_some_identities(images: list[Row], number: int, seed: int) -> list[Row]:
    """All images of `number` identities; raises `DatasetError` if there are fewer."""
    modality = {image.identity: image.modality for image in images}
    if number > len(modality):
        raise DatasetError(
            f"the setting keeps images of {number} identities, but only {len(modality)} have any; "
            f"give at most {len(modality)}, or `full`"
        )
    chosen = set(sorted(modality, key=lambda identity: rank(seed, modality[identity], identity))[:number])
    return [image for image in images if image.identity in chosen]
