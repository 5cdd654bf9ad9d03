"""The command line from a rendered folder to a picture, and the check of a configured dataset."""

import json

import pytest
import yaml
from PIL import Image

from datasets.__main__ import main
from datasets.preparation.config import read_entry

ENTRY = {"layout": "regdb", "holdout": "test", "expect": None}


@pytest.fixture
def configured(rendered, tmp_path):
    """`configured(**changes)`: a configuration file with the tiny RegDB under the name `mine`."""

    def write(**changes) -> str:
        file = tmp_path / "datasets.yaml"
        entry = ENTRY | {"root": str(rendered["regdb"])} | changes
        file.write_text(yaml.safe_dump({"datasets": {"mine": entry}}))
        return str(file)

    return write


def test_check_reports_a_good_folder(configured, rendered, capsys):
    expect = str(rendered["regdb"].with_name("regdb.json"))
    assert main(["check", "mine", "--config", configured(expect=expect)]) == 0
    assert capsys.readouterr().out.endswith("is as expected\n")


def test_check_says_what_is_wrong(configured, tmp_path, capsys):
    assert main(["check", "mine", "--config", configured(root=str(tmp_path / "RegDB"))]) == 1
    assert f"{tmp_path / 'RegDB'}: no such folder. RegDB with its index files" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "changes", "complaint"),
    [
        ("mnie", {}, "no dataset 'mnie', did you mean 'mine'?"),
        ("mine", {"layout": "regbd"}, "unknown dataset layout 'regbd', did you mean 'regdb'?"),
    ],
)
def test_check_names_the_nearest(configured, name, changes, complaint, capsys):
    assert main(["check", name, "--config", configured(**changes)]) == 1
    assert complaint in capsys.readouterr().err


@pytest.mark.parametrize(
    "text", ["- 1\n", "datasets: 4\n", "a: [\n", "datasets: {mine: {layout: regdb}}\n", "datasets: {mine: 3}\n"]
)
def test_a_broken_configuration_is_an_error(text, tmp_path, capsys):
    (tmp_path / "datasets.yaml").write_text(text)
    assert main(["check", "mine", "--config", str(tmp_path / "datasets.yaml")]) == 1
    assert f"{tmp_path / 'datasets.yaml'}: " in capsys.readouterr().err


def test_a_configuration_that_is_not_there_is_named(tmp_path, capsys):
    assert main(["check", "mine", "--config", str(tmp_path / "none.yaml")]) == 1
    assert f"{tmp_path / 'none.yaml'}: no such file; run this in the project's folder" in capsys.readouterr().err


def test_the_projects_configuration_states_the_published_sizes():
    names = ("sysu-mm01", "regdb", "llcm")
    sizes = {name: read_entry("config/datasets.yaml", name)["expect"]["test"] for name in names}
    assert sizes["sysu-mm01"]["train"] == {"identities": 395, "visible": 22258, "infrared": 11909}
    assert sizes["regdb"]["test"] == {"identities": 206, "visible": 2060, "infrared": 2060}
    assert sum(side["images"] for side in sizes["llcm"].values()) == 46767


def test_a_contact_sheet_shows_people_in_rows_and_cameras_in_columns(rendered, tmp_path, capsys):
    root = rendered["sysu_mm01"]
    index, sheet = tmp_path / "images.csv", tmp_path / "sheet.png"
    where = ["--root", str(root), "--holdout", "test", "--expect", json.dumps(str(root.with_name("sysu_mm01.json")))]
    assert main(["index", "--layout", "sysu_mm01", *where, "--out", str(index)]) == 0
    assert main(["contact-sheet", "--index", str(index), "--root", str(root), "--out", str(sheet)]) == 0
    assert f"wrote {sheet}" in capsys.readouterr().out
    people, columns = 8, 2 * 6  # of ten people; two images in each of six cameras
    width, height = Image.open(sheet).size
    assert people * 128 < height < (people + 1) * 128 and columns * 64 < width < (columns + 2) * 64
