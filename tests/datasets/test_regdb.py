"""RegDB's loader on broken folders."""

import shutil

from datasets import regdb


def test_ten_splits_draw_different_people(rendered):
    rows = regdb.read(rendered["regdb"], "test")
    trained = {frozenset(row.identity for row in rows if row.splits[s] == "train") for s in range(10)}
    assert len(trained) > 1
    assert {(row.modality, row.camera) for row in rows} == {("visible", 1), ("infrared", 2)}


def test_a_missing_index_file(copy, complain):
    root = copy("regdb")
    (root / "idx/train_thermal_7.txt").unlink()
    assert f"{root / 'idx/train_thermal_7.txt'}: no such file" in complain("regdb", root)


def test_an_index_line_without_its_image(copy, complain):
    root = copy("regdb")
    path = (root / "idx/test_visible_1.txt").read_text().splitlines()[2].split()[0]
    (root / path).unlink()
    message = complain("regdb", root)
    assert f"there is no file {root / path}" in message and "line" in message


def test_an_index_line_that_leads_out_of_the_folder(copy, complain, tmp_path):
    root = copy("regdb")
    shutil.copytree(root / "Visible", tmp_path / "Visible")
    file = root / "idx/train_visible_2.txt"
    for escape in ("Visible/../../Visible/1/a.bmp", "/etc/passwd", "C:/a.bmp"):
        file.write_text(f"{escape} 0\n")
        assert f"line 1: '{escape}' leads out of the dataset's folder" in complain("regdb", root)


def test_backslashes_in_an_index_line(copy, complain):
    root = copy("regdb")
    file = root / "idx/train_visible_1.txt"
    file.write_text(file.read_text().replace("/", "\\"))
    assert "has backslashes, expected forward slashes" in complain("regdb", root)


def test_a_path_without_its_folder(copy, complain):
    root = copy("regdb")
    file = root / "idx/train_visible_1.txt"
    file.write_text(file.read_text().replace("Visible/", ""))
    assert "expected Visible/<identity>/<name>.bmp" in complain("regdb", root)


def test_a_person_on_both_sides(copy, complain):
    root = copy("regdb")
    for name in ("visible", "thermal"):
        train, test = root / f"idx/train_{name}_3.txt", root / f"idx/test_{name}_3.txt"
        leaked = next(line for line in train.read_text().splitlines() if line.endswith(" 0")).split()[0]
        kept = [line for line in train.read_text().splitlines() if line.split()[0] != leaked]
        train.write_text("\n".join(kept) + "\n")
        test.write_text(test.read_text() + f"{leaked} 77\n")
    message = complain("regdb", root)
    assert "is in both the training and the test files of split 3" in message


def test_labels_that_differ_between_the_modalities(copy, complain):
    root = copy("regdb")
    file = root / "idx/train_thermal_4.txt"
    swap = {"0": "1", "1": "0"}
    lines = [line.rsplit(" ", 1) for line in file.read_text().splitlines()]
    file.write_text("\n".join(f"{path} {swap.get(label, label)}" for path, label in lines) + "\n")
    assert "label 0 of train split 4 is identity" in complain("regdb", root)


def test_one_label_for_two_people(copy, complain):
    root = copy("regdb")
    file = root / "idx/train_visible_1.txt"
    file.write_text("\n".join(line.rsplit(" ", 1)[0] + " 0" for line in file.read_text().splitlines()) + "\n")
    assert "label 0 stands for identity" in complain("regdb", root)


def test_two_labels_for_one_person(copy, complain):
    root = copy("regdb")
    for name in ("visible", "thermal"):
        file = root / f"idx/train_{name}_1.txt"
        first, *rest = file.read_text().splitlines()
        file.write_text("\n".join([first.rsplit(" ", 1)[0] + " 50", *rest]) + "\n")
    assert "4 labels for 3 identities" in complain("regdb", root)


def test_an_image_listed_twice(copy, complain):
    root = copy("regdb")
    file = root / "idx/train_visible_1.txt"
    text = file.read_text()
    file.write_text(text + text.splitlines()[0] + "\n")
    assert "is already in split 1 (train)" in complain("regdb", root)


def test_a_stray_file(copy, complain):
    root = copy("regdb")
    stray = root / "Thermal/1/.DS_Store"
    stray.write_bytes(b"")
    assert f"{stray}: stray file, in no idx/ file (1 such" in complain("regdb", root)


def test_there_is_no_validation_division(rendered, complain):
    assert "holdout 'validation' is not available for the layout regdb" in complain(
        "regdb", rendered["regdb"], holdout="validation"
    )
