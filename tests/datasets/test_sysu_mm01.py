"""SYSU-MM01's loader on broken folders, and its two divisions."""

import json
from pathlib import Path

import datasets
from datasets import sysu_mm01
from datasets.preparation.expect import read_json


def identities(root: Path, name: str) -> list[int]:
    return [int(word) for word in (root / f"exp/{name}_id.txt").read_text().split(",")]


def test_training_and_validation_people_are_merged_by_default(rendered):
    root = rendered["sysu_mm01"]
    rows = sysu_mm01.read(root, "test")
    trained = {row.identity for row in rows if row.splits == ("train",)}
    assert trained == set(identities(root, "train")) | set(identities(root, "val"))


def test_the_validation_division_leaves_test_people_out(rendered):
    root = rendered["sysu_mm01"]
    rows = sysu_mm01.read(root, "validation")
    assert {row.identity for row in rows if row.splits == ("test",)} == set(identities(root, "val"))
    assert not {row.identity for row in rows} & set(identities(root, "test"))


def test_cameras_three_and_six_are_infrared(rendered):
    rows = sysu_mm01.read(rendered["sysu_mm01"], "test")
    assert {row.camera for row in rows if row.modality == "infrared"} == {3, 6}
    assert all(row.path.startswith(f"cam{row.camera}/{row.identity:04d}/") for row in rows)


def test_a_missing_camera(copy, complain):
    root = copy("sysu_mm01")
    (root / "cam4").rename(root / "camera4")
    assert f"{root / 'cam4'}: no such folder" in complain("sysu_mm01", root)


def test_a_folder_within_the_folder_is_pointed_at(copy, complain):
    root = copy("sysu_mm01")
    inner = root / "SYSU-MM01"
    inner.mkdir()
    for folder in [*root.glob("cam*"), root / "exp"]:
        folder.rename(inner / folder.name)
    message = complain("sysu_mm01", root)
    assert f"{root / 'cam1'}: no such folder; it lies one level deeper, point `root` at {inner}." in message


def test_a_missing_list(copy, complain):
    root = copy("sysu_mm01")
    (root / "exp/val_id.txt").unlink()
    message = complain("sysu_mm01", root)
    assert f"{root / 'exp/val_id.txt'}: no such file" in message and "github.com/wuancong/SYSU-MM01" in message


def test_a_person_in_two_lists(copy, complain):
    root = copy("sysu_mm01")
    leaked = identities(root, "train")[0]
    with (root / "exp/test_id.txt").open("r+") as file:
        text = file.read().strip()
        file.seek(0)
        file.write(f"{text},{leaked}\n")
    message = complain("sysu_mm01", root)
    assert f"identity {leaked} is in both exp/train_id.txt and exp/test_id.txt" in message


def test_a_listed_person_without_images(copy, complain):
    root = copy("sysu_mm01")
    (root / "exp/val_id.txt").write_text("9999\n")
    assert "identity 9999 is listed in exp/ but has no image" in complain("sysu_mm01", root)


def test_a_stray_file_among_the_images(copy, complain):
    root = copy("sysu_mm01")
    stray = root / f"cam6/{identities(root, 'test')[0]:04d}/Thumbs.db"
    stray.write_bytes(b"")
    message = complain("sysu_mm01", root)
    assert f"{stray}: stray file" in message and "remove" in message


def test_a_missing_image_is_a_wrong_count(copy, complain):
    root = copy("sysu_mm01")
    expect = json.loads(root.with_name("sysu_mm01.json").read_text())["counts"]["test"]["test"]["infrared"]
    next((root / f"cam6/{identities(root, 'test')[0]:04d}").iterdir()).unlink()
    message = complain("sysu_mm01", root, expect=str(root.with_name("sysu_mm01.json")))
    assert f"test: found {expect - 1} infrared images, expected {expect}." in message


def test_counts_per_camera_and_person_find_a_moved_image(copy, complain):
    root = copy("sysu_mm01")
    one, two = identities(root, "test")[:2]
    cells: dict[str, dict[str, int]] = {}
    for row in sysu_mm01.read(root, "test"):
        table = cells.setdefault(str(row.camera), {})
        table[str(row.identity)] = table.get(str(row.identity), 0) + 1
    file = sorted((root / f"cam6/{one:04d}").iterdir())[-1]
    file.rename(root / f"cam6/{two:04d}/0099.jpg")
    message = complain("sysu_mm01", root, expect=json.dumps({"cells": cells}))
    here = cells["6"][str(one)]
    assert f"found {here - 1} images of identity {one} under camera 6, expected {here}." in message


def test_the_official_counts_add_up():
    facts = read_json(Path(datasets.__file__).parent / "sysu_mm01_counts.json")
    cells = {(int(c), int(i)): n for c, table in facts["cells"].items() for i, n in table.items()}
    test, learn = set(facts["test_identities"]), set(facts["train_and_validation_identities"])

    def total(people: set[int], cameras: tuple[int, ...]) -> int:
        return sum(n for (camera, identity), n in cells.items() if camera in cameras and identity in people)

    assert (len(learn), len(test), learn & test) == (395, 96, set())
    assert (total(learn, (1, 2, 4, 5)), total(learn, (3, 6))) == (22258, 11909)
    assert [total(test, (camera,)) for camera in range(1, 7)] == [1374, 1565, 1883, 1918, 1918, 1920]
