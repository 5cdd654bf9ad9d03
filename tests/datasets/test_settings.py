"""Imbalance settings: what they keep, that they nest, and what is refused."""

import contextlib
import csv
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datasets import DatasetError
from datasets.preparation.rows import Row
from datasets.preparation.subset import write_subset
from datasets.settings import Setting, keep, kinds, parse, rule

ROWS = [
    Row(f"{modality}/{identity}/{k}.jpg", identity, 1, modality, ("train" if identity < 12 else "test", "test"))
    for modality in ("infrared", "visible")
    for identity in range(16)
    for k in range(3 + identity % 4)
]


def kept(setting: str, seed: int = 0) -> set[int]:
    return set(keep(ROWS, parse(setting), split=1, seed=seed))


TRAIN = {i for i, row in enumerate(ROWS) if row.splits[0] == "train"}


def test_full_keeps_every_training_image_and_no_other():
    assert kept("full") == TRAIN


@pytest.mark.parametrize("kind", kinds())
def test_only_the_named_modality_is_thinned_out(kind):
    other = {i for i in TRAIN if ROWS[i].modality != rule(kind).MODALITY}
    assert other <= kept(f"{kind}=2") < TRAIN


@pytest.mark.parametrize("kind", ["ir_per_id", "vis_per_id"])
@pytest.mark.parametrize("number", [1, 4, 9])
def test_a_number_per_identity_is_kept_or_all_where_there_are_fewer(kind, number):
    modality = rule(kind).MODALITY
    found = Counter(ROWS[i].identity for i in kept(f"{kind}={number}") if ROWS[i].modality == modality)
    assert found == {identity: min(number, 3 + identity % 4) for identity in range(12)}


@pytest.mark.parametrize("kind", ["ir_ids", "vis_ids"])
def test_a_number_of_identities_keep_all_their_images(kind):
    modality = rule(kind).MODALITY
    found = Counter(ROWS[i].identity for i in kept(f"{kind}=5") if ROWS[i].modality == modality)
    assert len(found) == 5 and all(count == 3 + identity % 4 for identity, count in found.items())


@given(kind=st.sampled_from(kinds()), small=st.integers(1, 12), large=st.integers(1, 12), seed=st.integers(0, 9999))
def test_smaller_numbers_are_contained_in_larger_ones(kind, small, large, seed):
    small, large = sorted((small, large))
    assert kept(f"{kind}={small}", seed) <= kept(f"{kind}={large}", seed) <= TRAIN


@pytest.mark.parametrize("kind", kinds())
def test_the_seed_decides_and_decides_alone(kind):
    assert kept(f"{kind}=2", seed=5) == kept(f"{kind}=2", seed=5)
    assert len({frozenset(kept(f"{kind}=2", seed)) for seed in range(6)}) > 1


def test_the_draw_does_not_depend_on_who_else_is_in_the_index():
    fewer = [row for row in ROWS if row.identity != 3]
    setting = parse("ir_per_id=2")
    drawn = {fewer[i].path for i in keep(fewer, setting, 1, 0)}
    assert drawn == {ROWS[i].path for i in kept("ir_per_id=2") if ROWS[i].identity != 3}


def test_draws_stay_the_same_over_versions():
    drawn = [ROWS[i].path for i in sorted(kept("ir_per_id=1")) if ROWS[i].modality == "infrared"]
    assert drawn[:4] == ["infrared/0/2.jpg", "infrared/1/0.jpg", "infrared/2/3.jpg", "infrared/3/1.jpg"]


def test_the_table_names_rows_and_labels_of_the_whole_training_set(tmp_path):
    chosen = keep(ROWS, parse("vis_ids=3"), 1, 0)
    write_subset(ROWS, chosen, 1, tmp_path / "kept.csv")
    with (tmp_path / "kept.csv").open(newline="") as file:
        table = list(csv.DictReader(file))
    assert list(table[0]) == ["row", "path", "identity", "camera", "modality", "label"]
    assert [int(line["row"]) for line in table] == chosen == sorted(chosen)
    assert all(ROWS[int(line["row"])].path == line["path"] for line in table)
    assert {(int(line["identity"]), int(line["label"])) for line in table} == {(i, i) for i in range(12)}


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("ful", "unknown setting 'ful', did you mean 'full'?"),
        ("ir_perid=3", "did you mean 'ir_per_id'?"),
        ("ir_ids", "unknown setting 'ir_ids', did you mean 'ir_ids'?; settings: full, ir_ids=<number>"),
        ("ir_ids=0", "found '0', expected a whole number of at least 1"),
        ("ir_ids=1.5", "found '1.5'"),
        ("vis_per_id=-1", "found '-1'"),
        ("", "unknown setting ''"),
    ],
)
def test_an_unknown_setting_is_refused_with_the_nearest(text, complaint):
    with pytest.raises(DatasetError) as error:
        parse(text)
    assert complaint in str(error.value)


@given(st.text(max_size=20))
def test_any_text_is_a_setting_or_an_error(text):
    with contextlib.suppress(DatasetError):
        assert isinstance(parse(text), Setting)


def test_more_identities_than_there_are_is_refused():
    with pytest.raises(DatasetError, match="of 13 identities, but only 12 have any; give at most 12"):
        kept("ir_ids=13")


@pytest.mark.parametrize("split", [0, 3])
def test_a_split_that_does_not_exist_is_refused(split):
    with pytest.raises(DatasetError, match=f"split {split}, expected 1 to 2"):
        keep(ROWS, parse("full"), split, 0)
