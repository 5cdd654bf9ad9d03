"""Where in an image a network finds what it matches across modalities, for a few test images: Grad-CAM.

What is explained is the cosine of an image's feature and the mean feature of the same person's images of the other
modality. A map is the positive part of the last feature map, its channels weighted by their mean gradients.

`attention.npz` holds `maps` (n, h, w) float32 and, of each image, `names`, `identities` and `modalities`.
"""

from pathlib import Path

import numpy as np
import pandas as pd
import torch
from torch import Tensor
from torch.nn.functional import cosine_similarity, normalize

from files import write_whole
from methods.blocks.backbone import TwoStream
from methods.contract import MODALITIES, Method
from training.augment import normalise
from training.data import Pixels

IDENTITIES = 6


def chosen(rows: pd.DataFrame) -> pd.DataFrame:
    """The first visible and the first infrared image of the first identities that have both: nobody's choice."""
    first = rows.sort_values("path").groupby(["identity", "modality"], sort=True).head(1)
    complete = first[first.groupby("identity")["modality"].transform("size") == len(MODALITIES)]
    kept = sorted(complete["identity"].unique())[:IDENTITIES]
    return complete[complete["identity"].isin(kept)].sort_values(["identity", "modality"], ascending=[True, False])


def attention(method: Method, images: Tensor, modality: str, targets: Tensor) -> Tensor:
    """Maps (B, h, w) of images (B, 3, H, W), from what makes their features like the targets (B, D).

    Where an image passes the last stage in several versions, their maps are summed.
    """
    last = next(module for module in method.modules() if isinstance(module, TwoStream)).shared[-1]
    caught: list[Tensor] = []
    hook = last.register_forward_hook(lambda module, inputs, output: caught.append(output))
    try:
        likeness = cosine_similarity(method.embed(images, modality), targets)
    finally:
        hook.remove()
    gradients = torch.autograd.grad(likeness.sum(), caught)
    weighted = [(g.mean((2, 3), keepdim=True) * x).sum(1) for g, x in zip(gradients, caught, strict=True)]
    return torch.cat(weighted).unflatten(0, (-1, len(images))).sum(0).relu().detach()


def write_attention(
    path: Path, method: Method, pixels: Path, rows: pd.DataFrame, features: np.ndarray, device: torch.device
) -> None:
    """Write the maps of the chosen images; `features` (N, D) belong to `rows`, the test images."""
    method.eval()
    units = normalize(torch.from_numpy(features))
    some = chosen(rows)
    maps: dict[int, np.ndarray] = {}
    for modality in MODALITIES:
        here = some[some["modality"] == modality]
        other = rows["modality"] != modality
        means = [units[np.flatnonzero(other & (rows["identity"] == i))].mean(0) for i in here["identity"]]
        targets = torch.stack(means).to(device)
        store = Pixels(pixels, here.index.to_numpy(), device, often=False)
        images = normalise(next(store.batches([np.arange(len(here))])))
        maps |= zip(here.index, attention(method, images, modality, targets).cpu().numpy(), strict=True)
    with write_whole(path) as temporary, temporary.open("wb") as file:
        np.savez(
            file,
            maps=np.stack([maps[row] for row in some.index]),
            identities=some["identity"].to_numpy(np.int64),
            modalities=some["modality"].to_numpy(np.str_),
            names=some["path"].to_numpy(np.str_),
        )
