"""Results of several machines stand together only if they were made alike."""

import pandas as pd
import pytest

from eval.report.__main__ import main
from eval.report.collect import read_results
from eval.report.merge import MixedError, merge


@pytest.fixture(scope="module")
def table(demo) -> pd.DataFrame:
    return read_results(demo / "reports/demo/results.csv")


@pytest.fixture
def halves(table) -> list[pd.DataFrame]:
    """The seeds of two machines."""
    return [table[table.seed == seed].copy() for seed in (0, 1)]


def test_parts_make_the_whole(table, halves):
    key = ["run", "protocol", "trial", "metric"]
    merged = merge([*halves, halves[0]], ["a", "b", "again a"])
    pd.testing.assert_frame_equal(
        merged.sort_values(key, ignore_index=True), table.sort_values(key, ignore_index=True), check_dtype=False
    )


@pytest.mark.parametrize(
    ("column", "message"),
    [
        ("configuration", r"demo-sysu, maum@demo: configuration differs \(\w+ in a, other in b\); train it again"),
        ("index_sha256", r"demo-sysu: index_sha256 differs"),
        ("commit", r"all runs: commit differs .*--across-commits"),
        ("shots", r"sysu-mm01-all-single, official: shots differs"),
    ],
)
def test_what_differs_is_refused(halves, column, message):
    one, other = (half.assign(shots="1") for half in halves)
    chosen = (other.method == "maum@demo") & (other.dataset == "demo-sysu") & (other.protocol == "sysu-mm01-all-single")
    other.loc[chosen, column] = "other"
    with pytest.raises(MixedError, match=message):
        merge([one, other], ["a", "b"])
    if column == "commit":
        assert len(merge([one, other], ["a", "b"], across_commits=True)) == len(one) + len(other)


def test_two_values_of_one_score_are_refused(halves):
    changed = halves[0].assign(value=halves[0].value.where(halves[0].metric != "mINP", 1.0))
    with pytest.raises(MixedError, match=r"mINP is [\d.]+ in a, 1.0 in b; keep one run"):
        merge([halves[0], changed], ["a", "b"])


def test_the_command_tells_of_other_devices(demo, tmp_path, capsys):
    for seed in (0, 1):
        folder = tmp_path / str(seed)
        folder.mkdir()
        for name in ("results.csv", "runs.csv"):
            rows = pd.read_csv(demo / "reports/demo" / name, dtype=str, keep_default_na=False)
            rows = rows[rows.seed == str(seed)]
            rows.loc[(rows.commit != "") & (rows.seed == "1"), "device"] = "cuda: other"
            rows.to_csv(folder / name, index=False)
    files = [str(tmp_path / str(seed) / "results.csv") for seed in (0, 1)]
    out = tmp_path / "merged" / "results.csv"
    assert main(["merge", *files, "--out", str(out)]) == 0
    assert "2 different devices: cpu: x86_64, cuda: other" in capsys.readouterr().out
    assert len(read_results(out)) == len(read_results(demo / "reports/demo/results.csv"))
