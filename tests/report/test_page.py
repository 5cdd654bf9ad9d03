"""The page of an experiment: whole in one file, and working in a real browser."""

import re
import shutil

import pytest

from eval.report.__main__ import main
from tests.report import browser, synthetic
from tests.report.conftest import report


def test_the_page_needs_nothing_but_itself(demo):
    text = (demo / "reports/demo/index.html").read_text()
    assert not re.search(r"""(src|href)=["'](https?:)?//""", text)
    assert re.findall(r'<img src="(?!data:)', text) == []
    for words in ("Provenance", "0123456789abcdef", "torch 2.11.0", "cpu: x86_64", "snakemake --cores all results/"):
        assert words in text


def test_links_lead_to_the_figures(demo):
    folder = demo / "reports/demo"
    links = re.findall(r'href="(figures/[^"]+)"', (folder / "index.html").read_text())
    assert len(links) == 4 and all((folder / link).is_file() for link in links)


def test_a_figure_that_is_not_drawn_is_named(demo, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(demo)
    results = "reports/demo/results.csv"
    command = [
        "page",
        "experiment.json",
        "--results",
        results,
        "--figures",
        str(tmp_path),
        "--out",
        str(tmp_path / "x"),
    ]
    assert main(command) == 1
    assert f"{tmp_path}/cmc.png does not exist; draw it" in capsys.readouterr().err


def test_real_people_are_left_out_on_request(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    description = synthetic.make(tmp_path, datasets=("demo-regdb",), settings=("full",))
    out = report(tmp_path, description)
    command = ["page", "experiment.json", "--results", str(out / "results.csv"), "--figures", str(out / "figures")]
    assert "Images of demo (RegDB layout)" in (out / "index.html").read_text()
    description["datasets"]["demo-regdb"]["real"] = True
    report(tmp_path, description)
    assert main([*command, "--out", str(out / "shared.html"), "--no-images"]) == 0
    assert "Images of demo" not in (out / "shared.html").read_text()


@pytest.fixture(scope="module")
def page(demo):
    if browser.CHROMIUM is None:
        pytest.skip("no Chromium is installed (apt-get install chromium)")
    return demo / "reports/demo/index.html"


@pytest.mark.browser
@pytest.mark.parametrize("width", [390, 1280])
def test_in_a_browser(page, tmp_path, width):
    seen = browser.look(page, tmp_path, width)
    assert seen["problems"] == [] and seen["console"] == [] and seen["outside"] == []
    assert len(seen["images"]) == 4 and all(image["loaded"] for image in seen["images"])
    assert seen["overflow"] <= 0, "the page is wider than the screen"
    assert seen["smallest"] >= 11
    for table in seen["sorts"]:
        numbers = [float(value) for value in table["down"] if value not in (None, "")]
        assert numbers == sorted(numbers, reverse=True)
        assert [float(value) for value in table["up"] if value not in (None, "")] == sorted(numbers)
    assert any(table["before"] != table["down"] for table in seen["sorts"])


@pytest.mark.browser
def test_in_print(page, tmp_path):
    printed = browser.print_pdf(page, tmp_path)
    assert printed.startswith(b"%PDF") and 2 <= len(re.findall(rb"/Type\s*/Page\b", printed)) <= 20
    shutil.rmtree(tmp_path / "profile")
