"""Features of a few training images through the training, by modality (MUN, Fig. 4).

Entry: {kind: stages, dataset: str, row: label, setting: str (default: full), epochs: [int] | null, seed: int}; one
panel an epoch, first training. The row's run must have `watch.every`, and an epoch is one that it looked at; null: four
from the first to the last.
"""

from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from eval.report import names, samples, style
from eval.report.experiment import Experiment

LOOKS = {"visible": ("o", style.COLOURS[0]), "infrared": ("^", style.COLOURS[1]), "auxiliary": ("x", style.COLOURS[2])}


def draw(experiment: Experiment, results: pd.DataFrame, spec: dict) -> Figure | None:
    """Panels of points, each epoch with a t-SNE of its own."""
    run = samples.run_of(experiment, spec["row"], spec["dataset"], spec.get("setting", "full"))
    with np.load(Path(run.folder) / "watched.npz", allow_pickle=False) as seen:
        epochs, streams, labels, features = (seen[name] for name in ("epochs", "streams", "labels", "features"))
    chosen = spec.get("epochs") or epochs[np.unique(np.linspace(0, len(epochs) - 1, 4).round().astype(int))].tolist()
    if absent := sorted(set(chosen) - set(epochs.tolist())):
        raise ValueError(f"{run.folder}/watched.npz has no epochs {absent}; it has {epochs.tolist()}")
    figure, axes = style.panels(len(chosen), width=3.2, height=3.0, across=2 if len(chosen) in (2, 4) else 3)
    for axis, epoch in zip(axes, chosen, strict=True):
        vectors = features[epochs.tolist().index(epoch)]  # (S, n, D)
        _panel(axis, vectors, streams.tolist(), labels, spec["seed"])
        gap = modality_gap(vectors[0], vectors[1], labels)
        axis.set_title(f"{'before training' if epoch == 0 else f'after epoch {epoch}'} (gap {gap:.2f})")
    figure.suptitle(f"{names.label(spec['row'])}, {names.dataset(spec['dataset'])}", fontsize=10)
    style.legend_below(figure, axes)
    return figure


def modality_gap(visible: np.ndarray, infrared: np.ndarray, labels: np.ndarray) -> float:
    """Mean cosine distance of cross-modality pairs of one identity, divided by that of different identities."""
    distance = 1 - samples.unit(visible) @ samples.unit(infrared).T
    same = labels[:, None] == labels[None]
    return float(distance[same].mean() / distance[~same].mean())


def _panel(axis: Axes, vectors: np.ndarray, streams: list[str], labels: np.ndarray, seed: int) -> None:
    places = samples.plane(np.concatenate(vectors), seed).reshape(len(streams), len(labels), 2)
    for stream, points in zip(streams, places, strict=True):
        marker, colour = LOOKS[stream]
        face = colour if marker == "o" else "none"
        axis.plot(*points.T, marker, label=stream, color=colour, markerfacecolor=face, markeredgewidth=0.9)
    style.bare(axis)
