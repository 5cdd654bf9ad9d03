"""One look for every figure: colours that colour-blind readers can tell apart, and how a figure is written."""

from collections.abc import Iterable
from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from eval.report.experiment import Experiment
from files import write_whole

# Okabe and Ito's palette without its yellow and black, which vanish on white and among the axes.
COLOURS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00"]
MORE = ["#332288", "#882255", "#44AA99", "#999933"]
DASHES = ["-", "--", "-.", ":"]
MARKERS = ["o", "s", "^", "D", "v", "P", "X", "<", ">"]
GREYS = ["#555555", "#999999", "#BBBBBB"]
RIGHT, WRONG = "#0072B2", "#D55E00"
INK = "#222222"

plt.rcParams.update(
    {
        "figure.dpi": 100,
        "savefig.dpi": 170,
        "savefig.bbox": "tight",
        "savefig.pad_inches": 0.05,
        "figure.constrained_layout.use": True,
        "font.family": "DejaVu Sans",
        "font.size": 9,
        "axes.titlesize": 10,
        "axes.labelsize": 9,
        "axes.edgecolor": INK,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.grid": True,
        "axes.axisbelow": True,
        "grid.color": "#E4E4E4",
        "grid.linewidth": 0.6,
        "legend.frameon": False,
        "legend.fontsize": 8,
        "lines.linewidth": 1.6,
        "lines.markersize": 4,
        "svg.hashsalt": "vireid-bench",
    }
)


def styles(experiment: Experiment) -> dict[str, dict]:
    """Row label -> colour, dash and marker, the same in every figure of an experiment; references are grey."""
    labels = list(dict.fromkeys(row.label for row in experiment.rows if not row.reference))
    references = list(dict.fromkeys(row.label for row in experiment.rows if row.reference))
    look = {label: series(i) | {"reference": False} for i, label in enumerate(labels)}
    for i, label in enumerate(references):
        look[label] = {"color": GREYS[i % len(GREYS)], "linestyle": ":", "marker": ".", "reference": True}
    return look


def series(i: int) -> dict:
    """Look of the i-th series: colours first, then dashes and markers beside them."""
    return {
        "color": COLOURS[i % len(COLOURS)],
        "linestyle": DASHES[(i // len(COLOURS)) % len(DASHES)],
        "marker": MARKERS[i % len(MARKERS)],
    }


def panels(count: int, *, width: float = 3.4, height: float = 2.7, across: int = 3) -> tuple[Figure, list[Axes]]:
    """A figure of `count` panels of `width` x `height` inches, at most `across` beside one another."""
    columns = min(count, across)
    rows = -(-count // columns)
    figure, axes = plt.subplots(rows, columns, figsize=(width * columns, height * rows), squeeze=False)
    flat = list(axes.flat)
    for spare in flat[count:]:
        spare.remove()
    return figure, flat[:count]


def legend_below(figure: Figure, axes: Iterable[Axes], *, across: int = 4) -> None:
    """One legend for all panels under the figure, every label once."""
    entries: dict = {}
    for axis in axes:
        for handle, label in zip(*axis.get_legend_handles_labels(), strict=True):
            entries.setdefault(label, handle)
    entries = dict(sorted(entries.items(), key=lambda entry: (entry[0].endswith("(printed)"), entry[0] == "total")))
    across = min(across, max(2, int(figure.get_figwidth() / 1.6)))
    if entries:
        figure.legend(
            entries.values(),
            entries.keys(),
            loc="outside lower center",
            ncols=min(across, len(entries)),
            handlelength=2.6,
        )


def save(figure: Figure, folder: Path, name: str) -> list[Path]:
    """Write `{name}.png` and `{name}.svg` without dates, so that equal figures are equal files; closes the figure."""
    written = []
    for suffix, metadata in ((".png", {"Software": None}), (".svg", {"Date": None, "Creator": None})):
        path = folder / f"{name}{suffix}"
        with write_whole(path) as temporary:
            figure.savefig(temporary, format=suffix[1:], metadata=metadata)
        written.append(path)
    plt.close(figure)
    return written


def many(i: int) -> str:
    """Colour of the i-th identity; beyond ten they repeat, so a number must stand beside."""
    return (COLOURS + MORE)[i % (len(COLOURS) + len(MORE))]


def bare(axis: Axes) -> None:
    """A panel whose axes mean nothing: no ticks, no grid, a pale frame."""
    axis.set(xticks=[], yticks=[])
    axis.grid(False)
    axis.spines[:].set(visible=True, color="#CCCCCC")


def heat(axis: Axes, percent: np.ndarray, size: float = 8) -> None:
    """A matrix of percentages as shades, each with its number; a dash stands for NaN."""
    axis.imshow(percent, cmap="Blues", vmin=0, vmax=115, aspect="auto")
    for i, j in np.ndindex(percent.shape):
        value = percent[i, j]
        colour = "white" if value > 65 else INK
        axis.text(
            j, i, "–" if np.isnan(value) else f"{value:.0f}", ha="center", va="center", fontsize=size, color=colour
        )
    axis.grid(False)
    axis.spines[:].set_visible(False)
    axis.tick_params(length=0)
