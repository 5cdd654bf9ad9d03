"""`ir_per_id=N`: N infrared images of each identity, or all where it has fewer (MAUM, Table 3)."""

from datasets.preparation.draws import of_each_identity
from datasets.preparation.rows import Row

MODALITY = "infrared"


def keep(images: list[Row], number: int, seed: int) -> list[Row]:
    """The images that stay."""
    return of_each_identity(images, number, seed)
