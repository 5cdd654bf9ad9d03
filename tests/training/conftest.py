"""A tiny dataset of noise in the project's own files, and runs on it."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from training.job import Job

SIZE = (96, 48)
SHORT = "+schedule.epochs=3+schedule.steps=3+schedule.warmup=1+schedule.milestones=1,2"
RUN = f"maum@demo+bank.t0=1{SHORT}"


@pytest.fixture(scope="session")
def tiny(tmp_path_factory) -> Path:
    """A folder with images.csv, images.npy and subset.csv: 10 training and 4 test identities, 3 images a modality."""
    folder = tmp_path_factory.mktemp("tiny")
    cells = [(i, m, k) for m in ("infrared", "visible") for i in range(14) for k in range(3)]
    table = pd.DataFrame(
        {
            "path": [f"cam{1 if m == 'visible' else 3}/{i:04d}/{k:04d}.jpg" for i, m, k in cells],
            "identity": [i for i, _, _ in cells],
            "camera": [1 if m == "visible" else 3 for _, m, _ in cells],
            "modality": [m for _, m, _ in cells],
            "split1": ["train" if i < 10 else "test" for i, _, _ in cells],
        }
    )
    random = np.random.default_rng(0)
    means = random.integers(60, 190, (14, 3, 1, 1))
    noise = random.integers(-40, 40, (len(cells), 3, *SIZE))
    np.save(folder / "images.npy", (means[table["identity"]] + noise).astype(np.uint8))
    table.to_csv(folder / "images.csv", index=False)
    kept = table[table["split1"] == "train"].rename_axis("row").reset_index().assign(label=lambda t: t["identity"])
    kept.to_csv(folder / "subset.csv", index=False)
    return folder


@pytest.fixture
def job(tiny, tmp_path):
    """Make a job on the tiny dataset, in a folder of its own for every name."""

    def make(name: str = "run", run: str = RUN, seed: int = 0) -> Job:
        files = {"index": tiny / "images.csv", "pixels": tiny / "images.npy", "subset": tiny / "subset.csv"}
        where = {"dataset": "tiny", "layout": "sysu_mm01", "setting": "full"}
        weights = tmp_path / "resnet50.pth"
        return Job(run=run, split=1, seed=seed, weights=weights, out=tmp_path / name, **files, **where)

    return make
