"""Which room imports which: the picture in docs/architecture.md, drawn from the code.

python -m workflow.imports            write it anew
"""

import argparse
import ast
from pathlib import Path

from files import write_whole

ROOMS = ("benchmarks", "workflow", "training", "methods", "datasets", "eval", "files")
NOTED = ("torch", "snakemake", "pandas", "scipy", "matplotlib", "PIL")
PAGE = Path("docs/architecture.md")
BEGIN, END = "<!-- python -m workflow.imports -->\n", "<!-- end -->"


def sources(room: str) -> list[Path]:
    """The Python files of a room, sorted."""
    return sorted(Path(room).rglob("*.py")) if Path(room).is_dir() else [Path(f"{room}.py")]


def imports(path: Path) -> set[str]:
    """Dotted names that a file imports, anywhere in it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def picture() -> str:
    """One line a room, upper rooms first: the rooms below that it imports, and the heavy packages."""
    lines = ["```text"]
    for room in ROOMS:
        packages = {name.split(".")[0] for path in sources(room) for name in imports(path)}
        below = [other for other in ROOMS if other in packages - {room}]
        heavy = [name for name in NOTED if name in packages]
        lines.append(
            f"{room:<11}──▶ {', '.join(below) or '–':<42}{'  with ' + ', '.join(heavy) if heavy else ''}".rstrip()
        )
    return "\n".join([*lines, "```", ""])


def main() -> None:
    """Put the picture between its marks."""
    parser = argparse.ArgumentParser(prog="python -m workflow.imports", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.parse_args()
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    after = rest.partition(END)[2]
    with write_whole(PAGE) as temporary:
        temporary.write_text(before + BEGIN + picture() + END + after, encoding="utf-8")


if __name__ == "__main__":
    main()
