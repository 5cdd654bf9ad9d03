"""One run from its inputs to its folder: train, embed, write."""

import fcntl
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from safetensors.torch import load_file

import methods
from files import sha256, write_whole
from methods.contract import Method
from methods.recipes import Recipe, resolve
from training import checkpoint, memory, provenance
from training.attention import write_attention
from training.data import describe, load_side, load_training
from training.device import place, prepare
from training.embed import embed, write_features
from training.job import Finished, Job, fingerprint
from training.keep import Keeper, how
from training.loop import Trainer, train
from training.watch import write_watched


class RunError(Exception):
    """A run that cannot start or go on; the message says why and what to do."""


def carry_out(job: Job, checkpoint_seconds: float) -> None:
    """Train a run and write weights, history, features and, last, run.json into its folder.

    A run that chooses its epoch writes candidates.zip instead of weights and features.

    Raises:
        RunError, DeviceError, Diverged, OutOfMemory, SamplerError: each with one line for the user.
    """
    job.out.mkdir(parents=True, exist_ok=True)
    with _alone(job.out):
        started, clock = provenance.now(), time.perf_counter()
        print(f"{started}  {provenance.command()}", flush=True)
        recipe = resolve(job.run, job.layout)
        recipe.weights = str(job.weights)
        device = prepare(recipe, job.seed)
        data = load_training(job.subset, job.pixels, recipe, device)
        method = place(methods.build(recipe, data.described), device, recipe["compile"])
        trainer = Trainer(method, recipe, data, job.seed, device)
        made_by = fingerprint(job, recipe)
        keeper = Keeper(method, recipe, job, device, made_by)
        note = partial(print, flush=True)
        try:
            resumed = train(trainer, job.out, made_by, checkpoint_seconds, note, keeper.after_epoch)
        except torch.OutOfMemoryError as error:
            raise memory.explain(trainer, error) from None
        trained = time.perf_counter()
        dimension = keeper.finish()
        embedded = time.perf_counter()
        with write_whole(job.out / "history.csv") as temporary:
            _history(trainer).to_csv(temporary, index=False)
        if trainer.watched:
            write_watched(job.out / "watched.npz", trainer.watched, data)
        commit, clean = provenance.commit()
        facts = {key: getattr(job, key) for key in ("run", "dataset", "setting", "split", "seed")} | {
            "recipe": recipe,
            "commit": commit,
            "clean": clean,
            "index_sha256": sha256(job.index),
            "subset_sha256": sha256(job.subset),
            "fingerprint": made_by,
            "started": started,
            "finished": provenance.now(),
            "train_seconds": trained - clock,
            "embed_seconds": embedded - trained,
            "resumed_after_epoch": resumed or None,
            "identities": data.described.identities,
            "training_images": {"visible": len(data.visible.labels), "infrared": len(data.infrared.labels)},
            "parameters": sum(p.numel() for p in method.parameters()),
            "feature_dimension": dimension,
            "test_images_per_second": keeper.images / (embedded - trained),
            "peak_memory_mb": provenance.peak_memory_mb(device),
            "command": provenance.command(),
        }
        with write_whole(job.out / "run.json") as temporary:
            temporary.write_text(json.dumps(facts | provenance.machine(device), indent=1) + "\n", encoding="utf-8")
        checkpoint.clear(job.out)


def embed_again(job: Finished, copies: dict[Path, Path]) -> None:
    """Features of a finished run's test images from other pixels, for example corrupted ones.

    Args:
        copies: packed array to read -> features.npz to write.

    Raises:
        RunError: if the run has no weights.
    """
    method, recipe, device = _trained(job)
    rows = load_side(job.index, job.split, "test")
    for pixels, features in copies.items():
        write_features(features, embed(method, recipe, pixels, rows, device), rows, how(recipe))


def attend(job: Finished, pixels: Path, maps: Path) -> None:
    """Attention maps of a finished run on a few test images.

    Raises:
        RunError: if the run has no weights.
    """
    method, _, device = _trained(job)
    with np.load(job.out / "features.npz", allow_pickle=False) as found:
        write_attention(maps, method, pixels, load_side(job.index, job.split, "test"), found["features"], device)


def _trained(job: Finished) -> tuple[Method, Recipe, torch.device]:
    """The network of a finished run, on its device."""
    path = job.out / "weights.safetensors"
    if not path.is_file():
        raise RunError(f"{path}: no weights; train the run first")
    recipe = resolve(job.run, job.layout)
    recipe["backbone.init"] = "random"  # it gets the run's own weights
    device = prepare(recipe, seed=0)
    method = methods.build(recipe, describe(job.subset, recipe))
    method.load_state_dict(load_file(path))
    return place(method, device, "none"), recipe, device


def _history(trainer: Trainer) -> pd.DataFrame:
    """The history table; an untrained run has its columns and no rows."""
    columns = ["step", "epoch", "total", "lr", "images_per_second", "memory_mb"]
    return pd.DataFrame(trainer.history) if trainer.history else pd.DataFrame(columns=columns)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Hold the folder's lock, which the kernel releases when the process ends, however it ends."""
    with (folder / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise RunError(f"{folder}: another process is training this run; wait for it or stop it") from None
        yield
