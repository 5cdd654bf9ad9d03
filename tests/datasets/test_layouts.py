"""What every layout found in the folder must offer, and what its loader reads from an intact folder."""

import json
import re
import subprocess
import sys

import pytest

import datasets
from datasets.preparation.expect import check, count
from datasets.preparation.index import make_index
from datasets.preparation.rows import SIDES, read_index, write_index


@pytest.mark.parametrize("name", datasets.layouts())
def test_states_its_facts_as_plain_data(name):
    module = datasets.layout(name)
    assert module.SPLITS in (1, 10)
    assert all(protocol.startswith(name.replace("_", "-") + "-") for protocol in module.PROTOCOLS)
    assert "test" in module.HOLDOUTS and module.HELP


def test_names_cost_no_heavy_import():
    program = (
        "import sys, datasets\n"
        "for name in datasets.layouts(): datasets.layout(name)\n"
        "print([name for name in ('numpy', 'pandas', 'PIL', 'tqdm') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_an_unknown_layout_is_refused_with_the_nearest():
    with pytest.raises(datasets.DatasetError, match="unknown dataset layout 'sysu_mm02', did you mean 'sysu_mm01'"):
        datasets.layout("sysu_mm02")


@pytest.mark.parametrize("name", datasets.layouts())
def test_reads_an_intact_folder_and_finds_the_stated_counts(name, rendered, tmp_path):
    described = json.loads(rendered[name].with_name(f"{name}.json").read_text())
    module = datasets.layout(name)
    for holdout in module.HOLDOUTS:
        rows = make_index(name, rendered[name], holdout, described["counts"], jobs=1)
        assert [row.path for row in rows] == sorted(row.path for row in rows)
        assert len(count(rows)) == module.SPLITS
        assert all(len(row.sha256) == 64 for row in rows)
        if holdout == "test":
            assert len(rows) == described["images"]
        write_index(rows, tmp_path / "images.csv")
        assert read_index(tmp_path / "images.csv") == rows


@pytest.mark.parametrize("name", datasets.layouts())
def test_nobody_is_on_two_sides_of_a_split(name, rendered):
    for holdout in datasets.layout(name).HOLDOUTS:
        rows = datasets.layout(name).read(rendered[name], holdout)
        for split in range(datasets.layout(name).SPLITS):
            sides = [{row.identity for row in rows if row.splits[split] == side} for side in SIDES]
            assert [bool(side) for side in sides] == [True, holdout == "both", True]
            assert sum(map(len, sides)) == len(set.union(*sides))


@pytest.mark.parametrize("name", datasets.layouts())
def test_a_count_that_differs_is_an_error_with_both_numbers(name, rendered):
    rows = datasets.layout(name).read(rendered[name], "test")
    found = count(rows)[0]["test"]["infrared"]
    said = f"{rendered[name]}: split 1 test: found {found} infrared images, expected {found + 1}. "
    with pytest.raises(datasets.DatasetError, match=re.escape(said + datasets.layout(name).HELP)):
        check(rows, {"test": {"test": {"infrared": found + 1}}}, "test", rendered[name], datasets.layout(name).HELP)


@pytest.mark.parametrize("name", datasets.layouts())
def test_a_missing_folder_is_an_error_with_the_way_to_get_it(name, tmp_path, complain):
    message = complain(name, tmp_path / "nowhere")
    assert f"{tmp_path / 'nowhere'}: no such folder" in message and datasets.layout(name).HELP in message


def test_a_folder_in_which_a_layout_finds_nothing_is_refused(complain, tmp_path, monkeypatch):
    module = datasets.layout("regdb")
    monkeypatch.setattr(module, "read", lambda root, holdout: [])
    assert complain("regdb", tmp_path) == f"error: {tmp_path}: no image found. {module.HELP}\n"


@pytest.mark.parametrize("name", datasets.layouts())
def test_an_unknown_holdout_is_refused(name, rendered, complain):
    message = complain(name, rendered[name], holdout="tset")
    assert "holdout 'tset'" in message and "did you mean 'test'" in message
