"""LLCM's loader on broken folders."""

from datasets import llcm


def test_there_is_no_third_near_infrared_camera(rendered):
    rows = llcm.read(rendered["llcm"], "test")
    assert 3 not in {row.camera for row in rows if row.modality == "infrared"}
    assert {row.splits[0] for row in rows} == {"train", "test"}


def test_a_training_line_without_its_image(copy, complain):
    root = copy("llcm")
    path = (root / "idx/train_nir.txt").read_text().split()[0]
    (root / path).unlink()
    assert f"line 1: there is no file {root / path}" in complain("llcm", root)


def test_a_training_line_of_another_form(copy, complain):
    root = copy("llcm")
    (root / "idx/train_vis.txt").write_text("vis/0001/photo.jpg 0\n")
    assert "expected vis/<identity>/<identity>_c<2 digits>_*.jpg" in complain("llcm", root)


def test_a_person_on_both_sides(copy, complain):
    root = copy("llcm")
    trained = int((root / "idx/train_vis.txt").read_text().split("/")[1])
    folder = root / f"test_vis/cam1/{trained:04d}"
    folder.mkdir(parents=True)
    (folder / "a.jpg").write_bytes(next(root.glob("test_vis/*/*/*.jpg")).read_bytes())
    file = root / "idx/test_id.txt"
    file.write_text(file.read_text().strip() + f",{trained}\n")
    assert f"identity {trained} is in both the training files and test_id.txt" in complain("llcm", root)


def test_labels_that_differ_between_the_modalities(copy, complain):
    root = copy("llcm")
    file = root / "idx/train_nir.txt"
    first, *rest = file.read_text().splitlines()
    file.write_text("\n".join([first.rsplit(" ", 1)[0] + " 40", *rest]) + "\n")
    assert "has label" in complain("llcm", root)


def test_an_image_listed_twice(copy, complain):
    root = copy("llcm")
    file = root / "idx/train_vis.txt"
    file.write_text(file.read_text() + file.read_text().splitlines()[0] + "\n")
    assert "is listed twice" in complain("llcm", root)


def test_a_test_person_without_images(copy, complain):
    root = copy("llcm")
    (root / "idx/test_id.txt").write_text("4242\n")
    assert "identity 4242 of idx/test_id.txt has no image" in complain("llcm", root)


def test_a_stray_file_among_the_test_images(copy, complain):
    root = copy("llcm")
    stray = next(root.glob("test_nir/*/*/*.jpg")).with_name("Thumbs.db")
    stray.write_bytes(b"")
    assert f"{stray}: stray file" in complain("llcm", root)
