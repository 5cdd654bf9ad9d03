"""Statistics of a table of trainings; the unit of replication is a training, never a gallery draw.

Every function takes the tidy results table (one row per run x protocol x trial x metric) and first averages
the trials within each training. Reasons, formulas, references and the simulations behind them: docs/statistics.md.
"""

from collections.abc import Sequence
from itertools import combinations

import numpy as np
import pandas as pd
from scipy import stats
from statsmodels.stats.multitest import multipletests

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
    means = training_means(results)
    return _rows(means, by, lambda group: _mean_row(group, confidence))


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
    rows = []
    for cell, group in means.groupby(CELL, sort=True):
        wide = _wide(group)
        for method in wide.columns.drop(baseline, errors="ignore"):
            other = wide[baseline] if baseline in wide else wide[method] * np.nan
            row = _difference_row((wide[method] - other).dropna().to_numpy(), confidence)
            rows.append(dict(zip(CELL, cell, strict=True)) | {"method": method, "baseline": baseline} | row)
    table = pd.DataFrame(rows, columns=[*CELL, "method", "baseline", *_DIFFERENCE])
    table["p_holm"] = table.groupby(list(family))["p_value"].transform(_holm)
    return table


def best_set(results: pd.DataFrame, confidence: float = 0.95) -> pd.DataFrame:
    """Mark the best method of every cell and all that cannot be distinguished from it.

    One row per CELL x method: `mean`, `n`, `best` (highest mean), `in_best_set`. A method leaves the set only
    when the paired Student-t interval of its difference to the best excludes zero at a level shared by all
    pairs of methods in the cell (Bonferroni), so that picking the best by looking is paid for. With one
    training nothing leaves the set.
    """
    rows = []
    for cell, group in training_means(results).groupby(CELL, sort=True):
        wide = _wide(group)
        mean = wide.mean()
        best = mean.idxmax()
        pairs = max(1, len(list(combinations(wide.columns, 2))))
        level = 1 - (1 - confidence) / pairs
        for method in wide.columns:
            row = _difference_row((wide[best] - wide[method]).dropna().to_numpy(), level)
            rows.append(
                dict(zip(CELL, cell, strict=True))
                | {"method": method, "mean": mean[method], "n": int(wide[method].count())}
                | {"best": method == best, "in_best_set": method == best or not row["ci_low"] > 0}
            )
    return pd.DataFrame(rows)


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
    return _rows(results, [*CELL, "method"], _components)


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


_DIFFERENCE = ["difference", "std", "n", "ci_low", "ci_high", "p_value"]


def _require(results: pd.DataFrame, columns: Sequence[str]) -> None:
    missing = [column for column in columns if column not in results.columns]
    if missing:
        raise ValueError(f"results: columns {missing} are missing, found {list(results.columns)}")
    if results["value"].isna().any():
        raise ValueError(f"results: {int(results['value'].isna().sum())} values are NaN; drop failed runs first")


def _rows(table: pd.DataFrame, by: Sequence[str], function) -> pd.DataFrame:
    by = list(by)
    rows = [dict(zip(by, key, strict=True)) | function(group) for key, group in table.groupby(by, sort=True)]
    return pd.DataFrame(rows)


def _wide(group: pd.DataFrame) -> pd.DataFrame:
    return group.pivot(index=["split", "seed"], columns="method", values="value")


def _interval(values: np.ndarray, confidence: float) -> tuple[float, float]:
    if len(values) < 2:
        return np.nan, np.nan
    half = stats.t.ppf((1 + confidence) / 2, len(values) - 1) * values.std(ddof=1) / np.sqrt(len(values))
    return values.mean() - half, values.mean() + half


def _mean_row(group: pd.DataFrame, confidence: float) -> dict[str, float]:
    values = group["value"].to_numpy()
    low, high = _interval(values, confidence)
    row = {"mean": values.mean(), "std": values.std(ddof=1) if len(values) > 1 else np.nan, "n": len(values)}
    return row | {"ci_low": low, "ci_high": high, "draw_std": group["draw_std"].mean()}


def _difference_row(differences: np.ndarray, confidence: float) -> dict[str, float]:
    n = len(differences)
    low, high = _interval(differences, confidence)
    std = differences.std(ddof=1) if n > 1 else np.nan
    p = np.nan
    if n >= FEWEST_FOR_P:
        p = float(stats.ttest_1samp(differences, 0).pvalue) if std > 0 else float(differences[0] == 0)
    mean = differences.mean() if n else np.nan
    return dict(zip(_DIFFERENCE, [mean, std, n, low, high, p], strict=True))


def _holm(p: pd.Series) -> np.ndarray:
    corrected = np.full(len(p), np.nan)
    known = p.notna().to_numpy()
    if known.any():
        corrected[known] = multipletests(p.to_numpy()[known], method="holm")[1]
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
