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
