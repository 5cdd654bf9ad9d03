"""The training loop: the same for every method."""

import math
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from methods.contract import Batch, Method
from methods.recipes import Recipe
from training import checkpoint
from training.augment import augment
from training.data import Data
from training.device import autocast, eager
from training.optimizer import build_optimizer, set_learning_rate
from training.sampler import draw_epoch, epoch_generator
from training.schedule import learning_rate
from training.watch import look


class Diverged(Exception):
    """A loss that is not a number or infinite."""


class Trainer:
    """Everything that changes during a run, and nothing else; `state` and `restore` are its checkpoint."""

    def __init__(self, method: Method, recipe: Recipe, data: Data, seed: int, device: torch.device):
        self.method, self.recipe, self.data, self.seed, self.device = method, recipe, data, seed, device
        self.optimizer = build_optimizer(method, recipe)
        self.scaler = torch.amp.GradScaler(device.type, enabled=recipe["precision"] == "float16")
        self.generator = torch.Generator(device).manual_seed(seed)
        self.epochs_done = 0
        self.history: list[dict[str, float]] = []
        self.watched: dict[int, dict[str, Tensor]] = {}

    def state(self, fingerprint: str) -> dict:
        """All that the next epoch depends on."""
        state = {
            "fingerprint": fingerprint,
            "epochs_done": self.epochs_done,
            "history": self.history,
            "watched": self.watched,
            "method": self.method.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "scaler": self.scaler.state_dict(),
            "augmentation": self.generator.get_state(),
            "torch": torch.get_rng_state(),
        }
        if self.device.type == "cuda":
            state["cuda"] = torch.cuda.get_rng_state(self.device)
        return state

    def restore(self, state: dict) -> None:
        """Continue as if the run had never stopped."""
        self.epochs_done, self.history, self.watched = state["epochs_done"], state["history"], state["watched"]
        self.method.load_state_dict(state["method"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.scaler.load_state_dict(state["scaler"])
        self.generator.set_state(state["augmentation"].cpu())
        torch.set_rng_state(state["torch"].cpu())
        if self.device.type == "cuda":
            torch.cuda.set_rng_state(state["cuda"].cpu(), self.device)

    def run_epoch(self) -> None:
        """One epoch: draw its batches, train on each, append its rows to the history."""
        self.method.train()
        epoch, recipe, described = self.epochs_done, self.recipe, self.data.described
        rate = learning_rate(recipe, epoch)
        set_learning_rate(self.optimizer, rate)
        visible, infrared, paired = draw_epoch(
            self.data.visible.by_label,
            self.data.infrared.by_label,
            recipe["batch.identities"],
            recipe["batch.images"],
            described.steps_per_epoch,
            recipe["batch.pairing"],
            epoch_generator(self.seed, epoch),
        )
        started = time.perf_counter()
        names: list[str] = []
        values = []
        for batch in self._batches(visible, infrared, paired):
            names, losses = self._step(batch)
            values.append(losses)
        table = torch.stack(values).cpu().numpy()  # (steps, losses + 1), the epoch's only copy to the host
        seconds = time.perf_counter() - started
        self._record(epoch, names, table, rate, 2 * visible.size / seconds)
        self.epochs_done += 1
        self.watch()

    def watch(self) -> None:
        """Look at the features of a few training images, if the recipe wants it after this many epochs."""
        every, last = self.recipe["watch.every"], self.data.described.epochs
        if every and (self.epochs_done % every == 0 or self.epochs_done == last):
            with eager(self.recipe):
                self.watched[self.epochs_done] = look(self.method, self.data)

    def _batches(self, visible: np.ndarray, infrared: np.ndarray, paired: bool) -> Iterator[Batch]:
        """The epoch's batches from the positions of their images, each (steps, P*K)."""
        sides = ((self.data.visible, visible), (self.data.infrared, infrared))
        images = [block.pixels.batches(list(chosen)) for block, chosen in sides]
        labels = [torch.from_numpy(block.labels[chosen]).to(self.device) for block, chosen in sides]  # (steps, P*K)
        identities, each = self.recipe["batch.identities"], self.recipe["batch.images"]
        epoch, first = self.epochs_done, self.epochs_done * self.data.described.steps_per_epoch
        for i, pair in enumerate(zip(*images, strict=True)):
            one, other = (augment(part, self.recipe, self.generator) for part in pair)
            yield Batch(one, other, labels[0][i], labels[1][i], identities, each, paired, first + i, epoch)

    def _step(self, batch: Batch) -> tuple[list[str], Tensor]:
        """One optimiser step; the names of its losses, and their values and the total, still on the device."""
        if self.recipe["compile"] == "graphs":
            torch.compiler.cudagraph_mark_step_begin()  # what the last step's graphs gave out may be overwritten
        with autocast(self.recipe, self.device):
            losses = self.method.losses(batch)
            total = self.method.total(losses)
        self.optimizer.zero_grad(set_to_none=True)
        self.scaler.scale(total).backward()
        self.scaler.step(self.optimizer)
        self.scaler.update()
        self.method.after_step(batch.step)
        return list(losses), torch.stack([*losses.values(), total]).detach().float()

    def _record(self, epoch: int, names: list[str], table: np.ndarray, rate: float, speed: float) -> None:
        """Append one row per step; stop at the first value that is not finite.

        Raises:
            Diverged: naming the step and the loss.
        """
        columns = [*names, "total"]
        first = epoch * len(table)
        if not np.isfinite(table).all():
            i, j = np.argwhere(~np.isfinite(table))[0]
            raise Diverged(f"step {first + i} (epoch {epoch}): loss {columns[j]!r} is {table[i, j]}")
        memory = torch.cuda.max_memory_allocated(self.device) / 2**20 if self.device.type == "cuda" else math.nan
        diagnostics = self.method.diagnostics()
        for i, values in enumerate(table.tolist()):
            row = {"step": first + i, "epoch": epoch} | dict(zip(columns, values, strict=True))
            self.history.append(row | {"lr": rate, "images_per_second": speed, "memory_mb": memory} | diagnostics)


def train(
    trainer: Trainer,
    folder: Path,
    fingerprint: str,
    every_seconds: float,
    note: Callable[[str], None],
    keep: Callable[[int], None],
) -> int:
    """Train to the recipe's last epoch, going on from a checkpoint if the folder has one; the epoch it resumed from.

    `keep` is called after each epoch, before a checkpoint can say that it is done.

    Raises:
        Diverged: if a loss is not finite, naming the last good checkpoint.
    """
    state = checkpoint.load(folder, fingerprint, str(trainer.device))
    if state is not None:
        trainer.restore(state)
        note(f"resuming after epoch {trainer.epochs_done} from a checkpoint")
    else:
        trainer.watch()
    resumed = trainer.epochs_done
    epochs = trainer.data.described.epochs
    saved = time.monotonic()
    with tqdm(total=epochs, initial=resumed, desc="training", unit="epoch", mininterval=1) as bar:
        while trainer.epochs_done < epochs:
            try:
                trainer.run_epoch()
            except Diverged as error:
                kept = checkpoint.found(folder)
                raise Diverged(f"{error}; last good checkpoint: {kept[0] if kept else 'none'}") from None
            bar.set_postfix(loss=f"{trainer.history[-1]['total']:.3f}")
            bar.update()
            keep(trainer.epochs_done)
            if trainer.epochs_done < epochs and time.monotonic() - saved >= every_seconds:
                checkpoint.save(folder, trainer.epochs_done, trainer.state(fingerprint))
                saved = time.monotonic()
    return resumed
