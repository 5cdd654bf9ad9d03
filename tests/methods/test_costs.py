"""What networks cost: counts against known ones, the measurement on a tiny network, and the generated table."""

import pytest

from methods import costs
from methods.recipes import resolve

SYSU = costs.DATASETS["SYSU-MM01"]
RESNET50 = 23_508_032  # parameters without the classifier
STEM = 3 * 64 * 49 + 2 * 64  # of the second modality
NECK = 2 * 2048


def test_parameters_of_the_global_baseline_and_of_maum():
    baseline, maum = costs.count("maum+um=off", *SYSU), costs.count("maum", *SYSU)
    assert baseline["test"] == maum["test"] == RESNET50 + STEM + NECK
    assert baseline["training"] == RESNET50 + STEM + NECK + 395 * 2048
    assert maum["training"] == RESNET50 + STEM + NECK + 3 * 395 * 2048
    snapshots = (8 + 1) + (4 + 1)  # of the banks, and the newest of each to see the drift
    assert maum["buffers"] - baseline["buffers"] == snapshots * 395 * 2048 + 2 * 395 + 2
    assert baseline["features"] == 2048


def test_arithmetic_of_394_more_identities():
    """A multiplication and an addition each, once forward and twice backward."""
    wide = costs.count("maum+um=off", *SYSU)
    narrow = costs.count("maum+um=off", SYSU[0], costs.TrainingSet((56,), (30,), 1, 1))
    assert (wide["gflop"] - narrow["gflop"]) * 1e9 == pytest.approx(3 * 2 * 64 * 2048 * 394)


def test_the_baseline_has_the_input_of_the_network_it_is_compared_with():
    run = "maum+backbone.split=2+batch.images=8+image.height=384"
    assert costs.baseline_of(resolve(run, "sysu_mm01")) == f"{run}+um=off"
    assert costs.baseline_of(resolve("maum", "sysu_mm01")) == "maum+um=off"


def test_costs_beyond_the_arithmetic_are_named():
    assert "at most 1.10 times" in costs.explained({"a": 0.9, "b": 1.1})
    said = costs.explained({"a": 1.3, "b": 1.1, "c": 2.0})
    assert said.startswith("**More than")
    assert said.endswith("cost a (1.30 times), c (2.00 times).")


def test_measuring_a_step():
    measured = costs._in_own_process("maum@demo+batch.images=8")
    assert 0 < measured["seconds"] < 60
    assert 50 < measured["memory"] < 20_000


@pytest.mark.slow
def test_the_table_in_the_docs_is_that_of_today():
    text = costs.SIZES.read_text(encoding="utf-8")
    assert text == f"{costs.ABOUT_SIZES}\n\n{costs.sizes_table()}\n", "make it anew with `python -m methods --sizes`"
