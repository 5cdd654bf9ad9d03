"""The README shows what the demo's report says."""

from pathlib import Path

README = Path("README.md").read_text(encoding="utf-8")


def test_the_table_is_a_table_of_the_sample():
    rows = [line for line in README.splitlines() if "±" in line and line.startswith("|")]
    sample = Path("docs/demo/tables.md").read_text(encoding="utf-8").splitlines()
    assert len(rows) > 10
    assert set(rows) <= set(sample)


def test_the_two_commands_are_make_targets():
    makefile = Path("Makefile").read_text(encoding="utf-8")
    for target in ("demo", "test"):
        assert f"    make {target} " in README
        assert f"\n{target}: " in makefile


def test_the_coverage_it_states_is_the_committed_one():
    coverage = Path("reports/coverage.md").read_text(encoding="utf-8")
    assert "179 of 182 rows" in coverage
    assert "179 of the 182 rows" in README
