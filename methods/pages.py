"""Pages of docs/methods: what a person wrote on top, and below the mark what recipe, module and experiments say."""

import ast
import csv
import unicodedata
from collections.abc import Sequence
from pathlib import Path

import yaml
from tabulate import tabulate

from files import write_whole
from methods import recipes

PAGES = Path("docs/methods")
SIZES = Path("docs/methods-at-paper-recipe.md")
TIMES = Path("docs/time-and-memory-per-step.md")
DEMO = Path("docs/demo/tables.md")
COVERAGE = Path("reports/coverage.csv")
PUBLISHED = Path("reports/published/results.csv")
EXPERIMENTS = Path("config/experiments")
MARK = "<!-- Below this line: python -m methods --pages -->"


def write_pages() -> None:
    """Write each method's page, keeping what stands above its mark; a new method gets a page with its name alone."""
    for name in recipes.names():
        path = PAGES / f"{name}.md"
        with write_whole(path) as temporary:
            temporary.write_text(page(name), encoding="utf-8")
        print(path)


def page(name: str) -> str:
    """The page that a method should have, from the page that it has."""
    path = PAGES / f"{name}.md"
    written = path.read_text(encoding="utf-8") if path.is_file() else f"# {recipes.title(name)}\n\n"
    return written.partition(MARK)[0] + MARK + "\n\n" + "\n\n".join(_generated(name)) + "\n"


def _generated(name: str) -> list[str]:
    parts = [
        f"## What the module says\n\n`methods/{name}.py`, which holds every departure from the paper:",
        f"```text\n{ast.get_docstring(ast.parse(Path(f'methods/{name}.py').read_text(encoding='utf-8')))}\n```",
        f"## Recipe\n\nOf `methods/{name}.yaml`; every other key has the value of `methods/common.yaml`. "
        f"What a run has in the end says `python -m methods {name} --layout sysu_mm01`.",
        _recipe(name),
        "## Networks that the paper names",
        _table(("network", "run", "source"), _variants(name)),
    ]
    if sizes := _own_lines(SIZES, name):
        parts += ["## Cost at the paper recipe", sizes]
    if times := _own_lines(TIMES, name):
        parts += [f"A training step ([how it was measured](../{TIMES.name})):", times]
    if printed := _printed(name):
        parts += [
            "## Results\n\nAs printed, in percent, with the experiment and the run that reproduce each row. "
            "`reports/published/suspects.csv` says which of the printed cells contradict others.",
            _table(("printed as", "in", "dataset", "protocol", "setting", "R-1", "mAP", "experiment", "run"), printed),
        ]
    if demo := _demo(name):
        parts += [
            "On rendered people, which say nothing about photographs ([all of the demo](../demo/tables.md)):",
            *demo,
        ]
    if experiments := _experiments(name):
        parts += ["## Tables and figures\n\nEach is made by `snakemake --cores all NAME`:", experiments]
    return parts


def _recipe(name: str) -> str:
    own = recipes.read(name)
    rows = []
    for key, entry in own["keys"].items():
        rows.append((f"`{key}`", "all", *_entry(entry)))
        for layout, entries in own.get("datasets", {}).items():
            if key in entries:
                rows.append((f"`{key}`", layout, *_entry(entry | entries[key])))
    return _table(("key", "dataset", "value", "unit", "allowed", "source"), rows)


def _entry(entry: dict) -> tuple[str, str, str, str]:
    allowed = ", ".join(recipes.text_of(choice) for choice in entry.get("choices", []))
    bounds = [f"{word} {recipes.text_of(entry[key])}" for key, word in (("min", "from"), ("max", "to")) if key in entry]
    return recipes.text_of(entry["value"]), entry.get("unit", ""), allowed or " ".join(bounds), entry["source"]


def _variants(name: str) -> list[tuple[str, ...]]:
    found = recipes.variants(name).items()
    return [(label, f"`{variant['run']}`", variant.get("source", "")) for label, variant in found]


def _own_lines(path: Path, name: str) -> str:
    """The lines of a method in the table of a generated document, if there are any."""
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    lines = [line for line in lines if line.startswith("|")]
    own = [line for line in lines[2:] if line.split("|")[1].strip() == name]
    return "\n".join([*lines[:2], *own]) if own else ""


def _printed(name: str) -> list[tuple[str, ...]]:
    """The printed rows that runs of a method reproduce."""
    keys = ("paper", "source", "row_method", "dataset", "protocol", "shot", "setting")
    printed = {tuple(row[key] for key in (*keys, "metric")): row["value"] for row in _rows(PUBLISHED)}
    found = []
    for row in _rows(COVERAGE):
        if row["run"] and recipes.parse(row["run"]).method == name:
            place = tuple(row[key] for key in keys)
            scores = [printed.get((*place, metric), "") for metric in ("rank-1", "mAP")]
            where = f"{row['paper']}, {row['source']}"
            protocol = ", ".join(filter(None, (row["protocol"], row["shot"])))
            shown = (row["row_method"], where, row["dataset"], protocol, row["setting"], *scores)
            found.append((*shown, f"`{row['experiment']}`", f"`{row['run']}`"))
    return found


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _demo(name: str) -> list[str]:
    """A method's lines of the demo's accuracy tables, each table under its title."""
    experiment = yaml.safe_load((EXPERIMENTS / "demo.yaml").read_text(encoding="utf-8"))
    own = {_plain(row["label"]) for row in experiment["rows"] if recipes.parse(row["run"]).method == name}
    found: list[str] = []
    for block in DEMO.read_text(encoding="utf-8").partition("## Accuracy")[2].partition("\n## ")[0].split("\n\n"):
        if block.startswith("**"):
            title = block
        elif block.startswith("|"):
            head, rule, *lines = block.splitlines()
            lines = [line for line in lines if _plain(line.split("|")[1]) in own]
            found += [title, "\n".join([head, rule, *lines])] if lines else []
    return found


def _plain(label: str) -> str:
    """A label without the signs by which configuration and tables raise a letter."""
    return unicodedata.normalize("NFKC", label).replace("^", "").strip()


def _experiments(name: str) -> str:
    lines = []
    for path in sorted(EXPERIMENTS.glob("*.yaml")):
        experiment = yaml.safe_load(path.read_text(encoding="utf-8"))
        if any(recipes.parse(row["run"]).method == name for row in experiment["rows"]):
            lines.append(f"- `{path.stem}`: {experiment['title']}")
    return "\n".join(lines)


def _table(headers: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    cells = [[cell.replace("|", "\\|") for cell in row] for row in rows]
    return tabulate(cells, headers=headers, tablefmt="pipe", disable_numparse=True)
