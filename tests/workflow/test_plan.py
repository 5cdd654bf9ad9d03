"""Configurations: what they expand to, and what is said of wrong ones."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from datasets import DatasetError
from methods import recipes
from tests.workflow.test_end_to_end import copy_project, snakemake
from workflow import digests, imports, plan
from workflow.plan import PlanError


@pytest.fixture
def config():
    found = {}
    for name in ("datasets", "demo"):
        with open(f"config/{name}.yaml", encoding="utf-8") as file:
            found |= yaml.safe_load(file)
    return found


@pytest.fixture
def experiment(monkeypatch, tmp_path):
    """Write an experiment file and read it back through the plan."""
    monkeypatch.setattr(plan, "EXPERIMENTS", tmp_path / "config")
    monkeypatch.setattr(plan, "ROOT", tmp_path)
    (tmp_path / "config").mkdir()

    def write(**changes):
        column = {"dataset": "demo-sysu", "protocol": "sysu-mm01-all-single", "metrics": ["mAP"]}
        base = {
            "title": "t",
            "budget": "demo",
            "seeds": [0],
            "columns": [column],
            "rows": [{"label": "A", "run": "maum"}],
        }
        (tmp_path / "config" / "e.yaml").write_text(yaml.safe_dump(base | changes))
        plan.read_experiment.cache_clear()
        return "e"

    yield write
    plan.read_experiment.cache_clear()


def test_rows_become_trainings_by_split_and_seed(config, experiment):
    column = {"dataset": "demo-regdb", "protocol": "regdb-visible-to-infrared", "metrics": ["mAP"]}
    row = {"label": "A", "run": "maum+um=off", "setting": "ir_per_id=1"}
    chance, untrained, found = plan.rows(experiment(columns=[column], rows=[row], splits=2, seeds=[3, 5]), config)
    assert [cell.folder for cell in found.cells] == [
        f"results/demo-regdb/ir_per_id=1/maum@demo+um=off/split{split}_seed{seed}"
        for split in (1, 2)
        for seed in (3, 5)
    ]
    assert (chance.run, chance.setting, chance.reference) == ("chance", "full", True)
    assert untrained.cells[0].run == "maum@demo+schedule.epochs=0+um=off"


def test_regdb_has_ten_splits_and_sysu_one(config, experiment):
    columns = [
        {"dataset": "regdb", "protocol": "regdb-visible-to-infrared", "metrics": ["mAP"]},
        {"dataset": "sysu-mm01", "protocol": "sysu-mm01-all-single", "metrics": ["mAP"]},
    ]
    cells = plan.rows(experiment(columns=columns, budget="published"), config)[-1].cells
    assert [sum(cell.dataset == name for cell in cells) for name in ("regdb", "sysu-mm01")] == [10, 1]


def test_the_same_run_written_twice_is_one_training(config, experiment):
    rows = [{"label": "A", "run": "maum"}, {"label": "B", "run": "maum+bank.dt=10"}]
    a, b = plan.rows(experiment(rows=rows), config)[2:]
    assert a.cells == b.cells


def test_a_chosen_epoch_is_in_the_name_of_the_run_and_not_of_the_untrained_one(config, experiment):
    config["datasets"]["demo-sysu"]["holdout"] = "both"
    rows = [{"label": "A", "run": "maum+selection.every=5+selection.rule=best-validation"}]
    _, untrained, found = plan.rows(experiment(rows=rows), config)
    assert found.cells[0].run == "maum@demo+selection.every=5+selection.rule=best-validation"
    assert untrained.cells[0].run == "maum@demo+schedule.epochs=0"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"colums": []}, "e.yaml, top level: .*'colums' was unexpected.*the nearest valid is 'columns'"),
        ({"rows": []}, "e.yaml, rows: "),
        ({"seeds": ["a"]}, "e.yaml, seeds.0: 'a' is not of type 'integer'"),
        ({"seeds": [1, 1]}, "e.yaml, seeds: .*non-unique"),
        ({"rows": [{"label": "A"}]}, "e.yaml, rows.0: 'run' is a required property"),
        ({"rows": [{"label": "A", "run": "mam"}]}, "unknown method 'mam'; the nearest valid is 'maum'"),
        (
            {"rows": [{"label": "A", "run": "maum+bank.dtt=3"}]},
            "unknown key 'bank.dtt'; the nearest valid is 'bank.dt'",
        ),
        (
            {"rows": [{"label": "A", "run": "maum+head.parts=5"}]},
            "head.parts=5 is refused.*nearest valid is head.parts=6",
        ),
        (
            {"rows": [{"label": "A", "run": "maum+selection.rule=best-validation"}]},
            "dataset 'demo-sysu' has holdout: test; give it `holdout: both`",
        ),
        ({"rows": [{"label": "A", "run": "maum+selection.every=5"}]}, "no effect without selection.rule != 'last'"),
        ({"rows": [{"label": "A", "run": "maum", "setting": "ir_perid=3"}]}, "unknown setting 'ir_perid=3'"),
        ({"rows": [{"label": "A", "run": "maum", "dataset": "regdb"}]}, "dataset 'regdb' has no column"),
        ({"budget": "demoo"}, "unknown budget 'demoo'"),
        (
            {"columns": [{"dataset": "demo-syzu", "protocol": "x", "metrics": ["mAP"]}]},
            "unknown dataset 'demo-syzu'; the nearest valid is 'demo-sysu'",
        ),
        (
            {"columns": [{"dataset": "demo-sysu", "protocol": "sysu-mm01-all", "metrics": ["mAP"]}]},
            "protocol 'sysu-mm01-all' is not one of demo-sysu; the nearest valid is 'sysu-mm01-all-",
        ),
        (
            {"columns": [{"dataset": "demo-sysu", "protocol": "sysu-mm01-all-single", "metrics": ["map"]}]},
            "columns.0.metrics.0: 'map' is not one of",
        ),
        ({"paper": "mumm"}, "paper 'mumm' has no line in reports/published/results.csv; the nearest valid is 'm"),
        ({"baseline": "Bseline"}, "baseline 'Bseline' is the label of no row; the nearest valid is '"),
    ],
)
def test_what_is_wrong_is_named(config, experiment, changes, message):
    with pytest.raises(PlanError, match=message):
        plan.rows(experiment(**changes), config)


def test_an_unknown_experiment_names_the_nearest():
    with pytest.raises(PlanError, match=r"no experiment 'dem'.*nearest valid is 'demo'"):
        plan.read_experiment("dem")


@pytest.mark.parametrize("name", plan.experiment_names())
def test_every_experiment_plans(config, name):
    rows = plan.rows(name, config)
    assert all(row.cells for row in rows)
    assert plan.describe(name, config)["name"] == name


def test_a_configuration_with_an_unknown_key_is_refused(config):
    with pytest.raises(
        PlanError, match=r"configuration, datasets.regdb: .*'rot' was unexpected.*nearest valid is 'root'"
    ):
        plan.check(
            config | {"datasets": {"regdb": {"layout": "regdb", "root": "x", "rot": "y"}}}, "config", "configuration"
        )


@pytest.mark.parametrize("permutations", [{}, {"permutations": None}, {"permutations": "none.mat"}])
def test_official_galleries_without_their_lists_are_refused_before_anything_is_trained(config, permutations):
    plan.check_galleries(config | permutations)
    with pytest.raises(PlanError, match=r"permutations: found (None|'none.mat'), which is no file; gallery: official"):
        plan.check_galleries(config | {"gallery": "official"} | permutations)


def test_official_galleries_with_their_lists_are_planned(config, tmp_path):
    (tmp_path / "rand_perm_cam.mat").touch()
    plan.check_galleries(config | {"gallery": "official", "permutations": str(tmp_path / "rand_perm_cam.mat")})


@pytest.mark.parametrize("method", recipes.names())
def test_the_code_of_a_training_is_all_that_it_imports(method):
    reached, waiting = set(), [plan.ROOT / "training/__main__.py", plan.ROOT / f"methods/{method}.py"]
    while waiting:
        reached.add(path := waiting.pop())
        dotted = [name.split(".") for name in imports.imports(path)]
        places = {plan.ROOT.joinpath(*parts[:n]) for parts in dotted for n in (1, 2, 3)}
        modules = {place.with_suffix(".py") for place in places} | {place / "__init__.py" for place in places}
        waiting += [module for module in modules - reached if module.is_file()]
    known = [*digests.SHARED, f"methods/{method}.py"]
    assert reached <= {path for name in known for path in digests.code(name)}


def test_no_shell_command_is_built_from_unquoted_words():
    """Only a launcher, which is a constant of the workflow, and numbers of its own stand unquoted."""
    shell = [
        line for path in Path("workflow/rules").glob("*.smk") for line in path.read_text().splitlines() if '"' in line
    ]
    commands = [line for line in shell if re.search(r'^\s+" ?(python|cp|--|\{params)', line)]
    words = {word for line in commands for word in re.findall(r"\{([^{}]+)\}", line) if not word.endswith(":q")}
    assert words <= {"params.launcher", "threads", "resources.checkpoint_seconds"}


@pytest.mark.parametrize(
    ("setting", "split", "message"),
    [
        ("infrared_images=1", "1", "unknown setting 'infrared_images=1'; settings: full, ir_ids=<number>"),
        ("vis_idz=5", "1", "unknown setting 'vis_idz=5', did you mean 'vis_ids'"),
        ("vis_ids=0", "1", "setting 'vis_ids=0': found '0'"),
        ("full", "2", "split 2 of demo-sysu, expected 1 to 1"),
        ("full", "01", "split 01 of demo-sysu, expected 1 to 1"),
    ],
)
def test_a_result_path_that_cannot_be_is_refused(config, setting, split, message):
    with pytest.raises((PlanError, DatasetError), match=message):
        plan.check_path(config, "demo-sysu", setting, split)


@pytest.mark.parametrize("run", ["hct@demo", "chance"])
def test_it_is_refused_before_anything_runs(run):
    target = f"results/demo-sysu/vis_idz=5/{run}/split1_seed0/trials.csv"
    said = subprocess.run([sys.executable, "-m", "snakemake", "-n", target], capture_output=True, text=True)
    assert said.returncode != 0 and "did you mean 'vis_ids'" in said.stdout + said.stderr


def test_a_bad_experiment_disturbs_only_who_asks_for_it(tmp_path):
    folder = copy_project(tmp_path / "project")
    (folder / "config/experiments/mine.yaml").write_text("title: half written\n")
    other = snakemake(folder, "-n", "results/demo-sysu/full/chance/split1_seed0/features.npz")
    assert other.returncode == 0, other.stderr
    asked = snakemake(folder, "-n", "mine")
    assert asked.returncode != 0
    assert "config/experiments/mine.yaml, top level: 'columns' is a required property" in asked.stdout + asked.stderr
