"""The list of experiments: what each takes, and which a dataset alone suffices for."""

import subprocess
import sys

import pytest

from workflow.experiments import main


def listed(capsys, *arguments: str) -> dict[str, list[str]]:
    """The words of each line by the experiment's name."""
    assert main(list(arguments)) == 0
    return {line.split()[0]: line.split()[1:] for line in capsys.readouterr().out.splitlines()[2:]}


def test_an_experiment_is_listed_with_its_trainings_and_datasets(capsys):
    found = listed(capsys)
    assert found["msmnet_table1"][:2] == ["3", "sysu-mm01"]
    assert found["maum_table1"][:3] == ["132", "sysu-mm01,", "regdb"]


def test_a_dataset_alone_suffices_for_some(capsys):
    found = listed(capsys, "--dataset", "sysu-mm01")
    assert "msmnet_table1" in found and "maum_table1" not in found and "mun_table5" not in found


def test_an_unknown_dataset_names_the_nearest(capsys):
    assert main(["--dataset", "sysu"]) == 1
    assert "unknown dataset 'sysu'; the nearest valid is 'sysu-mm01" in capsys.readouterr().err


@pytest.mark.parametrize("command", [["workflow.experiments"], ["methods", "--list"]])
def test_a_reader_that_has_seen_enough_ends_a_listing_quietly(command):
    with subprocess.Popen([sys.executable, "-m", *command], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as listing:
        listing.stdout.close()
        assert listing.stderr.read() == b""
