"""The feature of every test image, each seen once."""

from pathlib import Path

import numpy as np
import pandas as pd
import torch
from torch import Tensor
from torch.nn.functional import normalize
from tqdm import tqdm

from files import write_whole
from methods.contract import MODALITIES, Method
from methods.recipes import Recipe
from training.augment import normalise
from training.data import Pixels
from training.device import autocast, eager

BATCH = 256


@torch.inference_mode()
def embed(method: Method, recipe: Recipe, pixels: Path, rows: pd.DataFrame, device: torch.device) -> np.ndarray:
    """Features (N, D) float32 of rows of images.csv (their index is the packed row), in their order.

    With `feature.flip` an image's feature is the sum of the unit features of the image and its mirror image.
    """
    method.eval()
    with eager(recipe):
        return _embed(method, recipe, pixels, rows, device)


def _embed(method: Method, recipe: Recipe, pixels: Path, rows: pd.DataFrame, device: torch.device) -> np.ndarray:
    features: np.ndarray | None = None
    with tqdm(total=len(rows), desc="features", unit="image", mininterval=1) as bar:
        for modality in MODALITIES:
            places = np.flatnonzero(rows["modality"] == modality)
            store = Pixels(pixels, rows.index.to_numpy()[places], device, often=False)
            batches = np.split(np.arange(len(places)), range(BATCH, len(places), BATCH)) if len(places) else []
            found = []
            for images in store.batches(batches):
                batch = _embed_batch(method, recipe, images, modality)
                found.append(batch.float().to("cpu", non_blocking=True))  # pinned, complete after the synchronisation
                bar.update(len(images))
            if device.type == "cuda":
                torch.cuda.synchronize(device)
            for index, batch in zip(batches, found, strict=True):
                if features is None:
                    features = np.empty((len(rows), batch.shape[1]), np.float32)
                features[places[index]] = batch.numpy()
    assert features is not None, "no rows to embed"
    return features


def _embed_batch(method: Method, recipe: Recipe, images: Tensor, modality: str) -> Tensor:
    with autocast(recipe, images.device):
        x = normalise(images)
        if not recipe["feature.flip"]:
            return method.embed(x, modality)
        return normalize(method.embed(x, modality)) + normalize(method.embed(x.flip(3), modality))


def write_features(path: Path, features: np.ndarray, rows: pd.DataFrame, how: str) -> None:
    """The features.npz that evaluation reads (docs/results-format.md); `how` they were made goes into every score."""
    with write_whole(path) as temporary, temporary.open("wb") as file:
        np.savez(
            file,
            features=features,
            identities=rows["identity"].to_numpy(np.int64),
            cameras=rows["camera"].to_numpy(np.int64),
            modalities=rows["modality"].to_numpy(np.str_),
            names=rows["path"].to_numpy(np.str_),
            recipe=np.array(how),
        )
