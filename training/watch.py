"""Features of a few training images at some epochs of a training: how the modalities come together (MUN, Fig. 4).

`watched.npz` holds `epochs` (E,), `streams` (S,), `labels` (n,) and `features` (E, S, n, D) float32.
"""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from files import write_whole
from methods.contract import Batch, Method
from training.augment import normalise
from training.data import Data

IDENTITIES, IMAGES = 10, 4


def watched_batch(data: Data) -> Batch:
    """The first images of the first identities that have both modalities, as they are; few images are repeated."""
    blocks = (data.visible, data.infrared)
    both = [label for label in range(data.described.identities) if all(len(b.by_label[label]) for b in blocks)]
    labels = both[:IDENTITIES]
    images, names = [], []
    for block in blocks:
        places = np.concatenate([np.resize(block.by_label[label], IMAGES) for label in labels])
        images.append(normalise(next(block.pixels.batches([places]))))
        names.append(torch.from_numpy(block.labels[places]).to(images[-1].device))
    return Batch(images[0], images[1], names[0], names[1], len(labels), IMAGES, True, 0, 0)


@torch.no_grad()
def look(method: Method, data: Data) -> dict[str, Tensor]:
    """Features (n, D) by stream, on the host; neither the method nor any random stream is changed by it."""
    method.eval()
    devices = [torch.cuda.current_device()] if torch.cuda.is_available() else []
    with torch.random.fork_rng(devices):
        return {name: x.float().cpu() for name, x in method.streams(watched_batch(data)).items()}


def write_watched(path: Path, watched: dict[int, dict[str, Tensor]], data: Data) -> None:
    """Write what was seen, by epoch."""
    epochs = sorted(watched)
    streams = list(watched[epochs[0]])
    features = np.stack([[watched[epoch][stream].numpy() for stream in streams] for epoch in epochs])
    labels = watched_batch(data).visible_labels.cpu().numpy()
    with write_whole(path) as temporary, temporary.open("wb") as file:
        np.savez(file, epochs=np.array(epochs), streams=np.array(streams), labels=labels, features=features)
