"""Draw the figures of an experiment."""

from pathlib import Path

import pandas as pd

from eval.report.experiment import Experiment, figure_name


def draw_figures(
    experiment: Experiment, results: pd.DataFrame, folder: Path, *, names: list[str] | None, images: bool
) -> None:
    """Draw the named figures (None: all); ValueError for an unknown name and for a figure with nothing to show."""
    from eval.report import style
    from eval.report.figures import drawer

    known = {figure_name(spec): spec for spec in experiment.figures}
    if unknown := sorted(set(names or ()) - set(known)):
        raise ValueError(f"experiment {experiment.name} has no figures {unknown}; it has {sorted(known)}")
    for name in names or known:
        spec = known[name]
        figure = drawer(spec["kind"])(experiment, results, {**spec, "images": images and spec.get("images", True)})
        if figure is None:
            raise ValueError(
                f"figure {name} ({spec['kind']}) of experiment {experiment.name} has nothing to show: "
                "none of its rows and runs fit the entry; change the entry or take it out"
            )
        style.save(figure, folder, name)
