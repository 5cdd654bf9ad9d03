"""The packed array against each image opened and resized on its own."""

import numpy as np
import pytest
from PIL import Image

from datasets import DatasetError
from datasets.__main__ import main
from datasets.preparation.index import make_index
from datasets.preparation.pack import FILTERS, pack
from datasets.preparation.rows import write_index


@pytest.fixture
def indexed(rendered):
    """Rows and root of the tiny SYSU-MM01."""
    root = rendered["sysu_mm01"]
    return make_index("sysu_mm01", root, "test", None, jobs=1), root


@pytest.mark.parametrize("resample", sorted(FILTERS))
def test_equals_pillow(indexed, resample, tmp_path):
    rows, root = indexed
    pack(rows, root, (24, 12), resample, tmp_path / "a.npy", jobs=1)
    array = np.load(tmp_path / "a.npy", mmap_mode="r", allow_pickle=False)
    assert array.shape == (len(rows), 3, 24, 12) and array.dtype == np.uint8
    for row, packed in zip(rows, array, strict=True):
        alone = Image.open(root / row.path).convert("RGB").resize((12, 24), FILTERS[resample])
        np.testing.assert_array_equal(packed, np.asarray(alone).transpose(2, 0, 1))


def test_the_filter_matters(indexed, tmp_path):
    rows, root = indexed
    files = [tmp_path / f"{name}.npy" for name in FILTERS]
    for name, file in zip(FILTERS, files, strict=True):
        pack(rows, root, (24, 12), name, file, jobs=1)
    assert len({file.read_bytes() for file in files}) == len(FILTERS)


def test_the_number_of_processes_leaves_no_trace(indexed, tmp_path):
    rows, root = indexed
    for jobs in (1, 3):
        pack(rows * 3, root, (24, 12), "lanczos", tmp_path / f"{jobs}.npy", jobs)
    assert (tmp_path / "1.npy").read_bytes() == (tmp_path / "3.npy").read_bytes()


@pytest.mark.parametrize("jobs", [1, 2])
def test_an_image_changed_since_indexed_is_refused_and_nothing_written(copy, tmp_path, capsys, jobs):
    root = copy("regdb")
    rows = make_index("regdb", root, "test", None, jobs=1)
    write_index(rows, tmp_path / "images.csv")
    file = root / rows[-1].path
    Image.open(file).rotate(180).save(file)
    out = tmp_path / "out" / "a.npy"
    where = ["--index", str(tmp_path / "images.csv"), "--root", str(root), "--out", str(out), "--jobs", str(jobs)]
    assert main(["pack", *where, "--size", "24x12"]) == 1
    message = capsys.readouterr().err
    assert f"{file}: changed since indexed" in message and rows[-1].sha256[:12] in message
    assert list(out.parent.iterdir()) == []


@pytest.mark.parametrize(
    ("size", "resample", "complaint"),
    [((24, 12), "lancsos", "did you mean 'lanczos'"), ((0, 12), "lanczos", "size 0x12, expected")],
)
def test_impossible_requests_are_refused(indexed, size, resample, complaint, tmp_path):
    rows, root = indexed
    with pytest.raises(DatasetError, match=complaint):
        pack(rows, root, size, resample, tmp_path / "a.npy", jobs=1)


def test_a_missing_index_is_named(tmp_path, capsys):
    where = ["--index", str(tmp_path / "no.csv"), "--root", str(tmp_path), "--out", str(tmp_path / "a.npy")]
    assert main(["pack", *where, "--size", "24x12"]) == 1
    assert f"{tmp_path / 'no.csv'}: no such index; make it with" in capsys.readouterr().err


def test_a_wrong_size_is_refused_by_the_command_line(capsys):
    with pytest.raises(SystemExit):
        main(["pack", "--index", "a", "--root", "b", "--out", "c", "--size", "288"])
    assert "found '288', expected HEIGHTxWIDTH such as 288x144" in capsys.readouterr().err
