"""The command line from a rendered folder to a picture, and the check of a configured dataset."""

import json

import pytest
import yaml
from PIL import Image

from datasets.__main__ import main
from datasets.preparation.config import read_entry
from datasets.preparation.contact_sheet import CELL, GAP, HEAD, MARGIN, contact_sheet
from datasets.preparation.images import sha256_of
from datasets.preparation.rows import Row

ENTRY = {"layout": "regdb", "holdout": "test", "expect": None}


@pytest.fixture
def configured(rendered, tmp_path):
    """`configured(**changes)`: a configuration file with the tiny RegDB under the name `mine`."""

    def write(**changes) -> str:
        file = tmp_path / "datasets.yaml"
        entry = ENTRY | {"root": str(rendered["regdb"])} | changes
        file.write_text(yaml.safe_dump({"datasets": {"mine": entry}}))
        return str(file)

    return write


def test_check_reports_a_good_folder(configured, rendered, capsys):
    expect = str(rendered["regdb"].with_name("regdb.json"))
    assert main(["check", "mine", "--config", configured(expect=expect)]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0].startswith("split 1 train: 3 identities, ") and said[-1].endswith("is as expected")


def test_check_says_what_is_wrong(configured, tmp_path, capsys):
    assert main(["check", "mine", "--config", configured(root=str(tmp_path / "RegDB"))]) == 1
    assert f"{tmp_path / 'RegDB'}: no such folder. RegDB with its index files" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "changes", "complaint"),
    [
        ("mnie", {}, "no dataset 'mnie', did you mean 'mine'?"),
        ("mine", {"layout": "regbd"}, "unknown dataset layout 'regbd', did you mean 'regdb'?"),
    ],
)
def test_check_names_the_nearest(configured, name, changes, complaint, capsys):
    assert main(["check", name, "--config", configured(**changes)]) == 1
    assert complaint in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("- 1\n", "found no mapping `datasets:`"),
        ("datasets: 4\n", "found no mapping `datasets:`"),
        ("a: [\n", "cannot be read as YAML (while parsing"),
        ("datasets: {mine: {layout: regdb}}\n", "datasets.mine: key 'root' is missing, found {'layout': 'regdb'}"),
        ("datasets: {mine: 3}\n", "datasets.mine: key 'layout' is missing, found 3"),
    ],
)
def test_a_broken_configuration_is_an_error(text, complaint, tmp_path, capsys):
    (tmp_path / "datasets.yaml").write_text(text)
    assert main(["check", "mine", "--config", str(tmp_path / "datasets.yaml")]) == 1
    assert f"{tmp_path / 'datasets.yaml'}: {complaint}" in capsys.readouterr().err


def test_a_configuration_that_is_not_there_is_named(tmp_path, capsys):
    assert main(["check", "mine", "--config", str(tmp_path / "none.yaml")]) == 1
    assert f"{tmp_path / 'none.yaml'}: no such file; run this in the project's folder" in capsys.readouterr().err


def test_the_projects_configuration_states_the_published_sizes():
    names = ("sysu-mm01", "regdb", "llcm")
    sizes = {name: read_entry("config/datasets.yaml", name)["expect"]["test"] for name in names}
    assert sizes["sysu-mm01"]["train"] == {"identities": 395, "visible": 22258, "infrared": 11909}
    assert sizes["regdb"]["test"] == {"identities": 206, "visible": 2060, "infrared": 2060}
    assert sum(side["images"] for side in sizes["llcm"].values()) == 46767


def test_each_command_says_what_it_found_and_wrote(rendered, tmp_path, capsys):
    root, index, out = str(rendered["sysu_mm01"]), str(tmp_path / "images.csv"), str(tmp_path / "out")
    assert main(["index", "--layout", "sysu_mm01", "--root", root, "--holdout", "test", "--out", index]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "split 1 train: 6 identities, 66 images, 42 visible, 24 infrared",
        "split 1 test: 4 identities, 46 images, 32 visible, 14 infrared",
        "stored without colour: 0 images (converted to RGB)",
        f"wrote {index}: 112 images",
    ]
    assert main(["pack", "--index", index, "--root", root, "--size", "24x12", "--out", out]) == 0
    assert capsys.readouterr().out == f"wrote {out}: uint8 [112, 3, 24, 12], filter lanczos\n"
    subset = ["subset", "--index", index, "--setting", "ir_per_id=1", "--split", "1", "--seed", "0", "--out"]
    assert main([*subset, out]) == 0
    assert capsys.readouterr().out == f"wrote {out}: 42 visible and 6 infrared images\n"
    assert main([*subset, f"{out}/kept.csv"]) == 1
    assert capsys.readouterr().err == f"error: {out}: File exists\n"


def test_a_contact_sheet_shows_people_in_rows_and_cameras_in_columns(rendered, tmp_path, capsys):
    root = rendered["sysu_mm01"]
    index, sheet = tmp_path / "images.csv", tmp_path / "sheet.png"
    where = ["--root", str(root), "--holdout", "test", "--expect", json.dumps(str(root.with_name("sysu_mm01.json")))]
    assert main(["index", "--layout", "sysu_mm01", *where, "--out", str(index)]) == 0
    assert main(["contact-sheet", "--index", str(index), "--root", str(root), "--out", str(sheet)]) == 0
    assert f"wrote {sheet}" in capsys.readouterr().out
    people, columns = 8, 2 * 6  # of ten people; two images in each of six cameras
    width, height = Image.open(sheet).size
    assert people * 128 < height < (people + 1) * 128 and columns * 64 < width < (columns + 2) * 64


def test_each_image_of_a_contact_sheet_has_its_place(tmp_path):
    """Visible cameras stand left; of five images the first and the third are drawn; a camera may not see everybody."""
    cells = {(1, 1, "visible"): 5, (1, 2, "infrared"): 1, (5, 1, "visible"): 2}
    rows = []
    for cell, (identity, camera, modality) in enumerate(cells, start=1):
        for k in range(cells[identity, camera, modality]):
            path = f"{identity}_{camera}_{k}.png"
            Image.new("RGB", (20, 40), (40 * cell, 50 * k, 0)).save(tmp_path / path)
            digest = sha256_of((tmp_path / path).read_bytes())
            rows.append(Row(path, identity, camera, modality, ("train",), digest))
    contact_sheet(rows, tmp_path, tmp_path / "sheet.png")
    sheet = Image.open(tmp_path / "sheet.png")
    left, top, wide, high = MARGIN, HEAD, CELL[0] + GAP, CELL[1] + GAP
    seen = [
        [sheet.getpixel((left + x * wide + i * (CELL[0] - 1), top + y * high + i * (CELL[1] - 1))) for i in (0, 1)]
        for y in (0, 1)
        for x in range(4)
    ]
    white = (255, 255, 255)
    colours = [(40, 0, 0), (40, 100, 0), (80, 0, 0), white, (120, 0, 0), (120, 50, 0), white, white]
    assert seen == [[colour, colour] for colour in colours]
    gaps = [(left - 1, top), (left + wide - 1, top), (left, top + high - 1)]
    assert [sheet.getpixel(place) for place in gaps] == [white] * 3
    names = [
        (left, 0, left + wide, top),
        (left + 2 * wide, 0, left + 3 * wide, top),
        (0, top + high, left, top + 2 * high),
    ]
    assert all(sheet.convert("L").crop(name).getextrema()[0] < 128 for name in names)
