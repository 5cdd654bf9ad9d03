"""The picture of a machine's page: what its table of training says."""

from pathlib import Path

from matplotlib.figure import Figure

from files import write_whole


def rows(table: str) -> list[dict[str, str]]:
    """The rows of the first Markdown table in a text, by the names of its columns."""
    lines = [line for line in table.splitlines() if line.startswith("|")]
    head, _, *body = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return [dict(zip(head, cells, strict=True)) for cells in body]


def draw(table: str, path: Path, title: str) -> None:
    """A bar for every method's images per second, and a mark where the arithmetic alone would end."""
    found = rows(table)
    labels = [row["method"] for row in found]
    speeds = [float(row["images / s"].replace(",", "")) for row in found]
    floors = [1000 * int(row["images a step"]) / float(row["floor, ms"].replace(",", "")) for row in found]
    figure = Figure(figsize=(7, 0.4 * len(found) + 1.2), layout="constrained")
    axes = figure.subplots()
    axes.barh(labels, speeds, color="#4477aa", label="measured")
    axes.plot(floors, labels, "|", color="black", markersize=14, label="the step's arithmetic at the peak rate")
    axes.invert_yaxis()
    axes.set(xlabel="training images per second", title=title)
    axes.legend(loc="lower right", fontsize="small")
    path.parent.mkdir(parents=True, exist_ok=True)
    with write_whole(path) as temporary:
        figure.savefig(temporary, metadata={"Date": None})
