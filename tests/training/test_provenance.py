"""Where a result comes from, and what a checkpoint belongs to."""

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
import torch

import training.job
from methods.recipes import resolve
from tests.training.conftest import RUN
from training import provenance
from training.job import fingerprint
from training.keep import how


def git(folder: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=n", "-c", "user.email=e@example.org", "-c", "commit.gpgsign=false"]
    command = ["git", "-C", str(folder), *identity, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def test_the_commit_and_whether_the_tree_is_as_committed(tmp_path, monkeypatch):
    monkeypatch.setattr(provenance, "ROOT", tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert provenance.commit() == (None, None)  # an archive of the project is no checkout
    git(tmp_path, "init")
    (tmp_path / "code.py").write_text("1")
    git(tmp_path, "add", "code.py")
    git(tmp_path, "commit", "-m", "one")
    (tmp_path / "results").touch()
    assert provenance.commit() == (git(tmp_path, "rev-parse", "HEAD"), True)
    (tmp_path / "code.py").write_text("2")
    assert provenance.commit() == (git(tmp_path, "rev-parse", "HEAD"), False)


def test_the_processor_and_the_command(tmp_path, monkeypatch):
    (tmp_path / "cpuinfo").write_text("processor\t: 0\nmodel name\t: A: 2\nprocessor\t: 1\nmodel name\t: B\n")
    monkeypatch.setattr(provenance, "Path", lambda name: tmp_path / "cpuinfo")
    assert provenance.machine(torch.device("cpu"))["device"] == "cpu: A: 2"
    monkeypatch.setattr("sys.argv", ["training/__main__.py", "train", "--run", "a b"])
    assert provenance.command() == "python -m training train --run 'a b'"


@pytest.mark.parametrize(
    "file", ["training/loop.py", "methods/maum.py", "methods/blocks/resnet.py", "index", "subset", "pixels"]
)
def test_a_checkpoint_belongs_to_files(job, monkeypatch, file):
    recipe = resolve(RUN, "sysu_mm01")
    before = fingerprint(job(), recipe)
    assert fingerprint(job("elsewhere"), recipe) == before
    changed = getattr(job(), file, None) or provenance.ROOT / file
    sha256 = training.job.sha256
    monkeypatch.setattr(training.job, "sha256", lambda path: "other" if path == changed else sha256(path))
    assert fingerprint(job(), recipe) != before


def test_a_checkpoint_belongs_to_the_weights_it_began_from_and_to_a_version_of_torch(job, monkeypatch):
    recipe = resolve(RUN, "sysu_mm01") | {"backbone.init": "imagenet"}
    seen = []
    for weights, version in (("one", "2.11"), ("other", "2.11"), ("other", "2.12")):
        job().weights.write_text(weights)
        monkeypatch.setattr(training.job, "version", {"torch": version}.get)
        seen.append(fingerprint(job(), recipe))
    assert len(set(seen)) == 3


def test_a_checkpoint_belongs_to_a_recipe_a_split_and_a_seed(job):
    recipe, other = resolve(RUN, "sysu_mm01"), resolve(f"{RUN}+batch.images=3", "sysu_mm01")
    asked = [(job(), recipe), (job(), other), (job(seed=1), recipe), (replace(job(), split=2), recipe)]
    assert len({fingerprint(*one) for one in asked}) == 4


@pytest.mark.parametrize(
    ("run", "words"),
    [
        ("agw+feature.flip=on", "agw, after the neck, image and mirror image, last epoch"),
        ("agw+feature.layer=pooled", "agw, pooled, no flip, last epoch"),
        ("agw+selection.rule=best-on-test", "agw, after the neck, no flip"),
    ],
)
def test_features_say_how_they_were_made(run, words):
    assert how(resolve(run, "sysu_mm01")) == words
