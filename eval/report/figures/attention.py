"""What a network looks at: Grad-CAM maps over a few test images (MG-MRA, Fig. 4; MUN, Fig. 5).

Entry: {kind: attention, dataset: str, rows: [label], setting: str (default: full), images: bool (default: true)}; one
line the images themselves, one a row, its first training. Without images (also by --no-images) the maps stand alone.
"""

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image

from eval.report import names, samples, style
from eval.report.experiment import Experiment, Run

VEIL = 0.6  # how much of an image its map covers


def draw(experiment: Experiment, results: pd.DataFrame, spec: dict) -> Figure | None:
    """One column an image, visible and infrared of one identity beside each other."""
    setting, dataset = spec.get("setting", "full"), experiment.datasets[spec["dataset"]]
    pictures = samples.Pictures(dataset, shown=spec["images"] or not dataset.get("real", True))
    found = {label: read_maps(samples.run_of(experiment, label, spec["dataset"], setting)) for label in spec["rows"]}
    first = next(iter(found.values()))
    shown = [pictures.of(name) if pictures.shown else None for name in first["names"]]
    lines = [None, *found] if pictures.shown else list(found)
    size = (0.66 * len(shown) + 0.9, 1.3 * len(lines) + 0.6)
    figure, axes = plt.subplots(len(lines), len(shown), figsize=size, squeeze=False)
    for i, label in enumerate(lines):
        for j, image in enumerate(shown):
            if label is None:
                axes[i, j].imshow(image, aspect="auto")
            else:
                _map(axes[i, j], found[label]["maps"][j], image)
            style.bare(axes[i, j])
        axes[i, 0].set_ylabel("image" if label is None else names.label(label), fontsize=8)
    for axis, identity, modality in zip(axes[-1], first["identities"], first["modalities"], strict=True):
        axis.set_xlabel(f"{identity}\n{modality}", fontsize=7)
    figure.suptitle(f"{names.dataset(spec['dataset'])}, {names.setting(setting)}", fontsize=10)
    return figure


def read_maps(run: Run) -> dict[str, np.ndarray]:
    """The arrays of a run's attention.npz."""
    with np.load(Path(run.folder) / "attention.npz", allow_pickle=False) as file:
        return dict(file)


def _map(axis: Axes, values: np.ndarray, image: np.ndarray | None) -> None:
    """A map over its image in grey, from nothing (dark) to the map's own highest value (bright)."""
    height, width = image.shape[:2] if image is not None else (16 * values.shape[0], 16 * values.shape[1])
    heat = values / max(values.max(), 1e-12)
    large = np.asarray(Image.fromarray(heat.astype(np.float32)).resize((width, height), Image.Resampling.BILINEAR))
    coloured = plt.get_cmap("inferno")(large)[..., :3]
    if image is not None:
        grey = np.repeat(image.mean(axis=2, keepdims=True) / 255, 3, axis=2)
        coloured = VEIL * coloured + (1 - VEIL) * grey
    axis.imshow(coloured, aspect="auto")
