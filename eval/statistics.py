"""Statistics of a table of trainings; the unit of replication is a training, never a gallery draw.

Every function takes the tidy results table (one row per run x protocol x trial x metric) and first averages
the trials within each training. Reasons, formulas, references and the simulations behind them: docs/statistics.md.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy import stats

CELL = ["dataset", "setting", "protocol", "gallery", "metric"]
TRAINING = ["method", "split", "seed"]
FEWEST_FOR_P = 5


def training_means(results: pd.DataFrame) -> pd.DataFrame:
    """Average the trials within each training.

    Returns one row per CELL x TRAINING with `value` (mean over trials), `draw_std` (ddof 1 over the trials, the
    spread over gallery draws; NaN for one trial) and `trials` (their number).
    Raises ValueError for missing columns, for NaN values and for a trial that occurs twice in a training.
    """
    _require(results, [*CELL, *TRAINING, "trial", "value"])
    key = [*CELL, *TRAINING]
    repeated = results.duplicated([*key, "trial"])
    if repeated.any():
        raise ValueError(
            f"results: {int(repeated.sum())} rows repeat a trial of the same training, the first is "
            f"{results.loc[repeated, [*key, 'trial']].iloc[0].to_dict()}; keep one row per run, protocol, trial "
            "and metric"
        )
    groups = results.groupby(key, sort=True)["value"]
    return groups.agg(value="mean", draw_std="std", trials="size").reset_index()


def summary(results: pd.DataFrame, by: Sequence[str] = (*CELL, "method"), confidence: float = 0.95) -> pd.DataFrame:
    """Mean over trainings with its Student-t interval, one row per value of the columns `by`.

    Columns: `mean`, `std` (ddof 1 over trainings), `n` (trainings), `ci_low`, `ci_high` (NaN for n = 1) and
    `draw_std` (mean over trainings of the spread over gallery draws; not part of `std`).
    """
    groups = training_means(results).groupby(list(by), sort=True)
    table = groups.agg(
        mean=("value", "mean"), std=("value", "std"), n=("value", "size"), draw_std=("draw_std", "mean")
    ).reset_index()
    return table.assign(**_intervals(table["mean"], table["std"], table["n"], confidence))


def paired_differences(
    results: pd.DataFrame,
    baseline: str,
    family: Sequence[str] = tuple(CELL),
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Difference of every method to `baseline`, paired by dataset, setting, split and seed.

    One row per CELL x method: `difference` (method minus baseline, mean over pairs), `std`, `n` (pairs),
    `ci_low`, `ci_high` (Student t), `p_value` (paired t-test; NaN below five pairs) and `p_holm` (Holm's
    correction over the p-values of one `family`, by default the methods of one cell).
    Raises ValueError when no row has the method `baseline`.
    """
    means = training_means(results)
    if baseline not in set(means["method"]):
        raise ValueError(f"baseline {baseline!r} is not among the methods {sorted(set(means['method']))}")
    table = _paired(means, means[means["method"] == baseline])
    table = table[table["method"] != baseline].assign(baseline=baseline)
    table = table.assign(**_intervals(table["difference"], table["std"], table["n"], confidence))
    standard_error = table["std"] / np.sqrt(table["n"])
    p = 2 * stats.t.sf(np.abs(table["difference"]) / standard_error, table["n"] - 1)
    p = np.where((table["difference"] == 0) & (table["std"] == 0), 1.0, p)
    table["p_value"] = np.where(table["n"] >= FEWEST_FOR_P, p, np.nan)
    table["p_holm"] = table.groupby(list(family))["p_value"].transform(_holm)
    order = [*CELL, "method", "baseline", "difference", "std", "n", "ci_low", "ci_high", "p_value", "p_holm"]
    return table[order].reset_index(drop=True)


def best_set(results: pd.DataFrame, confidence: float = 0.95) -> pd.DataFrame:
    """Mark the best method of every cell and all that cannot be distinguished from it.

    One row per CELL x method: `mean`, `n`, `best` (highest mean), `in_best_set`. A method leaves the set only
    when the paired Student-t interval of its difference to the best excludes zero at a level shared by all
    pairs of methods in the cell (Bonferroni), so that picking the best by looking is paid for. With one
    training nothing leaves the set.
    """
    means = training_means(results)
    table = means.groupby([*CELL, "method"])["value"].agg(mean="mean", n="size").reset_index()
    cells = table.groupby(CELL)["mean"]
    table["best"] = cells.transform("max") == table["mean"]
    best = means.merge(table.loc[table["best"], [*CELL, "method"]].drop_duplicates(CELL))
    behind = _paired(means, best)
    methods = cells.transform("size")
    pairs = np.maximum(1, methods * (methods - 1) // 2)
    bounds = _intervals(behind["difference"], behind["std"], behind["n"], 1 - (1 - confidence) / pairs)
    table["in_best_set"] = table["best"] | ~(bounds["ci_high"] < 0)
    return table


def aggregate(
    results: pd.DataFrame, metric: str, seed: int, repeats: int = 10_000, confidence: float = 0.95
) -> pd.DataFrame:
    """One figure per method over all cells of `metric`: the interquartile mean over cells x trainings.

    Only cells that every method has are used. The interval is a percentile bootstrap that draws trainings with
    replacement inside each cell (stratified by cell); the same generator `seed` serves every method.
    Columns: `method`, `iqm`, `ci_low`, `ci_high`, `mean_rank` (over cells, 1 is best), `cells`, `n` (values).
    Raises ValueError when no cell has all methods.
    """
    means = training_means(results).query("metric == @metric")
    methods = sorted(set(means["method"]))
    cells = [group for _, group in means.groupby(CELL) if set(group["method"]) == set(methods)]
    if not cells:
        raise ValueError(f"aggregate: no cell of {metric!r} has a training of each of {methods}")
    ranks = pd.DataFrame([cell.groupby("method")["value"].mean().rank(ascending=False) for cell in cells])
    rows = []
    for method in methods:
        strata = [cell.loc[cell["method"] == method, "value"].to_numpy() for cell in cells]
        draws = _bootstrap_iqm(strata, np.random.default_rng(seed), repeats)
        low, high = np.quantile(draws, [(1 - confidence) / 2, (1 + confidence) / 2])
        rows.append(
            {"method": method, "iqm": stats.trim_mean(np.concatenate(strata), 0.25), "ci_low": low}
            | {"ci_high": high, "mean_rank": ranks[method].mean(), "cells": len(cells)}
            | {"n": sum(map(len, strata))}
        )
    return pd.DataFrame(rows)


def variance_shares(results: pd.DataFrame) -> pd.DataFrame:
    """Where the variance of single scores comes from, per CELL x method, by the method of moments.

    `split`, `seed` (trainings within a split), `draw` (the gallery draw, shared by all trainings) and
    `residual` are variance components, negative estimates set to 0; `*_share` are their fractions of the sum.
    A component that the design cannot separate (one seed, one split, one trial) is NaN and has no share.
    """
    by = [*CELL, "method"]
    groups = results.groupby(by, sort=True)
    return pd.DataFrame(dict(zip(by, key, strict=True)) | _components(group) for key, group in groups)


def limits(n: int, confidence: float = 0.95) -> dict[str, float | bool]:
    """What `n` trainings of each method allow: `half_width` of the t interval of a mean and `power` of a
    two-sided unpaired t-test to see a true gap, both for a gap or unit of one training standard deviation;
    `p_values`: whether p-values are reported at all. NaN for n = 1."""
    if n < 2:
        return {"half_width": np.nan, "power": np.nan, "p_values": False}
    freedom = 2 * n - 2
    edge = stats.t.ppf((1 + confidence) / 2, freedom)
    shift = np.sqrt(n / 2)
    power = stats.nct.sf(edge, freedom, shift) + stats.nct.cdf(-edge, freedom, shift)
    half_width = stats.t.ppf((1 + confidence) / 2, n - 1) / np.sqrt(n)
    return {"half_width": float(half_width), "power": float(power), "p_values": n >= FEWEST_FOR_P}


def _require(results: pd.DataFrame, columns: Sequence[str]) -> None:
    missing = [column for column in columns if column not in results.columns]
    if missing:
        raise ValueError(f"results: columns {missing} are missing, found {list(results.columns)}")
    if results["value"].isna().any():
        raise ValueError(f"results: {int(results['value'].isna().sum())} values are NaN; drop failed runs first")


def _paired(means: pd.DataFrame, reference: pd.DataFrame) -> pd.DataFrame:
    """Per CELL x method in order: mean `difference` to the reference over common splits and seeds, `std`, `n`."""
    keys = [*CELL, "split", "seed"]
    pairs = means.merge(reference[[*keys, "value"]], on=keys, how="left", suffixes=("", "_reference"))
    pairs["difference"] = pairs["value"] - pairs["value_reference"]
    groups = pairs.groupby([*CELL, "method"], sort=True)["difference"]
    return groups.agg(difference="mean", std="std", n="count").reset_index()


def _intervals(mean: pd.Series, std: pd.Series, n: pd.Series, confidence: float) -> dict[str, np.ndarray]:
    """Student-t bounds; NaN where n < 2."""
    half = stats.t.ppf((1 + confidence) / 2, np.maximum(n - 1, 1)) * std / np.sqrt(np.maximum(n, 1))
    return {"ci_low": mean - half, "ci_high": mean + half}


def _holm(p: pd.Series) -> np.ndarray:
    """Holm's step-down correction; NaN stays NaN and does not count."""
    # statsmodels' multipletests collects garbage on every call, 0.2 s each; the tests compare with it.
    known = np.flatnonzero(p.notna())
    order = known[np.argsort(p.to_numpy()[known], kind="stable")]
    steps = p.to_numpy()[order] * np.arange(len(order), 0, -1)
    corrected = np.full(len(p), np.nan)
    corrected[order] = np.minimum(np.maximum.accumulate(steps), 1)
    return corrected


def _bootstrap_iqm(strata: list[np.ndarray], generator: np.random.Generator, repeats: int) -> np.ndarray:
    draws = [values[generator.integers(len(values), size=(repeats, len(values)))] for values in strata]
    return stats.trim_mean(np.concatenate(draws, axis=1), 0.25, axis=1)


def _components(group: pd.DataFrame) -> dict[str, float]:
    table = group.pivot(index=["split", "seed"], columns="trial", values="value")
    if table.isna().any(axis=None):
        raise ValueError(f"variance_shares: trainings of {group['method'].iloc[0]} have unequal trials")
    values = table.to_numpy()  # (trainings, trials)
    trainings, trials = values.shape
    residual = draw = np.nan
    noise = 0.0
    if trainings > 1 and trials > 1:
        centred = values - values.mean(0) - values.mean(1, keepdims=True) + values.mean()
        residual = (centred**2).sum() / ((trainings - 1) * (trials - 1))
        draw = max(0.0, values.mean(0).var(ddof=1) - residual / trainings)
        noise = residual / trials
    elif trials > 1:
        draw = values.var(ddof=1)
    split, seed = _split_and_seed(table.mean(axis=1), noise)
    parts = {"split": split, "seed": seed, "draw": draw, "residual": residual}
    total = np.nansum(list(parts.values()))
    shares = {f"{name}_share": part / total if total > 0 else np.nan for name, part in parts.items()}
    return parts | shares | {"trainings": trainings, "trials": trials}


def _split_and_seed(means: pd.Series, noise: float) -> tuple[float, float]:
    """Variance between splits and between the seeds of a split, from training means with known noise."""
    by_split = means.groupby("split")
    splits, count = by_split.ngroups, len(means)
    if splits == count:
        between = means.var(ddof=1) if count > 1 else np.nan
        return (max(0.0, between - noise), np.nan) if splits > 1 else (np.nan, np.nan)
    within = (by_split.var(ddof=1) * (by_split.size() - 1)).sum() / (count - splits)
    seed = max(0.0, within - noise)
    if splits == 1:
        return np.nan, seed
    size = (count - (by_split.size() ** 2).sum() / count) / (splits - 1)
    mean_square = (by_split.size() * (by_split.mean() - means.mean()) ** 2).sum() / (splits - 1)
    return max(0.0, (mean_square - within) / size), seed
