"""The whole line through Snakemake's command line, from rendered images to the report, in a folder with an odd name."""

import csv
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import yaml

from tests.report import browser

ROOMS = ("benchmarks", "config", "datasets", "eval", "methods", "profiles", "reports/published", "training", "workflow")
SHORT = "+schedule.epochs=2+schedule.steps=4+schedule.warmup=0+schedule.milestones=1"
CHOSEN = f"maum+bank.t0=1{SHORT}+selection.every=1+selection.rule="
EXPERIMENT = {
    "title": "Tiny",
    "budget": "demo",
    "seeds": [0],
    "splits": 1,
    "baseline": "Baseline",
    "columns": [
        {"dataset": "demo-sysu", "protocol": "sysu-mm01-all-single", "metrics": ["rank-1", "mAP"]},
        {"dataset": "demo-regdb", "protocol": "regdb-visible-to-infrared", "metrics": ["mAP"]},
        {"dataset": "demo-regdb-c", "protocol": "regdb-infrared-to-visible", "metrics": ["mAP"]},
    ],
    "rows": [
        {"label": "Baseline", "run": "maum+um=off" + SHORT},
        {"label": "MAUM", "run": "maum+bank.t0=1+watch.every=1" + SHORT},
        {"label": "MAUM", "run": "maum+bank.t0=1" + SHORT, "setting": "ir_per_id=1", "dataset": "demo-sysu"},
        {"label": "MAUM", "run": CHOSEN + "best-validation", "dataset": "demo-sysu"},
        {"label": "MAUM", "run": CHOSEN + "best-on-test", "dataset": "demo-sysu"},
    ],
    "figures": [
        {"kind": "cmc"},
        {"kind": "training"},
        {"kind": "attention", "dataset": "demo-sysu", "rows": ["Baseline", "MAUM"]},
        {"kind": "stages", "dataset": "demo-sysu", "row": "MAUM", "epochs": [0, 1, 2], "seed": 0},
        {
            "kind": "corruption",
            "dataset": "demo-regdb-c",
            "protocol": "regdb-infrared-to-visible",
            "rows": ["Baseline", "MAUM"],
        },
    ],
}


def tiny_configuration() -> dict:
    """The demo's configuration with few identities, some for validation, and a corrupted copy of one dataset."""
    sysu = {"train_identities": 14, "test_identities": 4, "images_per_camera": 2}
    regdb = {"train_identities": 10, "test_identities": 10, "images_per_camera": 4}
    found = {"demo-sysu": {"render": sysu, "holdout": "both"}, "demo-regdb": {"render": regdb}}
    corrupted = {"layout": "regdb", "root": "-", "corrupt": {"modality": "visible", "seed": 0}}
    return {"experiments": ["tiny"], "datasets": found | {"demo-regdb-c": corrupted}}


def copy_project(folder: Path) -> Path:
    """The project's own files in a folder, with the tiny experiment and configuration added."""
    for room in ROOMS:
        shutil.copytree(room, folder / room, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("Snakefile", "files.py", "environment.yml"):
        shutil.copy(name, folder / name)
    (folder / "config" / "experiments" / "tiny.yaml").write_text(yaml.safe_dump(EXPERIMENT))
    (folder / "config" / "tiny.yaml").write_text(yaml.safe_dump(tiny_configuration()))
    return folder


def snakemake(folder: Path, *arguments: str) -> subprocess.CompletedProcess:
    """Run Snakemake in a copy of the project, with the tiny configuration."""
    files = [f"config/{name}.yaml" for name in ("datasets", "demo", "tiny")]
    command = [sys.executable, "-m", "snakemake", *arguments, "--configfile", *files]
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    return subprocess.run(
        command, cwd=folder, env=os.environ | {"PATH": path}, capture_output=True, text=True, check=False
    )


def scores(folder: Path) -> dict[str, bytes]:
    """The per-trial score tables by path."""
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.glob("results/**/trials.csv"))}


@pytest.fixture(scope="module")
def project(tmp_path_factory) -> Path:
    folder = copy_project(tmp_path_factory.mktemp("ein Ördner") / "ħere")
    done = snakemake(folder, "--cores", "2", "--show-failed-logs")
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def test_the_report_is_there(project):
    report = project / "reports" / "tiny"
    assert {"index.html", "results.csv", "tables.md", "tables.csv", "tables.tex"} <= {p.name for p in report.iterdir()}
    with (report / "results.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert {"dataset", "setting", "method", "seed", "split", "protocol", "trial", "metric", "value"} <= set(rows[0])
    assert {row["method"].split("@")[0] for row in rows} == {"chance", "maum"}
    trials = {
        (r["dataset"], r["method"], r["setting"], r["seed"], r["trial"])
        for r in rows
        if r["protocol"] == "sysu-mm01-all-single"
    }
    assert len(trials) == 7 * 10  # chance, untrained, two full rows, one imbalanced row, two chosen epochs; ten trials


def test_an_epoch_is_chosen_by_a_rule_that_every_table_names(project):
    (last,) = project.glob("results/demo-sysu/full/maum@demo+bank.t0=1+*+watch.every=1/split1_seed0/features.npz")
    for rule, words in (("best-validation", "best on validation identities"), ("best-on-test", "(optimistic)")):
        (folder,) = project.glob(f"results/demo-sysu/full/maum*selection.rule={rule}/split1_seed0")
        with (folder / "selection.csv").open(newline="") as file:
            rows = list(csv.DictReader(file))
        assert [row["epoch"] for row in rows] == ["1", "2"]
        chosen = max(rows, key=lambda row: float(row["value"]))
        assert [row["chosen"] for row in rows] == [str(int(row is chosen)) for row in rows]
        with (folder / "trials.csv").open(newline="") as file:
            trials = list(csv.DictReader(file))
        assert all(f"epoch {chosen['epoch']} of 2" in row["recipe"] and words in row["recipe"] for row in trials)
        if rule == "best-on-test":
            values = [
                float(row["value"]) for row in trials if row["metric"] == "mAP" and "all-single" in row["protocol"]
            ]
            assert sum(values) / len(values) == pytest.approx(float(chosen["value"]), abs=1e-9)
        same = np.array_equal(np.load(folder / "features.npz")["features"], np.load(last)["features"])
        assert same == (chosen["epoch"] == "2")
        assert not list(folder.glob("candidates*"))
    tables = (project / "reports" / "tiny" / "tables.md").read_text()
    assert "MAUM (best epoch on validation)" in tables and "MAUM (best epoch on test, optimistic)" in tables
    assert "An epoch chosen by its test scores is too good by design" in tables


def test_runs_carry_their_provenance(project):
    runs = list(project.glob("results/*/*/maum*/split1_seed0/run.json"))
    assert len(runs) == 12  # untrained and two rows on three datasets, one imbalanced row and two chosen epochs on one
    assert all(json.loads(path.read_text())["packages"]["torch"] for path in runs)


def test_corrupted_galleries_have_ten_trials_of_the_same_training(project):
    (table,) = project.glob("results/demo-regdb-c/full/maum@demo+bank.t0=1*/split1_seed0/trials.csv")
    with table.open(newline="") as file:
        values = {int(row["trial"]): float(row["value"]) for row in csv.DictReader(file) if row["metric"] == "mAP"}
    assert sorted(values)[:10] == list(range(10))
    assert len(set(values.values())) > 1
    trained = project / str(table.parent.relative_to(project)).replace("demo-regdb-c", "demo-regdb") / "run.json"
    assert (table.parent / "run.json").read_bytes() == trained.read_bytes()


def test_files_that_only_a_figure_reads_are_made_of_the_runs_that_it_shows(project):
    shown = {path.relative_to(project).as_posix() for path in project.glob("results/**/attention.npz")}
    assert len(shown) == 2 and all(name.startswith("results/demo-sysu/full/maum@demo+") for name in shown)
    assert len(list(project.glob("results/demo-regdb-c/full/*/split1_seed0/robustness.csv"))) == 2
    assert len(list(project.glob("results/*/full/*watch.every=1/split1_seed0/watched.npz"))) == 2


@pytest.mark.browser
def test_snakemakes_own_report_in_a_browser(project, tmp_path):
    if browser.CHROMIUM is None:
        pytest.skip("no Chromium is installed (apt-get install chromium)")
    made = snakemake(project, "--report", str(tmp_path / "report.html"))
    assert made.returncode == 0, made.stderr
    seen = browser.look(tmp_path / "report.html", tmp_path, 1280, browser.SNAKEMAKE_PROBE)
    own = [line for line in seen["console"] if "cdn.tailwindcss.com should not be used" not in line]
    assert seen["problems"] == [] and own == []
    shown = seen["shown"]
    assert {Path(name).name for name in shown} >= {
        "tables.html",
        "index.html",
        "cmc.svg",
        "attention.svg",
        "stages.svg",
    }
    assert all(one["size"] and one["caption"] and one["labels"] for one in shown.values()), shown
    assert set(seen["listed"]) == {"tiny", "datasets"}
    assert "corruption" in seen["listed"]["tiny"]


def test_a_second_run_finds_nothing_to_do(project):
    again = snakemake(project, "--cores", "2")
    assert "Nothing to be done" in again.stdout + again.stderr


def test_changed_code_makes_the_trainings_that_execute_it_again_and_no_others(project):
    """As they are planned; code that was put back makes nothing again, whatever its times."""
    for name, again in (("maum", True), ("agw", False), ("blocks/triplet", True)):
        path = project / f"methods/{name}.py"
        before = path.read_text(encoding="utf-8")
        path.write_text(before + "# changed\n", encoding="utf-8")
        said = snakemake(project, "-n", "--cores", "1").stdout
        path.write_text(before, encoding="utf-8")
        trainings = len(list(project.glob("results/*/*/maum*/split1_seed0/weights.safetensors")))
        assert len(re.findall(r"^rule train\w*:", said, re.MULTILINE)) == again * trainings
    assert "Nothing to be done" in snakemake(project, "-n", "--cores", "1").stdout


def test_touch_accepts_the_trainings_of_other_code(project):
    path = project / "methods/maum.py"
    before = path.read_text(encoding="utf-8")
    for text in (before + "# changed\n", before):
        path.write_text(text, encoding="utf-8")
        assert "rule train" in snakemake(project, "-n", "--cores", "1").stdout
        assert snakemake(project, "--touch", "--cores", "1").returncode == 0
        assert "Nothing to be done" in snakemake(project, "-n", "--cores", "1").stdout


def test_a_deleted_score_table_is_made_again_to_the_byte(project):
    before = scores(project)
    victim = next(project.glob("results/demo-sysu/full/*/split1_seed0/trials.csv"))
    victim.unlink()
    done = snakemake(project, "--cores", "1")
    assert done.returncode == 0
    assert scores(project) == before
    assert "the report: reports/tiny/index.html (open it in a browser)" in done.stderr


def test_another_number_of_cores_gives_the_same_bytes(project, tmp_path):
    other = copy_project(tmp_path / "other")
    target = next(project.glob("results/demo-sysu/ir_per_id=1/*/split1_seed0/trials.csv")).relative_to(project)
    done = snakemake(other, "--cores", "1", str(target))
    assert done.returncode == 0, done.stderr
    assert (other / target).read_bytes() == (project / target).read_bytes()


def test_a_missing_dataset_plans_and_fails_at_once_with_the_loaders_message(project):
    target = "results/sysu-mm01/full/maum/split1_seed0/trials.csv"
    plan = snakemake(project, "-n", target)
    assert plan.returncode == 0, plan.stderr
    done = snakemake(project, "--cores", "1", "--keep-going", target)  # weights are missing too
    assert done.returncode == 1
    assert "data/SYSU-MM01" in done.stderr
    assert "SYSU-MM01 is sent by its authors on request" in done.stderr
