"""Malformed datasets, indexes, arguments and configurations: each ends with one message that names the culprit."""

import shutil
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

import datasets.__main__
from tests.faults.damage import truncate

Damage = Callable[[Path], object]


def png(width: int, height: int) -> bytes:
    """A PNG that announces a size and holds no pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
        + chunk(b"IEND", b"")
    )


def holds(name: str, data: str | bytes) -> Damage:
    """A file of the dataset that holds only this."""
    return lambda root: (root / name).write_bytes(data.encode() if isinstance(data, str) else data)


def begins(name: str, line: str) -> Damage:
    """A file of the dataset with another first line."""
    return lambda root: (root / name).write_text("\n".join([line, *(root / name).read_text().splitlines()[1:]]) + "\n")


def image(damage: Damage) -> Damage:
    """Damage to the dataset's first image."""
    return lambda root: damage(min([*root.rglob("*.jpg"), *root.rglob("*.bmp")]))


FOLDERS: dict[str, tuple[str, Damage, str]] = {
    "a camera is missing": ("sysu_mm01", lambda r: shutil.rmtree(r / "cam3"), "cam3: no such folder"),
    "the folder is missing": ("sysu_mm01", shutil.rmtree, "sysu_mm01: no such folder"),
    "the folder is a file": ("llcm", lambda r: (shutil.rmtree(r), r.write_text("x")), "llcm: no such folder"),
    "a list is missing": ("sysu_mm01", lambda r: (r / "exp/val_id.txt").unlink(), "val_id.txt: no such file"),
    "a list is empty": ("sysu_mm01", holds("exp/train_id.txt", ""), "train_id.txt: the file is empty"),
    "a list holds words": ("sysu_mm01", holds("exp/train_id.txt", "1,two"), "train_id.txt: found 'two'"),
    "a list is binary": ("sysu_mm01", holds("exp/train_id.txt", b"\xff\xfe\0"), "train_id.txt: cannot"),
    "a list has two lines": ("sysu_mm01", holds("exp/test_id.txt", "1\n2"), "test_id.txt: found 2 lines"),
    "an identity is negative": ("sysu_mm01", holds("exp/test_id.txt", "-4"), "test_id.txt: found '-4'"),
    "an identity is huge": ("sysu_mm01", holds("exp/test_id.txt", "9" * 30), "test_id.txt: found '999"),
    "an identity is listed twice": ("sysu_mm01", holds("exp/test_id.txt", "9,9"), "identity 9 is listed twice"),
    "an image is empty": ("sysu_mm01", image(lambda p: p.write_bytes(b"")), r"\.jpg: found 0 bytes .*\(the header"),
    "an image ends early": ("sysu_mm01", image(truncate), r"\.jpg: found .* bytes that are not a complete"),
    "an image is a text": ("sysu_mm01", image(lambda p: p.write_text("hello")), r"\.jpg: found 5 bytes"),
    "an image is a bomb": ("sysu_mm01", image(lambda p: p.write_bytes(png(60000, 60000))), r"\.jpg: .*60000"),
    "an image is a folder": ("regdb", image(lambda p: (p.unlink(), p.mkdir())), r"\.bmp: cannot be read"),
    "an image is a dead link": ("regdb", image(lambda p: (p.unlink(), p.symlink_to("x"))), r"\.bmp"),
    "a stray file": ("sysu_mm01", image(lambda p: p.with_name("Thumbs.db").write_text("")), "Thumbs.db"),
    "a split file is missing": ("regdb", lambda r: (r / "idx/train_thermal_7.txt").unlink(), "thermal_7.txt: no such"),
    "a line has no label": ("regdb", begins("idx/test_visible_1.txt", "Visible/1/x.bmp"), "_1.txt: line 1: found"),
    "a label is negative": ("regdb", begins("idx/test_visible_1.txt", "Visible/1/x.bmp -1"), "_1.txt: line 1: found"),
    "a path is absolute": ("regdb", begins("idx/train_visible_1.txt", "/etc/passwd 0"), "'/etc/passwd' leads out"),
    "a path climbs": (
        "regdb",
        begins("idx/train_visible_1.txt", "Visible/../../../x.bmp 0"),
        "line 1: .*leads out of the dataset's folder",
    ),
    "a path has backslashes": (
        "regdb",
        begins("idx/train_visible_1.txt", "Visible\\1\\x.bmp 0"),
        "line 1: .*backslashes",
    ),
    "a path has no image": ("llcm", begins("idx/train_vis.txt", "vis/0001/no.jpg 0"), r"train_vis\.txt: line 1"),
    "test identities have no image": ("llcm", holds("idx/test_id.txt", "777"), "identity 777"),
}


@pytest.mark.parametrize("name", FOLDERS)
def test_folder(name, intact, tmp_path, refused):
    layout, damage, culprit = FOLDERS[name]
    root = tmp_path / layout
    shutil.copytree(intact[layout], root)
    damage(root)
    where = ("--layout", layout, "--root", root, "--holdout", "test", "--out", tmp_path / "images.csv")
    refused(culprit, datasets.__main__.main, "index", *where)
    assert not (tmp_path / "images.csv").exists()


EXPECTATIONS = {
    "not JSON and no file": ("{", r"\{: no such file"),
    "a missing file": ("nowhere.json", "nowhere.json: no such file"),
    "a list": ("[1]", r"expect: found '\[1\]'"),
    "an unknown key": ('{"tset": {}}', "expect: unknown key 'tset', did you mean 'test'"),
    "an unknown count": ('{"test": {"train": {"persons": 3}}}', "expect.test.train: unknown key 'persons'"),
    "a count that is a word": ('{"test": {"train": {"images": "3"}}}', "expect.test.train.images: found '3'"),
    "another count": ('{"test": {"train": {"identities": 99}}}', "found 6 identities, expected 99"),
    "another checksum": ('{"sha256": "00"}', "a file was changed, added or removed"),
}


@pytest.mark.parametrize("name", EXPECTATIONS)
def test_expectation(name, intact, tmp_path, refused):
    text, culprit = EXPECTATIONS[name]
    where = ("--layout", "sysu_mm01", "--root", intact["sysu_mm01"], "--holdout", "test", "--out", tmp_path / "i.csv")
    refused(culprit, datasets.__main__.main, "index", *where, "--expect", text)


INDEXES = {
    "missing": (None, "no such index"),
    "empty": (lambda t: "", "images.csv: column 'path' is missing"),
    "a header only": (lambda t: t.splitlines()[0] + "\n", "images.csv: the index holds no image"),
    "no checksum column": (lambda t: t.replace("sha256", "sha"), "column 'sha256' is missing"),
    "no split": (lambda t: t.replace("split1", "part1"), "column 'split1' is missing"),
    "another modality": (lambda t: t.replace("infrared", "thermal", 1), "line .*modality 'thermal'"),
    "another side": (lambda t: t.replace(",train,", ",dev,", 1), "line .*'dev'"),
    "an identity in words": (lambda t: t.replace(",1,1,", ",one,1,", 1), "line .*'one'"),
    "a short line": (lambda t: t + "cam1/0001/9999.jpg,1\n", "line"),
    "a path that climbs": (lambda t: t.replace("cam1/", "../../cam1/", 1), "line .*leads out"),
    "an absolute path": (lambda t: t.replace("cam1/", "/cam1/", 1), "line .*leads out"),
    "an image that is gone": (lambda t: t.replace("/0001.jpg", "/7777.jpg", 1), "7777.jpg: cannot be read"),
    "another checksum": (lambda t: t.replace(t.splitlines()[1].split(",")[-2], "0" * 64), "changed since indexed"),
    "not a text": (lambda t: t.replace("cam1", "cam\udcff", 1), "images.csv: .*utf-8"),
}


@pytest.mark.parametrize("name", INDEXES)
def test_index(name, index, intact, tmp_path, refused):
    change, culprit = INDEXES[name]
    broken = tmp_path / "images.csv"
    if change:
        broken.write_bytes(change(index.read_text()).encode("utf-8", "surrogateescape"))
    arguments = ("--index", broken, "--root", intact["sysu_mm01"], "--size", "32x16", "--out", tmp_path / "images.npy")
    refused(culprit, datasets.__main__.main, "pack", *arguments)
    assert not (tmp_path / "images.npy").exists()


ARGUMENTS = {
    "an unknown layout": (("index", "--layout", "sysu"), "unknown dataset layout 'sysu'.*sysu_mm01"),
    "an unknown holdout": (("index", "--layout", "regdb", "--holdout", "validation"), "holdout 'validation'"),
    "an unknown filter": (("pack", "--filter", "lanzcos"), "unknown filter 'lanzcos', did you mean 'lanczos'"),
    "a size of nothing": (("pack", "--size", "0x16"), "size 0x16"),
    "a size in words": (("pack", "--size", "large"), "--size"),
    "an unknown setting": (("subset", "--setting", "ir_per_ids=3"), "unknown setting 'ir_per_ids=3'"),
    "a setting without number": (("subset", "--setting", "ir_per_id="), "setting 'ir_per_id='"),
    "a setting of too many": (("subset", "--setting", "ir_ids=999"), "999"),
    "a split that is not there": (("subset", "--split", "7"), "split 7, expected 1"),
}


@pytest.mark.parametrize("name", ARGUMENTS)
def test_argument(name, index, intact, tmp_path, refused):
    (command, *given), culprit = ARGUMENTS[name]
    usual = {
        "index": {"--layout": "regdb", "--root": intact["regdb"], "--holdout": "test"},
        "pack": {"--index": index, "--root": intact["sysu_mm01"], "--size": "32x16"},
        "subset": {"--index": index, "--setting": "full", "--split": 1, "--seed": 0},
    }[command]
    options = usual | {"--out": tmp_path / "out"} | dict(zip(given[::2], given[1::2], strict=True))
    refused(culprit, datasets.__main__.main, command, *(part for pair in options.items() for part in pair))


CONFIGURATIONS = {
    "not YAML": ("datasets: [", "c.yaml: cannot be read as YAML"),
    "nothing": ("", "c.yaml: found no mapping `datasets:`"),
    "a list": ("datasets: [a]", "c.yaml: found no mapping `datasets:`"),
    "an entry that is a word": ("datasets: {a: b}", "datasets.a: key 'layout' is missing, found 'b'"),
    "a misspelt key": ("datasets: {a: {layot: regdb}}", "datasets.a: key 'layout' is missing, found .*layot"),
    "a missing key": ("datasets: {a: {layout: regdb}}", "datasets.a: key 'root' is missing"),
    "another dataset": ("datasets: {b: {layout: regdb, root: x, holdout: test, expect: null}}", "no dataset 'a'"),
}


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_dataset_configuration(name, tmp_path, refused):
    text, culprit = CONFIGURATIONS[name]
    (tmp_path / "c.yaml").write_text(text)
    refused(culprit, datasets.__main__.main, "check", "a", "--config", tmp_path / "c.yaml")
