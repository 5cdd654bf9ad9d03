"""How alike the items of a learnt memory are: cosine between all pairs.

Entry: {kind: memory, dataset: str, row: label, setting: str (default: full), tensors: {title: name}, strip: int}; one
panel a tensor of the run's weights, (strips, items, channels) or (items, channels), first training.
"""

from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from safetensors.numpy import load_file

from eval.report import names, samples, style
from eval.report.experiment import Experiment


def draw(experiment: Experiment, results: pd.DataFrame, spec: dict) -> Figure | None:
    """Square matrices on one scale from -1 to 1."""
    setting = spec.get("setting", "full")
    run = samples.run_of(experiment, spec["row"], spec["dataset"], setting)
    weights = load_file(Path(run.folder) / "weights.safetensors")
    figure, axes = style.panels(len(spec["tensors"]), width=3.0, height=2.8)
    for axis, (title, name) in zip(axes, spec["tensors"].items(), strict=True):
        if name not in weights:
            raise ValueError(f"{run.folder}/weights.safetensors has no tensor {name!r}; it has {sorted(weights)}")
        cosine = likeness(weights[name], spec["strip"])
        picture = axis.imshow(cosine, cmap="RdBu", vmin=-1, vmax=1)
        axis.set(title=title, xlabel="item", ylabel="item")
        axis.grid(False)
    figure.colorbar(picture, ax=axes, label="cosine", shrink=0.8)
    figure.suptitle(f"{names.label(spec['row'])}, {names.dataset(spec['dataset'])}", fontsize=10)
    return figure


def likeness(items: np.ndarray, strip: int) -> np.ndarray:
    """Cosines (items, items) of a memory (strips, items, channels), of one strip, or (items, channels)."""
    vectors = samples.unit(items[strip] if items.ndim == 3 else items)
    return vectors @ vectors.T
