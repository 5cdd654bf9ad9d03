"""An epoch is chosen by the scores of the identities that the rule names, and says so in the features."""

import csv
import re
import zipfile

import numpy as np
import pytest

from eval import select
from eval.features import FeatureSet, load, save
from eval.score import score
from tests.eval.conftest import small_features

PROTOCOL = "sysu-mm01-all-single"


def quality(seed: int, noise: float) -> FeatureSet:
    """Features that tell identities apart the better, the less noise they hold."""
    data = small_features(np.random.default_rng(seed), identities=12, per_cell=3)
    generator = np.random.default_rng(seed)
    centres = generator.normal(size=(20, 8))
    features = centres[data.identities] + noise * generator.normal(size=(len(data), 8))
    return FeatureSet(features, data.identities, data.cameras, data.modalities, data.names, recipe="test feature")


@pytest.fixture
def candidates(tmp_path):
    """Three epochs: the second is best on validation identities, the first on the test ones."""
    path = tmp_path / "candidates.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for epoch, validation, test in ((5, 3.0, 0.1), (10, 0.1, 3.0), (15, 3.0, 3.0)):
            for name, noise, seed in (("validation", validation, 0), ("features", test, 1)):
                save(tmp_path / f"{name}.npz", quality(seed, noise))
                archive.write(tmp_path / f"{name}.npz", f"{epoch:05d}/{name}.npz")
            archive.writestr(f"{epoch:05d}/weights.safetensors", f"weights {epoch}")
    return path


@pytest.mark.parametrize(
    ("rule", "epoch", "noise", "words"),
    [
        ("best-validation", 10, 3.0, "test feature, epoch 10 of 15: best on validation identities"),
        ("best-on-test", 5, 0.1, "test feature, epoch 5 of 15: best on test (optimistic)"),
    ],
)
def test_each_rule_looks_at_its_own_identities(candidates, tmp_path, capsys, rule, epoch, noise, words):
    out = tmp_path / "out"
    assert select.main([str(candidates), "--rule", rule, "--protocol", PROTOCOL, "--out", str(out)]) == 0
    features = load(out / "features.npz")
    assert np.array_equal(features.features, quality(1, noise).features)
    assert features.recipe == words
    assert capsys.readouterr().out == words.removeprefix("test feature, ").replace(":", ",") + "\n"
    assert (out / "weights.safetensors").read_text() == f"weights {epoch}"
    with (out / "selection.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["epoch"] for row in rows if row["chosen"] == "1"] == [str(epoch)]
    asked = {"rule": rule, "protocol": PROTOCOL, "gallery": "seeded", "metric": "mAP"}
    assert all(row.items() >= asked.items() for row in rows)
    judged = quality(0, 0.1) if rule == "best-validation" else quality(1, 0.1)
    assert max(float(row["value"]) for row in rows) == score(judged, [PROTOCOL]).mean()[PROTOCOL, "seeded", "mAP"]


def test_the_first_of_equal_epochs_is_kept(tmp_path):
    for epoch in (2, 4):
        (tmp_path / f"{epoch:05d}").mkdir()
        save(tmp_path / f"{epoch:05d}" / "features.npz", quality(1, 0.5))
    rows = select.choose(tmp_path, "best-on-test", PROTOCOL, "seeded", None)
    assert [(row["epoch"], row["chosen"]) for row in rows] == [(2, 1), (4, 0)]


def test_what_is_no_archive_is_one_message(tmp_path, capsys):
    (tmp_path / "candidates.zip").write_text("no archive")
    arguments = [str(tmp_path / "candidates.zip"), "--rule", "best-on-test", "--protocol", PROTOCOL]
    assert select.main([*arguments, "--out", str(tmp_path)]) == 2
    assert re.match("eval.select: .*candidates.zip: .*not a zip file", capsys.readouterr().err)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"rule": "best-validation"}, ".*00005/validation.npz: no such file"),
        ({"protocol": "sysu"}, "unknown protocol 'sysu'; known: "),
        ({"archive": "absent.zip"}, ".*No such file or directory: '.*absent.zip'"),
    ],
)
def test_what_cannot_be_chosen_is_one_message_and_leaves_nothing(tmp_path, capsys, wrong, said):
    with zipfile.ZipFile(tmp_path / "candidates.zip", "w") as archive:
        save(tmp_path / "features.npz", quality(1, 0.5))
        archive.write(tmp_path / "features.npz", "00005/features.npz")
    asked = {"archive": "candidates.zip", "rule": "best-on-test", "protocol": PROTOCOL} | wrong
    arguments = [str(tmp_path / asked.pop("archive")), *(word for key in asked for word in (f"--{key}", asked[key]))]
    assert select.main([*arguments, "--out", str(tmp_path / "out")]) == 2
    assert re.match(f"eval.select: {said}", capsys.readouterr().err)
    assert not (tmp_path / "out").exists()
