"""Benchmarks of training: what they print is a table that says what was measured."""

import subprocess

import pytest

import benchmarks.__main__ as command
from benchmarks import _picture, _runs, planning
from benchmarks import training as benchmark


def test_a_methods_line_says_how_far_it_is_from_the_floor():
    base = {"speed": 1000.0, "images": 64, "gflop": 640.0, "peak": 20_000.0, "host": 100.0}
    found = {"speed": 500.0, "images": 32, "gflop": 640.0, "peak": 20_000.0, "host": 100.0, "device": 7.0}
    cells = [cell.strip() for cell in benchmark.row("X", found, base).strip("|").split("|")]
    assert dict(zip(benchmark.HEADS, cells, strict=True)) == {
        "method": "X", "images a step": "32", "images / s": "500", "ms a step": "64.0", "floor, ms": "32.0",
        "of the floor's rate": "50%", "time / baseline": "2.00", "GFLOP / baseline": "2.00", "host, MB": "100",
        "device, MB": "7",
    }  # fmt: skip


def test_the_picture_is_drawn_from_the_table(tmp_path):
    base = {"speed": 1234.0, "images": 64, "gflop": 640.0, "peak": 20_000.0, "host": 100.0}
    head = f"| {' | '.join(benchmark.HEADS)} |\n|---|\n"
    table = head + benchmark.row("A", base, base) + "\n\nwords"
    assert _picture.rows(table)[0]["images / s"] == "1,234"
    _picture.draw(table, tmp_path / "a.svg", "machine")
    assert (
        "training images per second" in (tmp_path / "a.svg").read_text() or (tmp_path / "a.svg").stat().st_size > 5000
    )


def test_every_method_is_measured_with_the_baseline_first():
    found = _runs.every_method()
    assert next(iter(found)) == "baseline"
    assert {run.partition("+")[0] for run in found.values()} == set(_runs.recipes.names())


@pytest.mark.skipif(_runs.GPU, reason="measures the paper's recipe there")
def test_a_run_on_noise_is_measured(tmp_path, monkeypatch):
    monkeypatch.setattr(_runs, "STEPS", 1)
    made = _runs.trainer(_runs.written(_runs.BASELINE), tmp_path, steps=1)
    assert _runs.images_per_second(made) > 0
    assert _runs.peak_gflops(made.recipe) > 0.1


def test_a_plan_of_many_jobs_has_that_many():
    found = planning.experiment(10_000)
    cells = len(found["rows"]) * len(found["seeds"])
    assert 9_000 < 2 * cells + 2 * len(found["seeds"]) < 11_000


def test_all_benchmarks_make_a_page_with_a_picture_beside_those_of_other_machines(tmp_path, monkeypatch):
    base = {"speed": 1234.0, "images": 64, "gflop": 640.0, "peak": 20_000.0, "host": 100.0}
    table = f"| {' | '.join(benchmark.HEADS)} |\n|---|\n{benchmark.row('A', base, base)}"
    printed = {"training": f"machine\n{table}\n", "evaluation": "machine\nno table\n"}
    (tmp_path / "index.md").write_text(f"# Words\n\n{command.PAGES}- [gone](gone.md)\n")
    (tmp_path / "other.md").write_text("# Other machine\n")
    monkeypatch.setattr(command, "DOCS", tmp_path)
    monkeypatch.setattr(command, "names", lambda: list(printed))
    monkeypatch.setattr(command, "hardware", lambda: "Some Chip (R), 2 cores")
    monkeypatch.setattr(
        subprocess, "run", lambda words, **_: subprocess.CompletedProcess(words, 0, stdout=printed[words[-1]])
    )
    assert command.run_all() == 0
    page = (tmp_path / "some-chip-r-2-cores.md").read_text()
    assert "![" in page and table in page and "```text\nno table\n```" in page
    assert (tmp_path / "some-chip-r-2-cores.svg").is_file()
    index = (tmp_path / "index.md").read_text()
    assert index.endswith("- [Other machine](other.md)\n- [Some Chip (R), 2 cores](some-chip-r-2-cores.md)\n")
    assert "gone" not in index


def test_a_failed_benchmark_writes_no_page(tmp_path, monkeypatch):
    monkeypatch.setattr(command, "DOCS", tmp_path)
    monkeypatch.setattr(command, "names", lambda: ["training"])
    monkeypatch.setattr(subprocess, "run", lambda words, **_: subprocess.CompletedProcess(words, 1, stdout=""))
    assert command.run_all() == 1
    assert list(tmp_path.iterdir()) == []
