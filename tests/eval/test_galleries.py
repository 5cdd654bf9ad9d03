"""Both families of gallery draws, to the image, against hashes of lists made by independent code."""

import hashlib
import os
import random
from dataclasses import replace

import numpy as np
import pytest
from scipy.io import savemat

from eval.features import FeatureError, FeatureSet
from eval.galleries import draws, load_permutations, official, seeded
from eval.protocols import PROTOCOLS
from eval.score import score

ALL, INDOOR = PROTOCOLS["sysu-mm01-all-single"], PROTOCOLS["sysu-mm01-indoor-single"]
ALL_MULTI, INDOOR_MULTI = PROTOCOLS["sysu-mm01-all-multi"], PROTOCOLS["sysu-mm01-indoor-multi"]

# sha256 of the newline-joined names, first 16 digits: seeded lists in draw order, official lists sorted.
SEEDED = {
    ALL: ["3060dd2f15c945be", "2a6494c18f52cc8a", "2acb41770f889246", "316d478292b445cf", "de547d480904298e"],
    INDOOR: ["9cc52659200a1593", "15ddb091c4463fdb", "230950a92835a2c4", "8bd4c02ca64f9839", "63391f889d5e0cae"],
    ALL_MULTI: ["0fb7ea86d786efed"],
    INDOOR_MULTI: ["787d5331d8791909"],
}
OFFICIAL = {
    ALL: ["ab17d1f53aefeb03", "026bf7c09a31b714", "4e4ca67078167d25", "db1cc2defa48a282", "c4efea9782fd22bc"],
    INDOOR: ["1811b6edeb6edf6f", "6cfef670b16a1b8d", "90d8e0079edafb5c", "161d24341873afb3", "5d7d167f6c32ff8a"],
    ALL_MULTI: ["cb813431ac06558b"],
    INDOOR_MULTI: ["bdacf98629d90fd3"],
}
SIZES = {ALL: 301, INDOOR: 112, ALL_MULTI: 3010, INDOOR_MULTI: 1120}


def digest(names) -> str:
    return hashlib.sha256("\n".join(names).encode()).hexdigest()[:16]


@pytest.mark.parametrize("rules", SEEDED, ids=lambda rules: rules.name)
def test_seeded_lists(sysu, rules):
    trials = draws(rules, sysu, "seeded", len(SEEDED[rules]), None)
    assert [digest(sysu.names[gallery]) for _, gallery in trials] == SEEDED[rules]
    assert {len(gallery) for _, gallery in trials} == {SIZES[rules]}
    assert {len(queries) for queries, _ in trials} == {3803}


def test_seeded_list_starts_as_published(sysu):
    _, gallery = draws(ALL, sysu, "seeded", 1, None)[0]
    assert sysu.names[gallery[:6]].tolist() == [
        "cam1/0006/0025.jpg",
        "cam2/0006/0025.jpg",
        "cam4/0006/0014.jpg",
        "cam5/0006/0002.jpg",
        "cam1/0010/0017.jpg",
        "cam2/0010/0017.jpg",
    ]


def test_drawing_leaves_the_global_generator_alone(sysu):
    random.seed(7)
    expected = random.random()
    random.seed(7)
    draws(ALL, sysu, "seeded", 2, None)
    assert random.random() == expected


@pytest.mark.data
@pytest.mark.skipif("VIREID_RAND_PERM" not in os.environ, reason="VIREID_RAND_PERM names no rand_perm_cam.mat")
@pytest.mark.parametrize("rules", OFFICIAL, ids=lambda rules: rules.name)
def test_official_lists(sysu, rules):
    permutations = load_permutations(os.environ["VIREID_RAND_PERM"])
    trials = draws(rules, sysu, "official", len(OFFICIAL[rules]), permutations)
    assert [digest(sorted(sysu.names[gallery])) for _, gallery in trials] == OFFICIAL[rules]
    assert {len(gallery) for _, gallery in trials} == {SIZES[rules]}


def test_valid_queries(sysu):
    counted = {
        (row["protocol"], row["queries"], row["valid_queries"])
        for row in score(sysu, [ALL, INDOOR, ALL_MULTI, INDOOR_MULTI], trials=1).trials
    }
    assert counted == {(rules.name, 3803, 2208 if "indoor" in rules.name else 3803) for rules in SIZES}


def write_permutations(path, cells):
    """A rand_perm_cam.mat of the dataset authors' shape: cameras x identities, each 10 permutations of 1..n."""
    cameras = np.empty((6, 1), object)
    highest = max(identity for identity, _ in cells)
    for camera in range(1, 7):
        column = np.empty((highest, 1), object)
        for identity in range(1, highest + 1):
            column[identity - 1, 0] = cells.get((identity, camera), np.empty((10, 0), np.uint8))
        cameras[camera - 1, 0] = column
    savemat(path, {"rand_perm_cam": cameras})


def cell_sizes(data: FeatureSet) -> dict[tuple[int, int], int]:
    keys = list(zip(data.identities.tolist(), data.cameras.tolist(), strict=True))
    return {key: keys.count(key) for key in set(keys)}


def test_official_reads_the_file_and_takes_prefixes(tmp_path, sysu):
    chosen = np.isin(sysu.identities, (6, 10, 17))
    data = FeatureSet(
        *(part[chosen] for part in (sysu.features, sysu.identities, sysu.cameras, sysu.modalities, sysu.names))
    )
    generator = np.random.default_rng(0)
    cells = {
        key: np.stack([generator.permutation(size) + 1 for _ in range(10)]).astype(np.uint8)
        for key, size in cell_sizes(data).items()
    }
    write_permutations(tmp_path / "rand_perm_cam.mat", cells)
    permutations = load_permutations(tmp_path / "rand_perm_cam.mat")
    assert set(permutations) == set(cells)
    for trial, (_, gallery) in enumerate(draws(ALL_MULTI, data, "official", 10, permutations)):
        expected = {
            f"cam{camera}/{identity:04d}/{number:04d}.jpg"
            for (identity, camera), table in cells.items()
            if camera in (1, 2, 4, 5)
            for number in table[trial, :10]
        }
        assert set(data.names[gallery].tolist()) == expected
        single = draws(ALL, data, "official", 10, permutations)[trial][1]
        assert set(single.tolist()) < set(gallery.tolist())
    with pytest.raises(FeatureError, match=r"trial 10 .* lower --trials"):
        draws(ALL, data, "official", 11, permutations)
    permutations[6, 1] = permutations[6, 1][:, :-1]
    with pytest.raises(FeatureError, match="official lists know"):
        draws(ALL, data, "official", 1, permutations)


def test_official_needs_its_file_and_its_dataset(sysu):
    with pytest.raises(ValueError, match="--permutations"):
        draws(ALL, sysu, "official", 1, None)
    with pytest.raises(ValueError, match="no official gallery lists"):
        draws(replace(ALL, official_draws=False), sysu, "official", 1, {})


def test_sample_of_one_is_the_published_choice():
    cell = {(1, 1): np.arange(30)}
    names = np.array([f"cam1/0001/{i:04d}.jpg" for i in range(30)])
    data = FeatureSet(np.ones((30, 2)), np.ones(30, int), np.ones(30, int), np.full(30, "visible"), names)
    for trial in range(50):
        random.seed(trial)
        assert seeded(cell, data, 1, trial).tolist() == [random.choice(range(30))]


def test_fewer_images_than_shots():
    names = np.array(["cam1/0001/0001.jpg", "cam3/0001/0001.jpg"])
    data = FeatureSet(np.ones((2, 2)), np.array([1, 1]), np.array([1, 3]), np.array(["visible", "infrared"]), names)
    with pytest.raises(FeatureError, match="identity 1 has 1 images of camera 1, fewer than the 10 shots"):
        score(data, [ALL_MULTI])
    with pytest.raises(FeatureError, match="image number"):
        official({(1, 1): np.array([0])}, replace(data, names=np.array(["a/x.jpg", "b"])), 1, 0, {})


NO_PERMUTATIONS = {
    "a number too high": [[1, 2, 3], [1, 2, 9]],
    "a number twice": [[1, 2, 3], [1, 2, 2]],
    "from zero": [[0, 1, 2]],
    "fractions": [[1.5, 2.5, 3.5]],
    "words": "abc",
}


@pytest.mark.parametrize("cell", NO_PERMUTATIONS)
def test_lists_that_are_no_permutations_are_named(tmp_path, cell):
    write_permutations(tmp_path / "lists.mat", {(1, 1): np.array(NO_PERMUTATIONS[cell])})
    with pytest.raises(FeatureError, match=r"lists.mat: .*identity 1 and camera 1 is no list of permutations"):
        load_permutations(tmp_path / "lists.mat")


def test_lists_without_cells_are_named(tmp_path):
    savemat(tmp_path / "lists.mat", {"rand_perm_cam": np.ones((3, 3))})
    with pytest.raises(FeatureError, match=r"lists.mat: .*identity 1 and camera 1 is no list of permutations"):
        load_permutations(tmp_path / "lists.mat")
