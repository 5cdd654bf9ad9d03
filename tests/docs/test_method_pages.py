"""The pages of the methods say what recipes, modules and experiments say."""

import pytest

from methods import pages, recipes


@pytest.mark.parametrize("name", recipes.names())
def test_a_page_is_what_its_command_would_write(name):
    path = pages.PAGES / f"{name}.md"
    assert path.is_file(), "make it with python -m methods --pages"
    assert path.read_text(encoding="utf-8") == pages.page(name), "python -m methods --pages writes it anew"


def test_what_a_person_wrote_is_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(pages, "PAGES", tmp_path)
    (tmp_path / "agw.md").write_text(f"# AGW\n\nA sentence.\n\n{pages.MARK}\nan old recipe\n")
    pages.write_pages()
    text = (tmp_path / "agw.md").read_text(encoding="utf-8")
    assert text.startswith(f"# AGW\n\nA sentence.\n\n{pages.MARK}\n\n## What the module says")
    assert "an old recipe" not in text
    assert text.count("| `pooling.p`") == 1


def test_what_differs_by_dataset_has_a_line_each():
    lines = [line.split("|") for line in pages.page("maum").splitlines() if line.startswith("| `bank.visible`")]
    assert [(dataset.strip(), value.strip()) for _, _, dataset, value, *_ in lines] == [
        ("all", "3000"),
        ("regdb", "1500"),
    ]


def test_results_are_the_printed_ones_and_the_demos():
    (section,) = [part for part in pages.page("maum").split("\n## ") if part.startswith("Results")]
    cells = [[cell.strip() for cell in line.split("|")[1:-1]] for line in section.splitlines()]
    assert ["MAUM^G", "maum, Table 1", "sysu-mm01", "all-search", "balanced", "61.59", "59.96", "`maum_table1`",
            "`maum`"] in cells  # fmt: skip
    demo = pages.DEMO.read_text(encoding="utf-8")
    shown = [line for line in section.splitlines() if "±" in line]
    assert len(shown) > 4 and all(line in demo for line in shown)
    assert {line.split("|")[1].strip() for line in shown} == {"Baselineᴳ", "Baselineᴾ", "MAUMᴳ", "MAUMᴾ"}
