"""`vis_per_id=N`: N visible images of each identity, or all where it has fewer (MAUM's Table 3 turned over)."""

from datasets.preparation.draws import of_each_identity
from datasets.preparation.rows import Row

MODALITY = "visible"


def keep(images: list[Row], number: int, seed: int) -> list[Row]:
    """The images that stay."""
    return of_each_identity(images, number, seed)
