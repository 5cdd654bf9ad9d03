"""What the shipped profile would ask SLURM for, and that no rule that it submits forgets to."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

RULES = "".join(path.read_text() for path in sorted(Path("workflow/rules").glob("*.smk")))
BLOCKS = dict(re.findall(r"^rule (\w+):\n((?:    .*\n|\n)+)", RULES, re.MULTILINE))
SUBMITTED = [name for name, text in BLOCKS.items() if "localrule: True" not in text]
FOLDER = Path("workflow/profiles/slurm")
FILE = next(FOLDER.iterdir())
PROFILE = yaml.safe_load(FILE.read_text())


def planned(profile: Path, run: str = "maum") -> dict[str, dict[str, str]]:
    """The resources of each rule of one training and its scores, as a dry run names them."""
    target = f"results/regdb/full/{run}/split1_seed0/trials.csv"
    command = [sys.executable, "-m", "snakemake", "-n", "--workflow-profile", profile, target]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found = re.findall(r"rule (\w+):.*?resources: ([^\n]+)", said, re.DOTALL)
    return {name: dict(re.findall(r"(\w+)=([^,]+)", resources)) for name, resources in found}


@pytest.mark.parametrize("name", SUBMITTED)
def test_a_submitted_rule_states_memory_and_time_that_grow(name):
    for resource in ("mem_mb", "runtime"):
        assert re.search(rf"{resource}=(grows\(\d|memory_mb|runtime_minutes)", BLOCKS[name]), resource


def test_retries_stand_in_the_profile_alone():
    assert PROFILE["retries"] > 0
    assert "retries:" not in RULES


def test_groups_are_of_submitted_rules():
    assert {group.split("=")[0] for group in PROFILE["groups"]} < set(SUBMITTED)


def test_a_training_asks_for_what_its_recipe_says():
    asked = planned(FOLDER)
    assert {"gpu": "1", "nodes": "1", "slurm_partition": "gpu"}.items() <= asked["train"].items()
    assert {"mem_mb": "16000", "runtime": str(10 + 6 * 80)}.items() <= asked["train"].items()
    assert "gpu" not in asked["evaluate"]


def test_the_lines_that_are_the_users_take_effect_and_no_other_job_gets_a_gpu(tmp_path):
    text = re.sub(r"^( *)# (.*# YOURS)", r"\1\2", FILE.read_text(), flags=re.MULTILINE)
    (tmp_path / FILE.name).write_text(text)
    settings = yaml.safe_load(text)
    assert settings["slurm-status-command"] == "squeue"
    asked = planned(tmp_path)
    assert {"gpu_model": "a100", "slurm_account": "project"}.items() <= asked["train"].items()
    assert "gpu_model" not in asked["evaluate"] | asked["pack"]
    assert RULES.count("gpu=recipe_gpus,") == RULES.count("gpu=recipe_gpus,\n        gpu_model=gpu_model,")
    on_cpu = planned(tmp_path, "maum+device=cpu")
    assert on_cpu["train"]["gpu"] == "0" and "gpu_model" not in on_cpu["train"]
