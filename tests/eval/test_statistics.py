"""Statistics: known answers, and simulations of what docs/statistics.md claims."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests

from eval import statistics

CELL = {"dataset": "d", "setting": "full", "protocol": "p", "gallery": "seeded", "metric": "mAP"}


def table(values, **cell) -> pd.DataFrame:
    """Results of `values`, {method: (trainings, trials) array}; training k has split 1 and seed k."""
    return pd.DataFrame(
        CELL | cell | {"method": method, "split": 1, "seed": seed, "trial": trial, "value": value}
        for method, array in values.items()
        for seed, row in enumerate(np.asarray(array, float))
        for trial, value in enumerate(row)
    )


def simulated(generator, methods, trainings, gap=0.0, trials=10) -> pd.DataFrame:
    """Trainings with sd 1, gallery draws shared by all with sd 0.5, residual 0.3; method 0 is better by `gap`."""
    draw = 0.5 * generator.normal(size=trials)
    values = {}
    for number in range(methods):
        training = generator.normal(size=(trainings, 1)) + gap * (number == 0)
        values[f"m{number}"] = 50 + training + draw + 0.3 * generator.normal(size=(trainings, trials))
    return table(values)


def test_trials_are_averaged_within_a_training_first():
    row = statistics.summary(table({"a": [[1, 3], [5, 7], [9, 11]]})).iloc[0]
    assert (row["mean"], row["std"], row["n"]) == (6, 4, 3)
    half = stats.t.ppf(0.975, 2) * 4 / np.sqrt(3)
    assert (row["ci_low"], row["ci_high"]) == pytest.approx((6 - half, 6 + half))
    assert row["draw_std"] == pytest.approx(np.sqrt(2))


def test_one_training_has_no_spread():
    row = statistics.summary(table({"a": [[1, 3]]})).iloc[0]
    assert row["n"] == 1
    assert row[["std", "ci_low", "ci_high"]].isna().all()


def test_differences_pair_by_seed_and_correct_by_holm():
    generator = np.random.default_rng(0)
    common = 10 * generator.normal(size=(6, 1))
    shifts = {"base": 0, "a": 0.5, "b": 1.0, "c": 0.0}
    values = {name: common + shift + 0.3 * generator.normal(size=(6, 1)) for name, shift in shifts.items()}
    found = statistics.paired_differences(table(values), "base").set_index("method")
    assert list(found.index) == ["a", "b", "c"]
    raw = {}
    for name in "abc":
        test = stats.ttest_rel(values[name][:, 0], values["base"][:, 0])
        interval = test.confidence_interval(0.95)
        assert found.loc[name, "p_value"] == pytest.approx(test.pvalue)
        assert tuple(found.loc[name, ["ci_low", "ci_high"]]) == pytest.approx(tuple(interval))
        raw[name] = test.pvalue
    corrected = multipletests([raw[name] for name in "abc"], method="holm")[1]
    assert found["p_holm"].tolist() == pytest.approx(corrected.tolist())


def test_a_method_equal_to_the_baseline_counts_in_the_correction():
    generator = np.random.default_rng(0)
    base, other = generator.normal(size=(2, 5, 1))
    found = statistics.paired_differences(table({"base": base, "a": base, "b": other}), "base").set_index("method")
    assert found.loc["a", ["difference", "p_value", "p_holm"]].tolist() == [0, 1, 1]
    assert found.loc["b", "p_holm"] == pytest.approx(min(1, 2 * found.loc["b", "p_value"]))


def test_missing_seeds_leave_their_pair_out():
    results = table({"base": np.zeros((6, 1)), "a": np.arange(6).reshape(6, 1)})
    results = results[~((results["method"] == "a") & (results["seed"] == 5))]
    row = statistics.paired_differences(results, "base").iloc[0]
    assert (row["n"], row["difference"]) == (5, 2)


@pytest.mark.parametrize(("trainings", "given"), [(4, False), (5, True)])
def test_no_p_value_below_five_trainings(trainings, given):
    results = simulated(np.random.default_rng(1), 2, trainings)
    row = statistics.paired_differences(results, "m0").iloc[0]
    assert np.isfinite([row["p_value"], row["p_holm"]]).all() == given
    assert np.isfinite([row["ci_low"], row["ci_high"]]).all()


def test_best_set_keeps_what_cannot_be_told_apart():
    generator = np.random.default_rng(2)
    base = generator.normal(size=(8, 1))
    noise = [0.2 * generator.normal(size=(8, 1)) for _ in range(2)]
    results = table({"best": base + 0.05, "equal": base + noise[0], "worse": base - 2 + noise[1]})
    found = statistics.best_set(results).set_index("method")
    assert found["best"].sum() == 1
    assert found["in_best_set"].to_dict() == {"best": True, "equal": True, "worse": False}
    single = statistics.best_set(results[results["seed"] == 0])
    assert single["in_best_set"].all()


def test_aggregate_is_the_trimmed_mean_over_complete_cells():
    generator = np.random.default_rng(3)
    cells = [table({m: generator.normal(50, 5, size=(3, 1)) for m in "ab"}, protocol=f"p{i}") for i in range(4)]
    partial = table({"a": [[99]]}, protocol="only a")
    results = pd.concat([*cells, partial])
    found = statistics.aggregate(results, "mAP", seed=0, repeats=500).set_index("method")
    values = pd.concat(cells).query("method == 'a'")["value"]
    assert found.loc["a", "iqm"] == pytest.approx(np.sort(values)[3:-3].mean())
    assert (found.loc["a", "cells"], found.loc["a", "n"]) == (4, 12)
    assert (found["ci_low"] < found["iqm"]).all() and (found["iqm"] < found["ci_high"]).all()
    assert found["mean_rank"].sum() == pytest.approx(3)
    pd.testing.assert_frame_equal(found, statistics.aggregate(results, "mAP", 0, 500).set_index("method"))
    with pytest.raises(ValueError, match="no cell"):
        statistics.aggregate(results, "mINP", 0)


def test_bootstrap_stays_inside_cells():
    constant = [table({"a": np.full((3, 1), level)}, protocol=f"p{level}") for level in (10.0, 20.0, 90.0)]
    row = statistics.aggregate(pd.concat(constant), "mAP", 0, 100).iloc[0]
    assert row["ci_low"] == row["ci_high"] == row["iqm"]


def test_variance_components_are_recovered():
    generator = np.random.default_rng(4)
    splits, seeds, trials = 300, 4, 50
    draw = 3 * generator.normal(size=trials)
    rows = []
    for split in range(splits):
        at_split = 2 * generator.normal()
        for seed in range(seeds):
            training = at_split + generator.normal() + draw + 0.5 * generator.normal(size=trials)
            keys = CELL | {"method": "a", "split": split, "seed": seed}
            rows += [keys | {"trial": t, "value": value} for t, value in enumerate(training)]
    row = statistics.variance_shares(pd.DataFrame(rows)).iloc[0]
    assert row["split"] == pytest.approx(4, rel=0.25)
    assert row["seed"] == pytest.approx(1, rel=0.15)
    assert row["draw"] == pytest.approx(draw.var(ddof=1), rel=0.05)
    assert row["residual"] == pytest.approx(0.25, rel=0.05)
    assert row[["split_share", "seed_share", "draw_share", "residual_share"]].sum() == pytest.approx(1)


def test_components_that_the_design_cannot_separate_are_missing():
    regdb = pd.concat([table({"a": [[v]]}).assign(split=s) for s, v in enumerate([1.0, 2, 4])])
    row = statistics.variance_shares(regdb).iloc[0]
    assert row["split"] == pytest.approx(np.var([1, 2, 4], ddof=1))
    assert row[["seed", "draw", "residual"]].isna().all()


def test_limits_match_known_values():
    assert statistics.limits(1)["p_values"] is False
    assert statistics.limits(5)["half_width"] == pytest.approx(1.24, abs=0.01)
    assert statistics.limits(20)["power"] == pytest.approx(0.869, abs=0.002)


def test_results_that_would_mislead_are_refused():
    good = table({"a": [[1, 2], [3, 4]]})
    with pytest.raises(ValueError, match="repeat a trial"):
        statistics.summary(pd.concat([good, good]))
    with pytest.raises(ValueError, match="NaN"):
        statistics.summary(good.assign(value=np.nan))
    with pytest.raises(ValueError, match=r"\['seed'\] are missing"):
        statistics.summary(good.drop(columns="seed"))
    with pytest.raises(ValueError, match="baseline 'z'"):
        statistics.paired_differences(good, "z")


REPEATS = 400


def simulation(methods: int, trainings: int, seed: int) -> pd.DataFrame:
    """REPEATS tables without any true difference, one per protocol name: trainings with sd 1, gallery draws shared
    by all trainings of a table with sd 0.5, residual 0.3, five trials."""
    generator, trials = np.random.default_rng(seed), 5
    shape = (REPEATS, methods, trainings, trials)
    draw = 0.5 * generator.normal(size=(REPEATS, 1, 1, trials))
    values = 50 + generator.normal(size=(*shape[:3], 1)) + draw + 0.3 * generator.normal(size=shape)
    repeat, method, training, trial = (index.ravel() for index in np.indices(shape))
    keys = {"method": method.astype(str), "split": 1, "seed": training, "trial": trial, "value": values.ravel()}
    return pd.DataFrame(CELL | {"protocol": repeat} | keys)


@pytest.mark.parametrize("trainings", [3, 10])
def test_interval_of_a_difference_covers_zero(trainings):
    found = statistics.paired_differences(simulation(2, trainings, trainings), "0")
    covered = (found["ci_low"] <= 0) & (found["ci_high"] >= 0)
    assert covered.mean() == pytest.approx(0.95, abs=0.035)


@pytest.mark.parametrize("trainings", [3, 10])
def test_interval_of_a_mean_covers_it(trainings):
    generator = np.random.default_rng(trainings)
    results = simulation(1, trainings, 0).query("trial == 0")
    results = results.assign(value=50 + generator.normal(size=len(results)))
    found = statistics.summary(results)
    covered = (found["ci_low"] <= 50) & (found["ci_high"] >= 50)
    assert covered.mean() == pytest.approx(0.95, abs=0.035)
    narrow = 1.96 * found["std"] / np.sqrt(found["n"])
    naive = (np.abs(found["mean"] - 50) <= narrow).mean()
    assert naive < covered.mean()


@pytest.mark.parametrize("trainings", [5, 10])
def test_false_positives_of_the_paired_difference(trainings):
    results = simulation(2, trainings, 10 + trainings)
    found = statistics.paired_differences(results, "0")
    assert (found["p_value"] < 0.05).mean() == pytest.approx(0.05, abs=0.035)
    wide = results.pivot_table(index=["protocol"], columns=["method", "seed", "trial"], values="value")
    over_trials = stats.ttest_ind(wide["0"], wide["1"], axis=1).pvalue
    assert (over_trials < 0.05).mean() > 0.25


def test_family_wise_error_over_the_methods_of_a_table():
    results = simulation(5, 6, 5)
    found = statistics.paired_differences(results, "0")
    rates = {name: (found[name] < 0.05).groupby(found["protocol"]).any().mean() for name in ("p_value", "p_holm")}
    assert rates["p_holm"] < 0.085 < rates["p_value"]
    best = statistics.best_set(results)
    assert (~best["in_best_set"]).groupby(best["protocol"]).any().mean() < 0.085
