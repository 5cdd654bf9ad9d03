"""Command line of the reports; each command reads files and writes files, and is one job of the workflow.

python -m eval.report tables reports/demo/experiment.json --results reports/demo/results.csv --out reports/demo
"""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from eval.report.experiment import load_experiment

Commands = argparse._SubParsersAction  # what add_subparsers returns has no public name


def main(arguments: list[str] | None = None) -> int:
    """Run one command; problems with the inputs are one message on stderr and exit status 1."""
    options = parser().parse_args(arguments)
    try:
        options.do(options)
    except (ValueError, KeyError, OSError) as error:
        print(f"error: {_told(error)}", file=sys.stderr)
        return 1
    return 0


def _told(error: Exception) -> object:
    if isinstance(error, FileNotFoundError) and error.filename is not None:
        return f"{error.filename}: no such file; `snakemake --cores all EXPERIMENT` makes it"
    return error.args[0] if isinstance(error, KeyError) else error


def parser() -> argparse.ArgumentParser:
    """The commands and their options."""
    top = argparse.ArgumentParser(
        prog="python -m eval.report", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = top.add_subparsers(required=True, metavar="COMMAND")
    _collect(commands)
    _tables(commands)
    _figures(commands)
    _page(commands)
    _coverage(commands)
    _benchmark(commands)
    _merge(commands)
    return top


def _command(
    commands: Commands, name: str, do: Callable[[argparse.Namespace], None], text: str
) -> argparse.ArgumentParser:
    command = commands.add_parser(name, help=text, description=text)
    command.set_defaults(do=do)
    return command


def _experiment(command: argparse.ArgumentParser, *, results: bool = True) -> None:
    command.add_argument("experiment", type=Path, metavar="EXPERIMENT.json")
    if results:
        command.add_argument("--results", type=Path, required=True, metavar="results.csv")


def _collect(commands: Commands) -> None:
    command = _command(commands, "collect", collect, "Put the scores of all runs of an experiment into one table.")
    _experiment(command, results=False)
    command.add_argument("--out", type=Path, required=True, help="results.csv; runs.csv is written beside it")
    command.add_argument("--parquet", action="store_true", help="also write results.parquet")
    command.add_argument("--partial", action="store_true", help="leave out runs without scores; tables will list them")


def collect(options: argparse.Namespace) -> None:
    """Write results.csv and runs.csv."""
    from eval.report.collect import write_results

    runs = load_experiment(options.experiment).runs
    write_results(runs, options.out, partial=options.partial, parquet=options.parquet)


def _tables(commands: Commands) -> None:
    command = _command(commands, "tables", tables, "Write tables.md, tables.csv, tables.tex and tables.html.")
    _experiment(command)
    command.add_argument("--out", type=Path, required=True, metavar="FOLDER")


def tables(options: argparse.Namespace) -> None:
    """Write the tables in four formats."""
    from eval.report.collect import read_results, read_runs
    from eval.report.tables import write_tables

    experiment, results = load_experiment(options.experiment), read_results(options.results)
    write_tables(experiment, results, read_runs(options.results.with_name("runs.csv")), options.out)


def _figures(commands: Commands) -> None:
    command = _command(commands, "figures", figures, "Draw the figures that the experiment names, as PNG and SVG.")
    _experiment(command)
    command.add_argument("--out", type=Path, required=True, metavar="FOLDER")
    command.add_argument("--name", action="append", help="only this figure (repeatable); default: all")
    command.add_argument(
        "--no-images", action="store_true", help="leave photographs of real people out, whatever the figure asks"
    )


def figures(options: argparse.Namespace) -> None:
    """Draw figures."""
    from eval.report.collect import read_results
    from eval.report.draw import draw_figures

    experiment = load_experiment(options.experiment)
    results = read_results(options.results)
    draw_figures(experiment, results, options.out, names=options.name, images=not options.no_images)


def _page(commands: Commands) -> None:
    command = _command(commands, "page", page, "Write the experiment's page: one HTML file that needs no network.")
    _experiment(command)
    command.add_argument("--figures", type=Path, required=True, metavar="FOLDER", help="where `figures` wrote")
    command.add_argument("--out", type=Path, required=True, metavar="index.html")
    command.add_argument("--no-images", action="store_true", help="leave photographs of real people out")


def page(options: argparse.Namespace) -> None:
    """Write the page of an experiment."""
    from eval.report.collect import read_results
    from eval.report.page import write_page

    experiment = load_experiment(options.experiment)
    runs = options.results.with_name("runs.csv")
    write_page(
        experiment, read_results(options.results), runs, options.figures, options.out, images=not options.no_images
    )


def _coverage(commands: Commands) -> None:
    command = _command(commands, "coverage", coverage, "Say which of the papers' own rows have a run.")
    command.add_argument(
        "plans", type=Path, nargs="+", metavar="EXPERIMENT.json", help="one description or a list each"
    )
    command.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="for coverage.csv and coverage.md")
    command.add_argument("--strict", action="store_true", help="fail if a row has neither a run nor a reason")


def coverage(options: argparse.Namespace) -> None:
    """Write the coverage of the papers."""
    from eval.report.coverage import UNCOVERED, read_plans, write_coverage

    table = write_coverage(read_plans(options.plans), options.out)
    open_rows = table[table.reason.str.startswith(UNCOVERED)]
    if options.strict and len(open_rows):
        named = "\n".join(
            "  " + ", ".join(filter(None, row)) for row in open_rows[list(table.columns[:7])].values.tolist()
        )
        raise ValueError(f"{len(open_rows)} printed rows have neither a run nor a reason:\n{named}")


def _benchmark(commands: Commands) -> None:
    command = _command(commands, "benchmark", benchmark, "Write the page over all experiments.")
    command.add_argument("plans", type=Path, nargs="+", metavar="EXPERIMENT.json", help="results.csv lies beside each")
    command.add_argument("--coverage", type=Path, metavar="coverage.csv")
    command.add_argument("--out", type=Path, required=True, metavar="index.html")


def benchmark(options: argparse.Namespace) -> None:
    """Write the benchmark's page."""
    from eval.report.benchmark import write_benchmark

    write_benchmark(options.plans, options.coverage, options.out)


def _merge(commands: Commands) -> None:
    command = _command(commands, "merge", merge, "Put the results of several machines into one table.")
    command.add_argument("results", type=Path, nargs="+", metavar="results.csv", help="runs.csv lies beside each")
    command.add_argument("--out", type=Path, required=True, metavar="results.csv")
    command.add_argument("--across-commits", action="store_true", help="accept runs of different commits")


def merge(options: argparse.Namespace) -> None:
    """Write the merged results.csv and runs.csv; say what a reader must know of them."""
    from eval.report.merge import write_merged

    for remark in write_merged(options.results, options.out, across_commits=options.across_commits):
        print(remark)


if __name__ == "__main__":
    sys.exit(main())
