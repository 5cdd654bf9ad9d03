"""Malformed datasets, tables, features and configurations: each ends with one message that names the culprit.

Commands run in this process; an exception that reaches a test would be a traceback on a user's screen.
"""

import json
import re
import shutil
import struct
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
import yaml

import datasets.__main__
import eval.__main__
import eval.report.__main__
import workflow.plan
from tests.datasets.conftest import render
from tests.training.conftest import RUN

IMAGE = "cam1/0001/0001.jpg"


@pytest.fixture(scope="module")
def intact(tmp_path_factory) -> dict[str, Path]:
    top = tmp_path_factory.mktemp("intact")
    return {layout: render(layout, top / layout) for layout in ("sysu_mm01", "regdb", "llcm")}


@pytest.fixture
def last_words(capsys):
    """Run a command that must fail; what it said."""

    def run(command, *arguments: object) -> str:
        try:
            status = command([str(argument) for argument in arguments])
        except SystemExit as error:
            status, words = error.code, error.code if isinstance(error.code, str) else ""
        else:
            words = ""
        assert status not in (0, None)
        words += capsys.readouterr().err
        assert "Traceback" not in words
        return words

    return run


def png(width: int, height: int) -> bytes:
    """A PNG that announces a size and holds no pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
        + chunk(b"IEND", b"")
    )


def first_image(root: Path) -> Path:
    return min([*root.rglob("*.jpg"), *root.rglob("*.bmp")])


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def replace_first_line(path: Path, text: str) -> None:
    path.write_text("\n".join([text, *path.read_text().splitlines()[1:]]) + "\n")


FOLDERS = {
    "a camera is missing": ("sysu_mm01", lambda r: shutil.rmtree(r / "cam3"), "cam3: no such folder"),
    "the folder is missing": ("sysu_mm01", shutil.rmtree, "sysu_mm01: no such folder"),
    "the folder is a file": ("llcm", lambda r: (shutil.rmtree(r), r.write_text("x")), "llcm: no such folder"),
    "a list is missing": ("sysu_mm01", lambda r: (r / "exp/val_id.txt").unlink(), "val_id.txt: no such file"),
    "a list is empty": (
        "sysu_mm01",
        lambda r: (r / "exp/train_id.txt").write_text(""),
        "train_id.txt: the file is empty",
    ),
    "a list holds words": (
        "sysu_mm01",
        lambda r: (r / "exp/train_id.txt").write_text("1,two"),
        "train_id.txt: found 'two'",
    ),
    "a list is binary": (
        "sysu_mm01",
        lambda r: (r / "exp/train_id.txt").write_bytes(b"\xff\xfe\0"),
        "train_id.txt: cannot",
    ),
    "a list has two lines": (
        "sysu_mm01",
        lambda r: (r / "exp/test_id.txt").write_text("1\n2"),
        "test_id.txt: found 2 lines",
    ),
    "an identity is negative": (
        "sysu_mm01",
        lambda r: (r / "exp/test_id.txt").write_text("-4"),
        "test_id.txt: found '-4'",
    ),
    "an identity is huge": (
        "sysu_mm01",
        lambda r: (r / "exp/test_id.txt").write_text("9" * 30),
        "test_id.txt: found '999",
    ),
    "an identity is listed twice": (
        "sysu_mm01",
        lambda r: (r / "exp/test_id.txt").write_text("9,9"),
        "identity 9 is listed twice",
    ),
    "an image is empty": ("sysu_mm01", lambda r: first_image(r).write_bytes(b""), r"\.jpg: found 0 bytes that are not"),
    "an image ends early": (
        "sysu_mm01",
        lambda r: truncate(first_image(r)),
        r"\.jpg: found .* bytes that are not a complete",
    ),
    "an image is a text": ("sysu_mm01", lambda r: first_image(r).write_text("hello"), r"\.jpg: found 5 bytes"),
    "an image is a bomb": ("sysu_mm01", lambda r: first_image(r).write_bytes(png(60000, 60000)), r"\.jpg: .*60000"),
    "an image is a folder": ("regdb", lambda r: (p := first_image(r), p.unlink(), p.mkdir()), r"\.bmp: cannot be read"),
    "an image is a dead link": ("regdb", lambda r: (p := first_image(r), p.unlink(), p.symlink_to("x")), r"\.bmp"),
    "a stray file": ("sysu_mm01", lambda r: (first_image(r).with_name("Thumbs.db")).write_text(""), "Thumbs.db"),
    "a split file is missing": (
        "regdb",
        lambda r: (r / "idx/train_thermal_7.txt").unlink(),
        "train_thermal_7.txt: no such",
    ),
    "a line has no label": (
        "regdb",
        lambda r: replace_first_line(r / "idx/test_visible_1.txt", "Visible/1/x.bmp"),
        "test_visible_1.txt: line 1: found",
    ),
    "a label is negative": (
        "regdb",
        lambda r: replace_first_line(r / "idx/test_visible_1.txt", "Visible/1/x.bmp -1"),
        "test_visible_1.txt: line 1: found",
    ),
    "a path is absolute": (
        "regdb",
        lambda r: replace_first_line(r / "idx/train_visible_1.txt", "/etc/passwd 0"),
        "line 1: '/etc/passwd' leads out",
    ),
    "a path climbs": (
        "regdb",
        lambda r: replace_first_line(r / "idx/train_visible_1.txt", "Visible/../../../x.bmp 0"),
        "line 1: .*leads out of the dataset's folder",
    ),
    "a path has backslashes": (
        "regdb",
        lambda r: replace_first_line(r / "idx/train_visible_1.txt", "Visible\\1\\x.bmp 0"),
        "line 1: .*backslashes",
    ),
    "a path has no image": (
        "llcm",
        lambda r: replace_first_line(r / "idx/train_vis.txt", "vis/0001/no.jpg 0"),
        r"train_vis\.txt: line 1",
    ),
    "test identities have no image": ("llcm", lambda r: (r / "idx/test_id.txt").write_text("777"), "identity 777"),
}


@pytest.mark.parametrize("name", FOLDERS)
def test_folder(name, intact, tmp_path, last_words):
    layout, damage, culprit = FOLDERS[name]
    root = tmp_path / layout
    shutil.copytree(intact[layout], root)
    damage(root)
    arguments = ("index", "--layout", layout, "--root", root, "--holdout", "test", "--out", tmp_path / "images.csv")
    assert_names(last_words(datasets.__main__.main, *arguments), culprit)
    assert not (tmp_path / "images.csv").exists()


def assert_names(words: str, culprit: str) -> None:
    assert re.search(culprit, words), words


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
def test_expectation(name, intact, tmp_path, last_words):
    text, culprit = EXPECTATIONS[name]
    where = ("--layout", "sysu_mm01", "--root", intact["sysu_mm01"], "--holdout", "test", "--out", tmp_path / "i.csv")
    assert_names(last_words(datasets.__main__.main, "index", *where, "--expect", text), culprit)


@pytest.fixture(scope="module")
def index(intact, tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("index") / "images.csv"
    arguments = ["--layout", "sysu_mm01", "--root", str(intact["sysu_mm01"]), "--holdout", "test", "--out", str(out)]
    assert datasets.__main__.main(["index", *arguments]) == 0
    return out


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
def test_index(name, index, intact, tmp_path, last_words):
    change, culprit = INDEXES[name]
    broken = tmp_path / "images.csv"
    if change:
        broken.write_bytes(change(index.read_text()).encode("utf-8", "surrogateescape"))
    arguments = ("--index", broken, "--root", intact["sysu_mm01"], "--size", "32x16", "--out", tmp_path / "images.npy")
    assert_names(last_words(datasets.__main__.main, "pack", *arguments), culprit)
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
def test_argument(name, index, intact, tmp_path, last_words):
    (command, *given), culprit = ARGUMENTS[name]
    usual = {
        "index": {"--layout": "regdb", "--root": intact["regdb"], "--holdout": "test"},
        "pack": {"--index": index, "--root": intact["sysu_mm01"], "--size": "32x16"},
        "subset": {"--index": index, "--setting": "full", "--split": 1, "--seed": 0},
    }[command]
    options = usual | {"--out": tmp_path / "out"} | dict(zip(given[::2], given[1::2], strict=True))
    words = last_words(datasets.__main__.main, command, *(part for pair in options.items() for part in pair))
    assert_names(words, culprit)


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
def test_dataset_configuration(name, tmp_path, last_words):
    text, culprit = CONFIGURATIONS[name]
    (tmp_path / "c.yaml").write_text(text)
    assert_names(last_words(datasets.__main__.main, "check", "a", "--config", tmp_path / "c.yaml"), culprit)


def write_features(path: Path, **changes: object) -> None:
    columns = {
        "features": np.ones((4, 3), np.float32),
        "identities": np.array([1, 1, 2, 2]),
        "cameras": np.array([1, 3, 1, 3]),
        "modalities": np.array(["visible", "infrared"] * 2),
        "names": np.array([f"cam{c}/000{i}/0001.jpg" for i, c in ((1, 1), (1, 3), (2, 1), (2, 3))]),
    }
    np.savez(path, **{name: value for name, value in (columns | changes).items() if value is not None})


FEATURES = {
    "missing": (lambda p: None, "f.npz: no such file"),
    "not a zip": (lambda p: p.write_text("x"), "f.npz: not readable"),
    "cut off": (lambda p: (write_features(p), truncate(p)), "f.npz: not readable"),
    "pickled": (
        lambda p: write_features(p, names=np.array([{}, 1, 2, 3], object)),
        "f.npz: not readable as an unpickled",
    ),
    "a column missing": (lambda p: write_features(p, cameras=None), r"\['cameras'\] missing"),
    "not a number": (lambda p: write_features(p, features=np.full((4, 3), np.nan, np.float32)), "holds NaN"),
    "a zero feature": (lambda p: write_features(p, features=np.zeros((4, 3), np.float32)), "zero vector"),
    "one dimension": (lambda p: write_features(p, features=np.ones(4, np.float32)), "shape"),
    "unequal lengths": (lambda p: write_features(p, cameras=np.array([1])), "unequal lengths"),
    "a name twice": (lambda p: write_features(p, names=np.array(["a"] * 4)), "names repeat"),
    "identities in words": (lambda p: write_features(p, identities=np.array(list("abcd"))), "identities are"),
    "an unknown modality": (lambda p: write_features(p, modalities=np.array(["thermal"] * 4)), "unknown modalities"),
}


@pytest.mark.parametrize("name", FEATURES)
def test_features(name, tmp_path, last_words):
    make, culprit = FEATURES[name]
    make(tmp_path / "f.npz")
    arguments = (tmp_path / "f.npz", "--protocol", "sysu-mm01-all-single", "--out", tmp_path / "s.csv")
    assert_names(last_words(eval.__main__.main, *arguments), culprit)


@pytest.mark.parametrize(
    ("arguments", "culprit"),
    [
        (("--protocol", "sysu"), "unknown protocols"),
        (("--k-reciprocal", "a", "b", "c"), "'a'"),
        (("--gallery", "official"), "permutations"),
        (("--gallery", "official", "--permutations", "nowhere.mat"), "nowhere.mat"),
        (("--trials", "0"), "trials"),
    ],
)
def test_scoring_argument(arguments, culprit, tmp_path, last_words):
    write_features(tmp_path / "f.npz")
    usual = ("--protocol", "sysu-mm01-all-single", "--out", tmp_path / "s.csv")
    assert_names(last_words(eval.__main__.main, tmp_path / "f.npz", *usual, *arguments), culprit)


def cut_pixels(folder: Path) -> None:
    np.save(folder / "images.npy", np.load(folder / "images.npy")[:5])


TRAININGS = {
    "an unknown method": (lambda f: None, {"run": "mam@demo"}, "unknown method 'mam'; .*'maum'"),
    "an unknown key": (lambda f: None, {"run": "maum@demo+bnak.dt=3"}, "unknown key 'bnak.dt'"),
    "an unknown budget": (lambda f: None, {"run": "maum@dmeo"}, "unknown budget 'dmeo'"),
    "a value out of range": (lambda f: None, {"run": RUN + "+augment.flip=2"}, "augment.flip"),
    "a value of another kind": (lambda f: None, {"run": RUN + "+batch.images=few"}, "batch.images"),
    "another size": (lambda f: None, {"run": RUN + "+image.width=64"}, "images.npy: packed images are 96x48"),
    "a batch of too many": (lambda f: None, {"run": RUN + "+batch.identities=50"}, "batch.identities"),
    "no subset": (lambda f: (f / "subset.csv").unlink(), {}, "subset.csv"),
    "an empty subset": (lambda f: (f / "subset.csv").write_text(""), {}, "subset.csv"),
    "a subset of other columns": (lambda f: (f / "subset.csv").write_text("a,b\n1,2\n"), {}, "subset.csv: columns"),
    "no pixels": (lambda f: (f / "images.npy").unlink(), {}, "images.npy"),
    "pixels cut off": (lambda f: truncate(f / "images.npy"), {}, "images.npy"),
    "pixels pickled": (lambda f: np.save(f / "images.npy", np.array([{}], object)), {}, "images.npy"),
    "pixels as floats": (lambda f: np.save(f / "images.npy", np.zeros((84, 3, 96, 48))), {}, "images.npy: .*uint8"),
    "pixels of fewer images": (cut_pixels, {}, "images.npy: .*5"),
    "no index": (lambda f: (f / "images.csv").unlink(), {}, "images.csv"),
    "a split that is not there": (lambda f: None, {"split": 4}, "images.csv: .*split4"),
}


@pytest.mark.parametrize("name", TRAININGS)
def test_training(name, tiny, tmp_path, last_words, monkeypatch):
    import training.__main__

    damage, changes, culprit = TRAININGS[name]
    folder = tmp_path / "tiny"
    shutil.copytree(tiny, folder)
    damage(folder)
    options = {"run": RUN, "dataset": "tiny", "layout": "sysu_mm01", "setting": "full", "split": 1, "seed": 0}
    options |= {"index": folder / "images.csv", "pixels": folder / "images.npy", "subset": folder / "subset.csv"}
    options |= {"weights": folder / "w.pth", "out": tmp_path / "out"} | changes

    def command(arguments: list[str]) -> None:
        monkeypatch.setattr(sys, "argv", ["training", *arguments])
        training.__main__.main()

    flags = [part for key, value in options.items() for part in (f"--{key}", value)]
    assert_names(last_words(command, "train", *flags), culprit)


def configuration(**changes: object) -> dict:
    found: dict = {}
    for name in ("datasets", "demo"):
        found |= yaml.safe_load(Path(f"config/{name}.yaml").read_text())
    return found | changes


WORKFLOWS = {
    "an unknown key": ({"experimints": []}, "'experimints' was unexpected.*'experiments'"),
    "experiments as a word": ({"experiments": "demo"}, "configuration, experiments"),
    "no experiment": ({"experiments": []}, "configuration, experiments"),
    "an experiment with a path": ({"experiments": ["../../x"]}, "configuration, experiments.0"),
    "an experiment twice": ({"experiments": ["demo", "demo"]}, "configuration, experiments"),
    "weights as a number": ({"weights": 3}, "configuration, weights"),
    "an unknown gallery": ({"gallery": "random"}, "configuration, gallery"),
    "a negative time": ({"checkpoint_seconds": -1}, "configuration, checkpoint_seconds"),
    "a dataset without root": ({"datasets": {"a": {"layout": "regdb"}}}, "datasets.a: 'root' is a required"),
    "a dataset with an odd name": ({"datasets": {"A B": {}}}, "A B"),
    "an unknown holdout": (
        {"datasets": {"a": {"layout": "regdb", "root": "x", "holdout": "dev"}}},
        "datasets.a.holdout: 'dev'",
    ),
}


@pytest.mark.parametrize("name", WORKFLOWS)
def test_workflow_configuration(name):
    changes, culprit = WORKFLOWS[name]
    with pytest.raises(workflow.plan.PlanError, match=culprit):
        workflow.plan.check(configuration(**changes), "config", "configuration")


REPORTS = {
    "no description": (lambda f: (f / "e.json").unlink(), "e.json"),
    "not JSON": (lambda f: (f / "e.json").write_text("{"), "e.json"),
    "a list": (lambda f: (f / "e.json").write_text("[]"), "e.json"),
    "no columns": (lambda f: edit(f / "e.json", columns=None), "e.json: not in the form"),
    "scores without a column": (lambda f: (f / "run/trials.csv").write_text("a\n1\n"), "trials.csv: columns"),
    "no scores": (lambda f: (f / "run/trials.csv").unlink(), "have no scores"),
    "an empty score table": (lambda f: (f / "run/trials.csv").write_text(""), "trials.csv: columns"),
    "a broken run.json": (lambda f: (f / "run/run.json").write_text("{"), "run.json"),
}


def edit(path: Path, **changes: object) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


@pytest.mark.parametrize("name", REPORTS)
def test_report(name, tmp_path, last_words):
    damage, culprit = REPORTS[name]
    run = {"dataset": "d", "setting": "full", "run": "maum", "split": 1, "seed": 0, "folder": str(tmp_path / "run")}
    row = {"label": "A", "dataset": None, "setting": "full", "run": "maum", "reference": False, "published": None}
    experiment = {"name": "e", "title": "E", "paper": None, "source": None, "note": "", "budget": "demo"}
    experiment |= {"baseline": None, "ranking": None, "skipped": [], "figures": [], "datasets": {}, "provenance": {}}
    experiment |= {"columns": [{"dataset": "d", "protocol": "p", "metrics": ["mAP"]}], "rows": [row | {"runs": [run]}]}
    (tmp_path / "e.json").write_text(json.dumps(experiment))
    (tmp_path / "run").mkdir()
    header = "protocol,gallery,trial,metric,value,queries,valid_queries"
    (tmp_path / "run" / "trials.csv").write_text(f"{header}\np,seeded,0,mAP,1.0,1,1\n")
    (tmp_path / "run" / "run.json").write_text("{}")
    damage(tmp_path)
    arguments = ("collect", tmp_path / "e.json", "--out", tmp_path / "results.csv")
    assert_names(last_words(eval.report.__main__.main, *arguments), culprit)


def test_there_are_enough_of_them():
    tables = (FOLDERS, EXPECTATIONS, INDEXES, ARGUMENTS, CONFIGURATIONS, FEATURES, TRAININGS, WORKFLOWS, REPORTS)
    assert sum(map(len, tables)) >= 60
