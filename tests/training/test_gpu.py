"""What holds on a GPU only: no wait inside a step, the same bits twice, and every precision and compiler on the device.

pytest -m gpu
"""

import copy

import numpy as np
import pytest
import torch

import methods
from methods import recipes
from methods.recipes import resolve
from tests.methods.cases import LAYOUT, RUNS
from tests.training.conftest import SHORT
from tests.training.test_equivalence import agree, case, fast, plain
from tests.training.test_run import digests
from training.data import load_training
from training.device import place, prepare
from training.loop import Trainer
from training.run import carry_out

pytestmark = pytest.mark.gpu
every_method = pytest.mark.parametrize("name", recipes.names())


def trainer(tiny, run: str) -> Trainer:
    recipe = resolve(run, LAYOUT)
    device = prepare(recipe, 0)
    data = load_training(tiny / "subset.csv", tiny / "images.npy", recipe, device)
    return Trainer(place(methods.build(recipe, data.described), device, recipe["compile"]), recipe, data, 0, device)


@every_method
@pytest.mark.parametrize("precision", ["float32", "bfloat16", "float16"])
def test_no_wait_inside_a_step(tiny, name, precision):
    """The steps of an epoch run, forward and back, with waiting forbidden; only its end reads from the device."""
    made = trainer(tiny, f"{name}@demo+device=cuda+augment.erase=0.5+precision={precision}{SHORT}")
    made.run_epoch()  # the first step of all may set things up
    original = Trainer._step

    def watched(self, batch):
        torch.cuda.set_sync_debug_mode("error")
        try:
            return original(self, batch)
        finally:
            torch.cuda.set_sync_debug_mode("default")

    made._step = watched.__get__(made)
    made.run_epoch()
    assert all(torch.isfinite(torch.tensor(row["total"])) for row in made.history)


def test_no_wait_between_steps(tiny):
    """Gathering, copying and augmenting, too, go on without waiting."""
    made = trainer(tiny, f"maum@demo+device=cuda+augment.erase=0.5+augment.channel=adaptive{SHORT}")
    made.run_epoch()
    chosen = np.random.default_rng(0).integers(0, 30, (3, 32))
    batches = made._batches(chosen, chosen, True)
    next(batches)
    torch.cuda.set_sync_debug_mode("error")
    try:
        assert len(list(batches)) == 2
    finally:
        torch.cuda.set_sync_debug_mode("default")


@pytest.mark.parametrize("run", RUNS)
@pytest.mark.parametrize("precision", ["float32", "tf32", "bfloat16", "float16"])
def test_losses_and_gradients_are_those_of_the_plain_path_on_a_cpu(run, precision):
    method, batch = case(run)
    expected = plain(copy.deepcopy(method), batch)
    prepare(resolve(f"maum+precision={precision}", LAYOUT), 0)
    loose = precision if precision == "float32" else "bfloat16"
    agree(fast(method, batch, precision, "cuda"), expected, loose)


@pytest.mark.slow
@pytest.mark.parametrize("compiler", ["kernels", "graphs"])
@every_method
def test_compiled_epochs_are_those_of_the_eager_run(tiny, name, compiler):
    run = f"{name}@demo+device=cuda+augment.pad=0{SHORT}"
    eager, compiled = trainer(tiny, run), trainer(tiny, f"{run}+compile={compiler}")
    for made in (eager, compiled):
        torch.manual_seed(0)
        made.run_epoch()
    for a, b in zip(eager.history, compiled.history, strict=True):
        assert b["total"] == pytest.approx(a["total"], rel=0.02)
    torch._dynamo.reset()


@every_method
def test_the_same_bits_twice(job, name):
    run = f"{name}@demo+device=cuda{SHORT}"
    for folder in ("a", "b"):
        carry_out(job(folder, run=run), 60)
    assert digests(job("a").out) == digests(job("b").out)
