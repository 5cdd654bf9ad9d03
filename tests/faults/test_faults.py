"""A short campaign, and faults that are set up rather than drawn (`pytest -m faults`).

`python -m tests.faults` is the long campaign.
"""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.faults import damage, kills
from tests.faults.campaign import Campaign
from tests.faults.project import LONGEST_RUN, Project, make
from workflow import checksums
from workflow.checksums import REMEDY

RAW = "results/demo-sysu/raw"


@pytest.fixture(scope="module")
def finished(tmp_path_factory) -> Project:
    project = make(tmp_path_factory.mktemp("with spaces") / "prøject")
    status, said = project.run()
    assert status == 0, said[-3000:]
    return project


@pytest.fixture(scope="module")
def campaign(finished) -> Campaign:
    return Campaign(finished)


def test_a_killed_training_is_named_and_made_again(finished):
    before = finished.tables()
    head = finished.start("--forcerun", "train")
    kills.wait_for(head, "command").kill()
    assert head.wait(timeout=LONGEST_RUN) == 1
    assert "the job was ended by SIGKILL" in finished.output.read_text()
    assert finished.run()[0] == 0
    assert finished.tables() == before


def test_a_damaged_table_is_named_and_made_again(finished):
    before = finished.tables()
    path = finished.folder / next(name for name in before if name.endswith("trials.csv"))
    os.truncate(path, path.stat().st_size - 1)
    status, said = finished.run()
    assert status == 1
    assert f"changed or damaged since the workflow made it (checksum beside it); {REMEDY}" in said
    assert str(path.relative_to(finished.folder)) in said
    path.unlink()
    assert finished.run()[0] == 0
    assert finished.tables() == before


@pytest.mark.faults
@pytest.mark.parametrize("what", ["kill", "damage", "mid-run"])
def test_a_random_round_ends_with_the_same_tables(campaign, what):
    done = campaign.round(what, "7")
    assert done.verdict in ("same", "stopped"), done


@pytest.mark.faults
def test_a_campaign_would_notice_wrong_tables(campaign):
    """A table changed together with its checksum, which no check can know, must count as a difference."""
    path = campaign.project.folder / "reports/faults/tables.md"
    before = path.read_bytes()
    path.write_bytes(before + b"wrong")
    checksums.record(path)
    done = campaign.round("damage", "0")
    assert done.verdict.startswith("DIFFER")
    assert path.read_bytes() == before  # made again for the next round


@pytest.mark.faults
def test_the_second_snakemake_on_a_folder_is_refused(finished):
    before = finished.tables()
    first = finished.start("--forcerun", "render")
    while not list((finished.folder / ".snakemake" / "locks").glob("*")):
        assert first.poll() is None
    other = Project(finished.folder)
    said = subprocess.run(other.command(), cwd=finished.folder, capture_output=True, text=True, check=False)
    assert said.returncode != 0
    assert "cannot be locked" in said.stderr
    assert first.wait(timeout=600) == 0
    assert finished.tables() == before


@pytest.mark.faults
def test_an_image_changed_after_indexing_is_refused(finished):
    image = min((finished.folder / RAW).rglob("*.jpg"))
    before = image.read_bytes()
    image.write_bytes(before[:-2] + b"xx")
    status, said = finished.run("--forcerun", "pack")
    image.write_bytes(before)
    assert status == 1
    assert f"{image.relative_to(finished.folder)}: changed since indexed" in said
    assert finished.run()[0] == 0


@pytest.mark.faults
def test_a_dataset_that_vanished_is_named(finished):
    folder = finished.folder / RAW
    away = folder.with_name("away")
    folder.rename(away)
    status, said = finished.run("--forcerun", "pack")
    away.rename(folder)
    assert status == 1
    assert f"error: {RAW}/" in said
    assert "cannot be read (No such file or directory)" in said
    assert finished.run()[0] == 0


@pytest.mark.faults
def test_results_that_cannot_be_written_are_one_message(finished):
    folder = next(finished.folder.glob("results/demo-sysu/*/maum*/split1_seed0"))
    before = finished.tables()
    with _frozen(folder):
        status, said = finished.run("--forcerun", "evaluate")
    assert status == 1
    assert "Permission denied" in said or "Operation not permitted" in said
    assert str(folder.relative_to(finished.folder)) in said
    assert finished.run()[0] == 0
    assert finished.tables() == before


class _frozen:
    """A folder in which nobody, and not root either, can create or delete a file."""

    def __init__(self, folder: Path):
        self.folder = folder

    def __enter__(self) -> None:
        if os.geteuid() != 0:
            self.folder.chmod(0o555)
        elif not shutil.which("chattr") or subprocess.run(["chattr", "+i", self.folder], check=False).returncode:
            pytest.skip("root can write everywhere here")

    def __exit__(self, *_: object) -> None:
        if os.geteuid() != 0:
            self.folder.chmod(0o755)
        else:
            subprocess.run(["chattr", "-i", self.folder], check=True)


@pytest.mark.parametrize(
    ("file", "found", "other", "reason"),
    [
        (
            "config/faults.yaml",
            "train_identities: 10",
            "train_identities: 11",
            "Params have changed since last execution",
        ),
        ("methods/maum.py", '"""', '"""Of another version. ', "now: ['methods/maum.py "),
    ],
)
def test_another_configuration_or_version_makes_again_what_it_changes_and_says_so(finished, file, found, other, reason):
    path = finished.folder / file
    before = path.read_text()
    path.write_text(before.replace(found, other, 1))
    status, said = finished.run("--dry-run")
    path.write_text(before)
    assert status == 0
    assert reason in said
    assert "Nothing to be done" in finished.run("--dry-run")[1]


def test_every_kind_of_file_can_be_hit(finished):
    kinds = {damage._kind(path) for path in damage.files(finished.folder)}
    assert {".csv", ".npy", ".npz", ".json", ".safetensors", ".svg", ".html", ".sha256", ".jpg", ".snakemake"} <= kinds
