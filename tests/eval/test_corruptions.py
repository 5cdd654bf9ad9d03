"""Corruptions: seeded by name alone, complete, of growing strength; and chance features."""

import csv

import numpy as np
import pytest

from eval import chance, corruptions
from eval.corruption_kinds import KINDS
from eval.features import load


@pytest.fixture(scope="module")
def image():
    y, x = np.mgrid[:144, :72]
    generator = np.random.default_rng(0)
    picture = np.stack([127 + 80 * np.sin(y / 9), 100 + x, 60 + y]) + 10 * generator.normal(size=(3, 144, 72))
    return np.clip(picture, 0, 255).astype(np.uint8)


def damage(image, kind, severity):
    found = corruptions.apply(image, kind, severity, np.random.default_rng(1))
    assert found.dtype == np.uint8
    assert found.shape == image.shape
    return np.abs(found.astype(float) - image).mean()


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_kind_changes_the_image_more_when_severe(image, kind):
    weak, strong = damage(image, kind, 1), damage(image, kind, 5)
    assert 0.5 < weak < strong < 160


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("level", [0, 128, 255])
@pytest.mark.parametrize("severity", corruptions.SEVERITIES)
def test_flat_images_survive(kind, level, severity):
    flat = np.full((3, 20, 10), level, np.uint8)
    damage(flat, kind, severity)


def test_rain_darkens_by_a_constant_and_leaves_grey_streaks():
    black, grey = (np.full((3, 288, 144), level, np.uint8) for level in (0, 200))
    streaks = corruptions.apply(black, KINDS[14], 1, np.random.default_rng(0))
    assert KINDS[14].__name__ == "rain"
    assert 0 < streaks.max() < 200 - 25
    # Streaks have the brightness of the picture, so that only the darkening by 0.1 of white is left.
    assert np.unique(corruptions.apply(grey, KINDS[14], 1, np.random.default_rng(0))).tolist() == [174]


def test_twenty_kinds():
    assert len({kind.__name__ for kind in KINDS}) == 20


def test_a_draw_depends_on_name_repeat_and_seed_only(image):
    again = [corruptions.corrupt(image, "a.jpg", 0, 0) for _ in range(2)]
    assert np.array_equal(*again)
    others = [("b.jpg", 0, 0), ("a.jpg", 1, 0), ("a.jpg", 0, 1)]
    assert not any(np.array_equal(again[0], corruptions.corrupt(image, *key)) for key in others)


def test_draws_are_even():
    drawn = [corruptions.draw(f"{i}.jpg", 0, 0)[:2] for i in range(10_000)]
    counts = np.unique([KINDS.index(kind) * 5 + severity for kind, severity in drawn], return_counts=True)[1]
    assert len(counts) == 100
    assert ((counts - 100) ** 2 / 100).sum() < 150  # chi-square, 99 degrees of freedom: p < 0.001


@pytest.fixture
def index(tmp_path, image):
    rows = [
        {"path": f"cam{c}/0001/{i:04d}.jpg", "identity": 1, "camera": c, "modality": m, "split1": part}
        for c, m in ((1, "visible"), (3, "infrared"))
        for i, part in enumerate(("train", "test", "test"))
    ]
    with (tmp_path / "images.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    np.save(tmp_path / "images.npy", np.stack([image] * 6))
    return tmp_path / "images.csv"


def test_only_the_gallery_modality_is_corrupted(index, image):
    out = index.parent / "corrupted.npy"
    arguments = ["--index", str(index), "--images", str(index.with_suffix(".npy")), "--modality", "visible"]
    assert corruptions.main([*arguments, "--seed", "0", "--repeat", "0", "--out", str(out)]) == 0
    found = np.load(out)
    assert all(np.array_equal(found[i], image) for i in (3, 4, 5))
    assert np.array_equal(found[1], corruptions.corrupt(image, "cam1/0001/0001.jpg", 0, 0))
    np.save(index.with_suffix(".npy"), found[:4])
    assert corruptions.main([*arguments, "--seed", "0", "--repeat", "0", "--out", str(out)]) == 2


def test_chance_features(index, capsys):
    out = index.parent / "features.npz"
    arguments = ["--index", str(index), "--seed", "3", "--dim", "8", "--out", str(out)]
    assert chance.main([*arguments, "--split", "1"]) == 0
    data = load(out)
    assert data.features.shape == (4, 8)
    assert data.recipe == "chance"
    assert not np.array_equal(data.features, chance.chance_features(index, 1, 4, 8).features)
    assert np.array_equal(data.features, chance.chance_features(index, 1, 3, 8).features)
    assert chance.main([*arguments, "--split", "2"]) == 2
    assert f"{index}: no column 'split2', found ['path', 'identity', " in capsys.readouterr().err
    index.write_text(index.read_text().replace(",test", ",validation"))
    assert chance.main([*arguments, "--split", "1"]) == 2
    assert f"{index}: no row of split1 is 'test'" in capsys.readouterr().err
