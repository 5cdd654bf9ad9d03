"""`vis_ids=K`: the visible images of K identities; the others have infrared ones only (MAUM's Table 4 turned over)."""

from datasets.preparation.draws import of_some_identities
from datasets.preparation.rows import Row

MODALITY = "visible"


def keep(images: list[Row], number: int, seed: int) -> list[Row]:
    """The images that stay."""
    return of_some_identities(images, number, seed)
