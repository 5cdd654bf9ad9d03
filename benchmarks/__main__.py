"""`python -m benchmarks NAME [options]`: each module of this folder is a benchmark with a `main(arguments)`."""

import importlib
import platform
import sys
from pathlib import Path

import numpy as np


def names() -> list[str]:
    """The benchmarks found in this folder."""
    return sorted(path.stem for path in Path(__file__).parent.glob("*.py") if not path.stem.startswith("_"))


def machine() -> str:
    """Processor, cores and versions, for the head of every table."""
    info = Path("/proc/cpuinfo")
    models = [line for line in info.read_text().splitlines() if "model name" in line] if info.exists() else []
    name = models[0].split(":")[1].strip() if models else platform.processor() or platform.machine()
    return f"{name}, {len(models) or '?'} cores; Python {platform.python_version()}, NumPy {np.__version__}"


def main() -> int:
    """Run the benchmark named first on the command line."""
    if len(sys.argv) < 2 or sys.argv[1] not in names():
        print(f"{__doc__}\n\nbenchmarks: {', '.join(names())}", file=sys.stderr)
        return 2
    print(machine())
    return importlib.import_module(f"benchmarks.{sys.argv[1]}").main(sys.argv[2:])


if __name__ == "__main__":
    sys.exit(main())
