"""Expected counts: where they come from, and what is wrong with them."""

import json
from pathlib import Path

import pytest

from datasets import DatasetError
from datasets.preparation.expect import check, load_expectation
from datasets.preparation.rows import Row

ROWS = [Row(f"{k}.jpg", 10, 1, "visible", ("train",)) for k in range(2)]


def test_counts_come_from_text_from_a_file_or_from_a_renderers_description(tmp_path):
    counts = {"test": {"train": {"identities": 3}}}
    file = tmp_path / "counts.json"
    for content in (counts, {"images": 7, "counts": counts}):
        file.write_text(json.dumps(content))
        assert load_expectation(str(file)) == load_expectation(json.dumps(str(file))) == counts
    assert load_expectation(json.dumps(counts)) == counts
    assert load_expectation("null") is None and load_expectation(None) is None


@pytest.mark.parametrize(
    ("expect", "complaint"),
    [
        ("7", "expect: found '7', expected a mapping"),
        ('{"tset": {}}', "expect: unknown key 'tset', did you mean 'test'?"),
        ('{"test": {"query": {}}}', r"expect\.test: unknown key 'query'; keys: train, validation, test"),
        ('{"test": {"train": {"visable": 1}}}', r"expect\.test\.train: unknown key 'visable', did you mean 'visible'?"),
        ('{"test": {"train": {"visible": "1"}}}', r"expect\.test\.train\.visible: found '1', expected a whole number"),
        ("nowhere.json", "nowhere.json: no such file, named as the expected counts"),
        ("README.md", r"README.md: cannot be read as JSON \(.+\); correct `expect`"),
    ],
)
def test_a_malformed_expectation_is_refused(expect, complaint):
    with pytest.raises(DatasetError, match=complaint):
        load_expectation(expect)


def test_malformed_cells_are_refused(rendered, complain):
    for cells in ({"1": 5}, {"one": {"1": 1}}):
        message = complain("sysu_mm01", rendered["sysu_mm01"], expect=json.dumps({"cells": cells}))
        assert "expect.cells" in message and "camera -> identity -> number" in message


def change(file):
    data = bytearray(file.read_bytes())
    data[-1] ^= 1
    file.write_bytes(data)


@pytest.mark.parametrize(
    "alter",
    [
        change,
        Path.unlink,
        lambda file: file.rename(file.with_name("9.bmp")),
        lambda file: change(file.parents[2] / "idx/test_visible_1.txt"),
    ],
)
def test_a_rendering_in_which_any_file_changed_is_refused(alter, copy):
    root = copy("regdb")
    expect = {"sha256": load_expectation(f"{root}.json")["sha256"]}
    check(ROWS, expect, "test", root, "Help.")
    alter(min(root.glob("Visible/*/*.bmp")))
    with pytest.raises(DatasetError, match=f"^{root}: a file was changed, added or removed .*delete {root}.json and"):
        check(ROWS, expect, "test", root, "Help.")


@pytest.mark.parametrize(("camera", "identity", "stated"), [(1, 10, 1), (1, 10, 3), (3, 10, 2)])
def test_every_camera_has_the_stated_images_of_each_identity_in_use(camera, identity, stated):
    cells = {"1": {"10": 2, "11": 7}, "2": {"10": 0}}  # identity 11 is not in use
    check(ROWS, {"cells": cells}, "test", "root", "Help.")
    cells.setdefault(str(camera), {})[str(identity)] = stated
    found = len(ROWS) if camera == 1 else 0
    said = f"^root: found {found} images of identity {identity} under camera {camera}, expected {stated}[.] Help[.]$"
    with pytest.raises(DatasetError, match=said):
        check(ROWS, {"cells": cells}, "test", "root", "Help.")
