"""What a run keeps of its network: the last epoch's weights and test features, or several epochs to choose one from.

Training looks at no score: it packs the candidates into `candidates.zip`, and `eval.select` chooses. While they grow
they are no output of the workflow, which would delete them when a job fails; an epoch that is repeated after a kill
writes its candidate again, to the same bits.
"""

import shutil
import zipfile
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save

from files import write_whole
from methods.contract import Method
from methods.recipes import Recipe
from training.data import load_side
from training.embed import embed, write_features
from training.job import Job


class Keeper:
    """Writes weights.safetensors and features.npz of a run, and validation.npz for a choice on validation identities.

    Attributes:
        images: how many images are embedded each time.
    """

    def __init__(self, method: Method, recipe: Recipe, job: Job, device: torch.device, fingerprint: str):
        self.method, self.recipe, self.job, self.device = method, recipe, job, device
        self.rows = {"features": load_side(job.index, job.split, "test")}
        if recipe["selection.rule"] == "best-validation":
            self.rows["validation"] = load_side(job.index, job.split, "validation")
        self.images = sum(map(len, self.rows.values()))
        last, every = recipe["schedule.epochs"], recipe["selection.every"]
        # As checkpoints, candidates of another configuration or code are not used.
        self.folder = job.out / f"candidates_{fingerprint[:16]}"
        self.epochs = [] if recipe["selection.rule"] == "last" else [*range(every, last, every), last]

    def after_epoch(self, done: int) -> None:
        """Write the candidate of an epoch that has one; the last is left to `finish`."""
        if done in self.epochs[:-1]:
            self._write(self._candidate(done))

    def finish(self) -> int:
        """Write the run's files, or gather its candidates as `<epoch>/<file>`; the length of a feature."""
        if not self.epochs:
            return self._write(self.job.out)
        dimension = self._write(self._candidate(self.epochs[-1]))
        if missing := [epoch for epoch in self.epochs if not self._candidate(epoch).is_dir()]:
            raise FileNotFoundError(f"{self.folder}: no candidates of epochs {missing} any more; delete {self.job.out}")
        with write_whole(self.job.out / "candidates.zip") as temporary, zipfile.ZipFile(temporary, "w") as archive:
            for epoch in self.epochs:
                for path in sorted(self._candidate(epoch).iterdir()):
                    archive.write(path, f"{epoch:05d}/{path.name}")
        for folder in self.job.out.glob("candidates_*"):
            shutil.rmtree(folder)
        return dimension

    def _candidate(self, epoch: int) -> Path:
        return self.folder / f"{epoch:05d}"

    def _write(self, folder: Path) -> int:
        folder.mkdir(parents=True, exist_ok=True)
        with write_whole(folder / "weights.safetensors") as temporary:
            temporary.write_bytes(save({k: v.contiguous() for k, v in self.method.state_dict().items()}))
        features = np.empty((0, 0))
        for name, rows in self.rows.items():
            features = embed(self.method, self.recipe, self.job.pixels, rows, self.device)
            write_features(folder / f"{name}.npz", features, rows, how(self.recipe))
        return features.shape[1]


def how(recipe: Recipe) -> str:
    """How a run's features are made, in words for the score rows."""
    layer = {"neck": "after the neck", "pooled": "pooled"}.get(recipe.get("feature.layer", ""), "test feature")
    flip = "image and mirror image" if recipe["feature.flip"] else "no flip"
    epoch = ", last epoch" if recipe["selection.rule"] == "last" else ""
    return f"{recipe.method}, {layer}, {flip}{epoch}"
