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
PROFILE = yaml.safe_load(Path("workflow/profiles/slurm/profile.v9+.yaml").read_text())


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
    target = "results/regdb/full/maum/split1_seed0/trials.csv"
    command = [sys.executable, "-m", "snakemake", "-n", "--workflow-profile", "workflow/profiles/slurm", target]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    (train,) = re.findall(r"rule train:.*?resources: ([^\n]+)", said, re.DOTALL)
    asked = dict(word.split("=") for word in train.split(", ") if "=" in word)
    assert (asked["gpu"], asked["nodes"], asked["slurm_partition"]) == ("1", "1", "gpu")
    assert (int(asked["mem_mb"]), int(asked["runtime"])) == (16_000, 10 + 6 * 80)
    assert "Group job scoring" in said
