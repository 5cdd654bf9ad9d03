"""`ir_ids=K`: the infrared images of K identities; the others have visible ones only (MAUM, Table 4)."""

from datasets.preparation.draws import of_some_identities
from datasets.preparation.rows import Row

MODALITY = "infrared"


def keep(images: list[Row], number: int, seed: int) -> list[Row]:
    """The images that stay."""
    return of_some_identities(images, number, seed)
