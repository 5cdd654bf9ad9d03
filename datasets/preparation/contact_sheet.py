"""A picture of a dataset: identities in rows, cameras in columns."""

from collections import Counter
from pathlib import Path

from PIL import Image, ImageDraw

from datasets.preparation.images import decode, read_verified
from datasets.preparation.rows import MODALITIES, Row
from files import write_whole

Camera = tuple[int, int]
CELL = (64, 128)
IDENTITIES, PER_CAMERA = 8, 2
GAP, MARGIN, HEAD = 3, 44, 18


def contact_sheet(rows: list[Row], root: str | Path, out: str | Path) -> None:
    """Write a PNG: the people seen under the most cameras, a few images of each in each camera.

    Visible cameras stand left, infrared ones right; an empty place means that the camera never saw the person.
    """
    cells: dict[tuple[int, Camera], list[Row]] = {}
    for row in rows:
        cells.setdefault((row.identity, (MODALITIES.index(row.modality), row.camera)), []).append(row)
    cameras = sorted({camera for _, camera in cells})
    seen = Counter(identity for identity, _ in cells)
    people = sorted(sorted(seen, key=lambda identity: (-seen[identity], identity))[:IDENTITIES])
    wide, high = CELL[0] + GAP, CELL[1] + GAP
    sheet = Image.new("RGB", (MARGIN + len(cameras) * PER_CAMERA * wide, HEAD + len(people) * high), "white")
    pen = ImageDraw.Draw(sheet)
    for x, (modality, camera) in enumerate(cameras):
        pen.text((MARGIN + x * PER_CAMERA * wide, 2), f"{MODALITIES[modality]} {camera}", "black")
    for y, identity in enumerate(people):
        pen.text((2, HEAD + y * high + CELL[1] // 2), str(identity), "black")
        for x, seen_by in enumerate(cameras):
            for k, row in enumerate(_spread(cells.get((identity, seen_by), []), PER_CAMERA)):
                image, _ = decode(read_verified(root, row.path, row.sha256), Path(root) / row.path)
                place = (MARGIN + (x * PER_CAMERA + k) * wide, HEAD + y * high)
                sheet.paste(image.resize(CELL, Image.Resampling.LANCZOS), place)
    with write_whole(out) as temporary:
        sheet.save(temporary, format="PNG")


def _spread(images: list[Row], number: int) -> list[Row]:
    """Up to `number` images, evenly from the whole list, because neighbours look alike."""
    number = min(number, len(images))
    return [images[k * len(images) // number] for k in range(number)]
