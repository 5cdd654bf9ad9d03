"""Images per second of the data path alone, from packed array to augmented batch, against what a step consumes."""

import argparse
import tempfile
from pathlib import Path

from benchmarks import _runs
from training.loop import Trainer
from training.sampler import draw_epoch, epoch_generator

WAYS = {"in device memory": True, "streamed from the memory map": False} if _runs.GPU else {"from the memory map": True}
MIXES = {
    "the recipe's augmentation": (),
    "with erasing and channels": ("augment.erase=0.5", "augment.channel=adaptive"),
}


def measure(run: str, folder: Path, resident: bool) -> tuple[float, float]:
    """Images per second of the data path alone and of whole steps."""
    made = _runs.trainer(run, folder, resident=resident)
    consumed = _runs.images_per_second(made)
    return _fed(made), consumed


def _fed(made: Trainer) -> float:
    blocks, recipe, steps = (made.data.visible, made.data.infrared), made.recipe, made.data.described.steps_per_epoch
    visible, infrared, paired = draw_epoch(
        *(block.by_label for block in blocks), recipe["batch.identities"], recipe["batch.images"], steps,
        recipe["batch.pairing"], epoch_generator(0, 0),
    )  # fmt: skip

    def epoch() -> None:
        for _ in made._batches(visible, infrared, paired):
            pass

    return 2 * visible.size / _runs.seconds(epoch, made.device, _runs.REPEATS)


def main(arguments: list[str]) -> int:
    """Print a Markdown row per way of reading and augmentation."""
    argparse.ArgumentParser(prog="python -m benchmarks data", description=__doc__).parse_args(arguments)
    print("| pixels | augmentation | fed, images / s | consumed, images / s | ratio |\n|---|---|---:|---:|---:|")
    with tempfile.TemporaryDirectory() as folder:
        for way, resident in WAYS.items():
            for mix, keys in MIXES.items():
                run = _runs.written(_runs.BASELINE, *keys)
                fed, consumed = _runs.alone(measure, run, Path(folder), resident)
                print(f"| {way} | {mix} | {fed:,.0f} | {consumed:,.0f} | {fed / consumed:.1f} |", flush=True)
    return 0
