"""Measure this machine: each module of this folder is a benchmark with a `main(arguments)`.

python -m benchmarks training            one; python -m benchmarks training --help says what it measures
python -m benchmarks                     all

Without a name all run, one after the other, small on a CPU and full on a GPU, and what they print becomes
docs/benchmarks/<machine>.md with a picture; results of other machines stay beside it.
"""

import importlib
import os
import platform
import re
import subprocess
import sys
from pathlib import Path

import numpy as np

from files import write_whole

DOCS = Path("docs/benchmarks")
PAGES = "<!-- python -m benchmarks -->\n\n"


def names() -> list[str]:
    """The benchmarks found in this folder."""
    return sorted(path.stem for path in Path(__file__).parent.glob("*.py") if not path.stem.startswith("_"))


def hardware() -> str:
    """The GPU, or the processor with its cores."""
    import torch

    from training import provenance

    if torch.cuda.is_available():
        return torch.cuda.get_device_name()
    return f"{provenance.processor()}, {os.cpu_count()} cores"


def machine() -> str:
    """Hardware and versions, for the head of every table."""
    import torch

    cuda = f", CUDA {torch.version.cuda}" if torch.cuda.is_available() else ""
    versions = f"Python {platform.python_version()}, torch {torch.__version__}{cuda}, NumPy {np.__version__}"
    return f"{hardware()}; {versions}"


def run_all() -> int:
    """Run every benchmark in a process of its own and write the machine's page; 1 if one failed."""
    slug = re.sub(r"[^a-z0-9]+", "-", hardware().lower()).strip("-")
    parts, failed = [f"# {hardware()}", f"`python -m benchmarks` on {machine()}."], 0
    tables = {}
    for name in names():
        print(f"== {name}", flush=True)
        about = importlib.import_module(f"benchmarks.{name}").__doc__
        command = [sys.executable, "-m", "benchmarks", name]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
        print(done.stdout, flush=True)
        failed |= done.returncode != 0
        tables[name] = done.stdout.partition("\n")[2].strip()  # the first line names the machine
        shown = tables[name] if tables[name].startswith("|") else f"```text\n{tables[name]}\n```"
        parts += [f"## {name}", f"`python -m benchmarks {name}`. {about.strip()}", shown]
    if not failed:
        from benchmarks import _picture

        _picture.draw(tables["training"], DOCS / f"{slug}.svg", hardware())
        parts.insert(2, f"![Images per second of every method and what the arithmetic allows]({slug}.svg)")
        with write_whole(DOCS / f"{slug}.md") as temporary:
            temporary.write_text("\n\n".join(parts) + "\n", encoding="utf-8")
        _index()
        print(DOCS / f"{slug}.md")
    return failed


def _index() -> None:
    """Name every machine's page at the end of the folder's first page."""
    index = DOCS / "index.md"
    pages = sorted(path for path in DOCS.glob("*.md") if path != index)
    links = [
        f"- [{path.read_text(encoding='utf-8').splitlines()[0].removeprefix('# ')}]({path.name})" for path in pages
    ]
    before = index.read_text(encoding="utf-8").partition(PAGES)[0]
    with write_whole(index) as temporary:
        temporary.write_text(before + PAGES + "\n".join(links) + "\n", encoding="utf-8")


def main() -> int:
    """Run the benchmark named first on the command line, or all."""
    if len(sys.argv) < 2:
        return run_all()
    if sys.argv[1] not in names():
        asked = sys.argv[1] in ("-h", "--help")
        print(f"{__doc__}\nbenchmarks: {', '.join(names())}", file=sys.stdout if asked else sys.stderr)
        return 0 if asked else 2
    print(machine())
    return importlib.import_module(f"benchmarks.{sys.argv[1]}").main(sys.argv[2:])


if __name__ == "__main__":
    sys.exit(main())
