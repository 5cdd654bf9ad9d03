"""Malformed features, trainings, configurations and reports: each ends with one message that names the culprit."""

import json
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
import yaml

import eval.__main__
import eval.corruptions
import eval.report.__main__
import workflow.experiments
import workflow.plan
from tests.faults import test_bad_datasets as bad
from tests.faults.damage import truncate
from tests.training.conftest import RUN


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
def test_features(name, tmp_path, refused):
    make, culprit = FEATURES[name]
    make(tmp_path / "f.npz")
    arguments = (tmp_path / "f.npz", "--protocol", "sysu-mm01-all-single", "--out", tmp_path / "s.csv")
    refused(culprit, eval.__main__.main, *arguments)


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
def test_scoring_argument(arguments, culprit, tmp_path, refused):
    write_features(tmp_path / "f.npz")
    usual = ("--protocol", "sysu-mm01-all-single", "--out", tmp_path / "s.csv")
    refused(culprit, eval.__main__.main, tmp_path / "f.npz", *usual, *arguments)


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
def test_training(name, tiny, tmp_path, refused, monkeypatch):
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
    refused(culprit, command, "train", *flags)


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


def test_an_empty_array_is_named(tmp_path, refused):
    (tmp_path / "images.csv").write_text("path,modality\na,visible\n")
    (tmp_path / "images.npy").touch()
    flags = ("--modality", "visible", "--seed", 0, "--repeat", 0, "--out", tmp_path / "out.npy")
    inputs = ("--index", tmp_path / "images.csv", "--images", tmp_path / "images.npy")
    refused("images.npy: cannot be read as an array", eval.corruptions.main, *inputs, *flags)


def test_an_empty_table_is_named(tmp_path, refused):
    (tmp_path / "results.csv").touch()
    refused("results.csv: cannot be read", eval.report.__main__.main, "merge", tmp_path / "results.csv", "--out", "x")


@pytest.mark.parametrize(
    ("written", "culprit"),
    [(None, "No such file"), ("a: [", "cannot be read"), ("3", "cannot be read"), ("{}", "'datasets' is a required")],
)
def test_the_list_of_experiments_names_a_bad_configuration(written, culprit, tmp_path, refused, monkeypatch):
    files = [tmp_path / "datasets.yaml", Path("config/demo.yaml")]
    monkeypatch.setattr(workflow.experiments, "CONFIGURATION", files)
    if written is not None:
        files[0].write_text(written)
    refused(culprit, workflow.experiments.main)


def test_a_plan_of_half_a_configuration_is_one_message(tmp_path, refused, monkeypatch):
    def command(arguments: list[str]) -> None:
        monkeypatch.setattr(sys, "argv", ["plan", *arguments])
        workflow.plan.main()

    refused("--config, top level: 'datasets' is a required", command, "demo", "--config", "{}", "--out", tmp_path / "e")


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
def test_report(name, tmp_path, refused):
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
    refused(culprit, eval.report.__main__.main, *arguments)


def test_there_are_enough_of_them():
    tables = [bad.FOLDERS, bad.EXPECTATIONS, bad.INDEXES, bad.ARGUMENTS, bad.CONFIGURATIONS]
    tables += [FEATURES, TRAININGS, WORKFLOWS, REPORTS]
    assert sum(map(len, tables)) >= 60
