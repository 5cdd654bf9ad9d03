"""A picture of a dataset: identities in rows, cameras in columns."""

from pathlib import Path

from PIL import Image, ImageDraw

from datasets import DatasetError
from datasets.preparation.images import decode, read_bytes
from datasets.preparation.rows import MODALITIES, Row
from files import write_whole

CELL = (64, 128)
GAP, MARGIN, HEAD = 3, 44, 18


def contact_sheet(rows: list[Row], root: str | Path, identities: int, per_camera: int, out: str | Path) -> None:
    """Write a PNG: `identities` people seen under the most cameras, `per_camera` images of each in each camera.

    Visible cameras stand left, infrared ones right; an empty place means that the camera never saw the person.
    """
    if min(identities, per_camera) < 1:
        raise DatasetError(f"a contact sheet of {identities} identities x {per_camera} images, expected at least 1 x 1")
    cells: dict[tuple[int, str, int], list[Row]] = {}
    for row in rows:
        cells.setdefault((row.identity, row.modality, row.camera), []).append(row)
    cameras = sorted({(MODALITIES.index(m), c) for _, m, c in cells})
    seen = {i: len([key for key in cells if key[0] == i]) for i in {row.identity for row in rows}}
    people = sorted(sorted(seen, key=lambda i: (-seen[i], i))[:identities])
    columns = [(MODALITIES[m], camera, k) for m, camera in cameras for k in range(per_camera)]
    sheet = Image.new("RGB", (MARGIN + len(columns) * (CELL[0] + GAP), HEAD + len(people) * (CELL[1] + GAP)), "white")
    pen = ImageDraw.Draw(sheet)
    for x, (modality, camera, k) in enumerate(columns):
        if k == 0:
            pen.text(
                (MARGIN + x * (CELL[0] + GAP), 2), f"cam {camera} {'VIS' if modality == 'visible' else 'IR'}", "black"
            )
    for y, identity in enumerate(people):
        pen.text((2, HEAD + y * (CELL[1] + GAP) + CELL[1] // 2), str(identity), "black")
        for x, (modality, camera, k) in enumerate(columns):
            images = cells.get((identity, modality, camera), [])
            if k < len(images):
                file = (
                    Path(root) / images[k * len(images) // per_camera].path
                    if len(images) >= per_camera
                    else Path(root) / images[k].path
                )
                image, _ = decode(read_bytes(file), file)
                place = (MARGIN + x * (CELL[0] + GAP), HEAD + y * (CELL[1] + GAP))
                sheet.paste(image.resize(CELL, Image.Resampling.LANCZOS), place)
    with write_whole(out) as temporary:
        sheet.save(temporary, format="PNG")
