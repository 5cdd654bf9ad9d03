"""What to say when a training does not fit into a GPU's memory: which batch does, found by trying."""

import copy
import traceback
from dataclasses import replace

import torch

from training.loop import Diverged, Trainer

LEAST = 2  # identities; with one there are no negatives


class OutOfMemory(Exception):
    """A recipe whose batch does not fit into the device; the message names the keys and what fits."""


def explain(trainer: Trainer, error: torch.OutOfMemoryError) -> OutOfMemory:
    """The message for the user. The trainer is used up: its memory is freed and smaller steps are tried on it."""
    traceback.clear_frames(error.__traceback__)  # they hold the failed step's activations
    identities, images = trainer.recipe["batch.identities"], trainer.recipe["batch.images"]
    batch = f"batch.identities={identities} x batch.images={images} images of each modality"
    said = f"out of memory on {trainer.device}: a step of {batch} does not fit{_size(trainer.device)}"
    fitting = next((n for n in range(identities - 1, LEAST - 1, -1) if _fits(trainer, n)), None)
    if fitting is None:
        return OutOfMemory(f"{said}; not even batch.identities={LEAST} does: use a larger GPU, or lower batch.images")
    return OutOfMemory(
        f"{said}; batch.identities={fitting} fits: use a larger GPU or one that nobody else uses, or write "
        f"+batch.identities={fitting} into the run, which is another experiment than the recipe's"
    )


def _fits(trainer: Trainer, identities: int) -> bool:
    """Whether one step of so many identities, images of each as in the recipe, runs."""
    trainer.optimizer.zero_grad(set_to_none=True)
    if trainer.device.type == "cuda":
        torch.cuda.empty_cache()
    smaller = copy.copy(trainer)
    smaller.recipe = copy.copy(trainer.recipe)
    smaller.recipe["batch.identities"] = identities
    smaller.data = replace(trainer.data, described=replace(trainer.data.described, steps_per_epoch=1))
    try:
        smaller.run_epoch()
    except torch.OutOfMemoryError as error:
        traceback.clear_frames(error.__traceback__)
        return False
    except Diverged:
        pass
    return True


def _size(device: torch.device) -> str:
    if device.type != "cuda":
        return ""
    free, total = torch.cuda.mem_get_info(device)
    return f" into {total / 2**30:.1f} GiB ({free / 2**30:.1f} GiB free)"
