"""What the documents tell one to type can be typed, and every file that they name is there."""

import functools
import importlib.util
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from snakemake.cli import get_argument_parser

from workflow import plan

DOCUMENTS = sorted([*Path("docs").rglob("*.md"), *Path(".github").rglob("*.md"), *Path().glob("*.md")])
TITLE = re.compile(r'^```\w+ title="([^"]+)"', re.MULTILINE)
COMMAND = re.compile(r"^(?:python|snakemake|make|pytest|mkdocs|bash) \S.*")
MADE = {found for path in Path("docs/tutorials").glob("*.md") for found in TITLE.findall(path.read_text("utf-8"))}
TARGETS = {*plan.experiment_names(), *(Path(path).stem for path in MADE if "experiments" in path), "all"}


def spans(text: str) -> list[str]:
    """The pieces of code between single backticks."""
    return re.findall(r"(?<!`)`([^`\n]+)`(?!`)", text)


def blocks(text: str) -> list[str]:
    """The lines of indented blocks and of fenced ones in `sh`."""
    fenced = [line for block in re.findall(r"^```sh\n(.*?)^```$", text, re.M | re.S) for line in block.splitlines()]
    return [line[4:] for line in text.splitlines() if line.startswith("    ")] + fenced


def commands(path: Path) -> list[str]:
    """The commands that a document shows; a comment, or two spaces and no option, end one."""
    text = path.read_text(encoding="utf-8")
    shown = [re.split(r"\s+#|\s{2,}(?!--)", line)[0] for line in [*blocks(text), *spans(text)] if COMMAND.match(line)]
    return [command.removesuffix(" …") for command in dict.fromkeys(shown)]


SHOWN = [(path, command) for path in DOCUMENTS for command in commands(path)]


@functools.cache
def options_of(module: str, command: str | None) -> str:
    """The help of a module, or of one of its commands."""
    call = [sys.executable, "-m", module, *([command] if command else []), "--help"]
    return subprocess.run(call, capture_output=True, text=True, check=True).stdout


def check_python(words: list[str]) -> None:
    module, rest = words[2], words[3:]
    assert importlib.util.find_spec(module), f"there is no module {module}"
    options = [word.partition("=")[0] for word in rest if word.startswith("--")]
    subcommands = module in ("benchmarks", "datasets", "training", "eval.report")
    if options or (subcommands and rest):
        command = rest[0] if subcommands and rest[0].islower() else None
        known = set(re.findall(r"--[a-z0-9-]+", options_of(module, command)))
        assert set(options) <= known, f"{module} has no {sorted(set(options) - known)}"


def check_snakemake(words: list[str]) -> None:
    asked = get_argument_parser().parse_args(words[1:])
    for target in asked.targets:
        assert "/" in target or target.isupper() or target in TARGETS, f"no experiment is called {target}"
    for file in asked.configfile or []:
        assert Path(file).is_file() or str(file) in MADE or str(file).isupper(), f"{file} is not there"


def check_make(words: list[str]) -> None:
    targets = set(re.findall(r"^([a-z]+):", Path("Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    assert {word for word in words[1:] if "=" not in word} <= targets


CHECKS = {"python": check_python, "snakemake": check_snakemake, "make": check_make}


@pytest.mark.parametrize(("path", "command"), SHOWN, ids=[f"{path}: {command}" for path, command in SHOWN])
def test_a_command_exists(path, command):
    words = shlex.split(command)
    if words[0] == "bash" or (words[0] == "python" and words[1] != "-m"):
        assert Path(words[1]).is_file()
    elif words[0] in CHECKS:
        CHECKS[words[0]](words)


@pytest.mark.parametrize(
    "module",
    [
        "benchmarks",
        "datasets",
        "eval",
        "eval.report",
        "methods",
        "training",
        "workflow.checksums",
        "workflow.experiments",
        "workflow.imports",
        "workflow.weights",
    ],
)
def test_the_help_of_a_command_line_shows_an_example(module):
    text = options_of(module, None).partition("\n\n")[2]
    assert f"python -m {module} " in text


def test_commands_are_found_at_all():
    shown = {command.split()[0] for _, command in SHOWN}
    assert {"python", "snakemake", "make", "pytest"} <= shown


@pytest.mark.parametrize("path", DOCUMENTS, ids=str)
def test_a_file_that_is_named_is_there(path):
    unkept = re.findall(r"^/([\w.-]+)/", Path(".gitignore").read_text(encoding="utf-8"), re.MULTILINE)
    here = {entry.name for entry in Path().iterdir()} - set(unkept)
    named = [span for span in spans(path.read_text(encoding="utf-8")) if re.fullmatch(r"[\w.-]+(/[\w.+-]*)*", span)]
    named = [span for span in named if span.split("/")[0] in here and ("/" in span or "." in span)]
    assert [span for span in named if not Path(span).exists() and span not in MADE] == []


@pytest.mark.parametrize("path", sorted(Path().glob("*.md")), ids=str)
def test_a_link_leads_somewhere(path):
    """Of the documents that are not part of the site, whose own test follows the others."""
    links = re.findall(r"\]\(([^)#]+)[^)]*\)", path.read_text(encoding="utf-8"))
    assert [link for link in links if "://" not in link and not Path(link).exists()] == []
