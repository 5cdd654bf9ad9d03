"""Matches grouped by their image's corruption, against a plain loop, and the command."""

import csv

import numpy as np
import pytest

from eval import corruptions, galleries, robustness
from eval.features import FeatureSet, save
from eval.protocols import PROTOCOLS

SYSU, REGDB = PROTOCOLS["sysu-mm01-all-single"], PROTOCOLS["regdb-visible-to-infrared"]


def features(seed: int, cameras: dict[int, str], noise: float) -> FeatureSet:
    """Five identities with two images a camera, around the identity's own place."""
    generator = np.random.default_rng(seed)
    cells = [(i, c, k) for i in range(1, 6) for c in cameras for k in range(2)]
    centres = np.random.default_rng(9).normal(size=(6, 8))
    vectors = np.array([centres[i] for i, _, _ in cells]) + noise * generator.normal(size=(len(cells), 8))
    names = np.array([f"cam{c}/{i:04d}/{k:04d}.jpg" for i, c, k in cells])
    identities, taken = np.array([i for i, _, _ in cells]), np.array([c for _, c, _ in cells])
    return FeatureSet(vectors, identities, taken, np.array([cameras[c] for c in taken]), names)


@pytest.mark.parametrize("rules", [SYSU, REGDB], ids=lambda rules: rules.name)
def test_against_a_plain_loop(rules):
    sysu = {1: "visible", 2: "visible", 3: "infrared", 6: "infrared"}
    data = features(1, sysu if rules is SYSU else {1: "visible", 2: "infrared"}, 1.2)
    queries = rules.queries(data)
    gallery = rules.pool(data)[::2]
    found = {(q, g): right for q, g, right in zip(*robustness.matches(data, rules, queries, gallery), strict=True)}
    expected = {}
    vectors = [v / np.sqrt((v * v).sum()) for v in data.features]
    for q in queries:
        seen = [g for g in gallery if not (rules is SYSU and data.cameras[q] == 3 and data.cameras[g] == 2)]
        others = [vectors[q] @ vectors[g] for g in seen if data.identities[g] != data.identities[q]]
        for g in seen:
            if data.identities[g] == data.identities[q]:
                expected[q, g] = all(vectors[q] @ vectors[g] > other for other in others)
    assert found == expected and len(set(found.values())) == 2


def test_an_image_of_another_person_at_the_same_distance_comes_first():
    vectors = np.array([[1.0, 0], [1, 0], [1, 0], [0, 1]])
    names = np.array(["query", "match", "other", "far"])
    data = FeatureSet(
        vectors, np.array([1, 1, 2, 2]), np.array([1, 2, 2, 2]), np.array(["visible"] + ["infrared"] * 3), names
    )
    for gallery, right in (([1, 2], False), ([1, 3], True)):
        assert robustness.matches(data, REGDB, np.array([0]), np.array(gallery))[2].tolist() == [right]


def test_every_repeat_has_a_gallery_of_its_own_and_the_clean_images_have_all():
    cameras = {1: "visible", 2: "visible", 3: "infrared", 6: "infrared"}
    clean, repeats = features(0, cameras, 1.2), [features(seed, cameras, 1.5) for seed in (1, 2)]
    rows = {(kind, severity): pair for kind, severity, *pair in robustness.table(repeats, clean, SYSU, "visible", 4)}
    draws = galleries.draws(SYSU, clean, "seeded", 2, None)
    assert not np.array_equal(draws[0][1], draws[1][1])
    right = [robustness.matches(clean, SYSU, *draw)[2] for draw in draws]
    assert rows.pop(("none", 0)) == [sum(map(len, right)), sum(map(sum, right))]
    right = [robustness.matches(data, SYSU, *draw)[2] for data, draw in zip(repeats, draws, strict=True)]
    assert [sum(column) for column in zip(*rows.values(), strict=True)] == [sum(map(len, right)), sum(map(sum, right))]


def test_a_match_counts_for_what_its_visible_image_drew(tmp_path):
    cameras = {1: "visible", 2: "infrared"}
    clean, repeats = features(0, cameras, 0.1), [features(seed, cameras, 1.5) for seed in (1, 2, 3)]
    for modality_of_queries in ("visible", "infrared"):
        other = "infrared" if modality_of_queries == "visible" else "visible"
        rules = PROTOCOLS[f"regdb-{modality_of_queries}-to-{other}"]
        rows = {
            (kind, severity): pair for kind, severity, *pair in robustness.table(repeats, clean, rules, "visible", 4)
        }
        assert rows["none", 0] == [5 * 2 * 2, 20] and len(rows) == 101
        assert sum(n for n, _ in rows.values()) == 20 + 3 * 20
        expected = dict.fromkeys(rows, 0)
        for repeat, data in enumerate(repeats):
            pairs = robustness.matches(data, rules, rules.queries(data), rules.pool(data))
            for q, g, right in zip(*pairs, strict=True):
                visible = q if modality_of_queries == "visible" else g
                kind, severity, _ = corruptions.draw(data.names[visible], 4, repeat)
                expected[kind.__name__, severity] += int(right)
        assert {key: pair[1] for key, pair in rows.items() if key[1]} == {k: v for k, v in expected.items() if k[1]}


def test_the_command(tmp_path, capsys):
    cameras = {1: "visible", 2: "infrared"}
    for name, seed in (("clean", 0), ("repeat0", 1)):
        save(tmp_path / f"{name}.npz", features(seed, cameras, 0.3))
    save(tmp_path / "other.npz", features(0, {1: "visible", 2: "infrared", 3: "infrared"}, 0.3))
    out = tmp_path / "robustness.csv"
    rest = ["--clean", str(tmp_path / "clean.npz"), "--modality", "visible", "--seed", "0", "--out", str(out)]
    rest += ["--protocol", "regdb-visible-to-infrared", "regdb-infrared-to-visible"]
    assert robustness.main([str(tmp_path / "repeat0.npz"), *rest]) == 0
    with out.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 2 * 101 and rows[0] == {
        "protocol": "regdb-visible-to-infrared", "kind": "none", "severity": "0", "matches": "20", "right": "20"
    }  # fmt: skip
    assert robustness.main([str(tmp_path / "other.npz"), *rest]) == 2
    assert f"other.npz: other images than in {tmp_path / 'clean.npz'}" in capsys.readouterr().err
    assert robustness.main([str(tmp_path / "repeat0.npz"), *rest[:-1], "sysu-mm01-all-single"]) == 2
    assert "clean.npz: unknown infrared cameras [2] for sysu-mm01-all-single" in capsys.readouterr().err
    rest[rest.index("--out") + 1] = str(tmp_path)
    assert robustness.main([str(tmp_path / "repeat0.npz"), *rest]) == 2
    assert f"{str(tmp_path)!r}" in capsys.readouterr().err
