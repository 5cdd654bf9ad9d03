"""A plan and knobs -> a dataset's folder, and beside it `<folder>.json` that tells how it was made and its counts."""

import json
import shutil
from functools import partial
from itertools import groupby
from pathlib import Path

from datasets import DatasetError
from datasets.preparation.images import folder_sha256
from datasets.preparation.parallel import batches, each
from datasets.synthetic.camera import make_camera
from datasets.synthetic.knobs import Knobs
from datasets.synthetic.person import draw_person
from datasets.synthetic.plan import Plan, Shot
from datasets.synthetic.render import render
from files import write_whole

BATCH = 48
# Lies in each rendered folder, so that only such a folder is ever replaced; the loaders do not look at it.
MARK = "RENDERED.txt"


def write_dataset(plan: Plan, knobs: Knobs, about: dict, out: Path, jobs: int) -> Path:
    """Render `plan` into the folder `out`, which appears when complete; returns the description `<out>.json`.

    The bytes do not depend on `jobs`. An earlier rendering in `out` is replaced; any other folder there is refused.
    """
    if out.exists() and not (out / MARK).is_file():
        raise DatasetError(f"{out}: exists and was not rendered by this command (no {MARK} in it); give another --out")
    description = out.with_name(f"{out.name}.json")
    partial_folder = out.with_name(f"{out.name}.partial")
    shutil.rmtree(partial_folder, ignore_errors=True)
    for folder in sorted({Path(shot.path).parent for shot in plan.shots} | {Path(text).parent for text in plan.texts}):
        (partial_folder / folder).mkdir(parents=True, exist_ok=True)
    for path, text in plan.texts.items():
        (partial_folder / path).write_text(text, encoding="utf-8", newline="\n")
    (partial_folder / MARK).write_text(
        "These people do not exist: the images were rendered by `python -m datasets render`.\n"
    )
    job = partial(_render_batch, partial_folder, plan.cameras, knobs)
    for _ in each(job, _by_person(plan.shots), jobs, "rendering"):
        pass
    description.unlink(missing_ok=True)
    shutil.rmtree(out, ignore_errors=True)
    partial_folder.rename(out)
    expected = plan.counts | {"sha256": folder_sha256(out)}
    content = about | {"knobs": knobs.as_dict(), "images": len(plan.shots), "counts": expected}
    with write_whole(description) as temporary:
        temporary.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    return description


def _by_person(shots: list[Shot]) -> list[list[Shot]]:
    """Batches of one person each, because a person's wardrobe is painted once a batch."""
    ordered = sorted(shots, key=lambda shot: (shot.identity, shot.camera, shot.number))
    people = (list(group) for _, group in groupby(ordered, key=lambda shot: shot.identity))
    return [batch for person in people for batch in batches(person, BATCH)]


def _render_batch(root: Path, cameras: dict[int, tuple[str, bool]], knobs: Knobs, shots: list[Shot]) -> None:
    for shot in shots:
        camera = make_camera(shot.camera, *cameras[shot.camera], knobs)
        person = draw_person(str(shot.identity), knobs)
        image = render(person, camera, shot.number, knobs)
        # BMP has no quality and ignores it.
        image.save(root / shot.path, quality=camera.quality)
