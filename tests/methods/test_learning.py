"""Every method learns: its own total falls on the demo recipe, and a step at the paper recipe works."""

import dataclasses
import math

import pytest
import torch

import methods
from methods import costs, recipes
from methods.contract import Batch, TrainingSet
from methods.recipes import resolve
from tests.methods.cases import LAYOUT, RUNS, demo
from tests.methods.conftest import build
from training.optimizer import build_optimizer, set_learning_rate
from training.schedule import learning_rate

STEPS = 200


def people(identities: int, size: tuple[int, int], generator: torch.Generator):
    """A function that draws images of labels in a modality: a pattern for each identity, grey in infrared."""
    patterns = torch.randn(identities, 3, 6, 3, generator=generator)
    patterns = torch.nn.functional.interpolate(patterns, size, mode="bilinear")

    def draw(labels: torch.Tensor, modality: str) -> torch.Tensor:
        images = patterns[labels]
        if modality == "infrared":
            images = -images.mean(1, keepdim=True).expand_as(images)
        return images + 0.3 * torch.randn(images.shape, generator=generator)

    return draw


@pytest.mark.parametrize("name", recipes.names())
def test_thirty_steps_on_one_batch_halve_the_total(name, batch):
    method = build(name, epochs=20)
    optimizer = torch.optim.Adam(method.parameters(), lr=2e-3)
    totals = []
    for step in range(30):
        optimizer.zero_grad()
        total = method.total(method.losses(batch._replace(step=step)))
        total.backward()
        optimizer.step()
        method.after_step(step)
        totals.append(total.item())
    assert totals[-1] < 0.5 * totals[0]


@pytest.mark.slow
@pytest.mark.parametrize("run", RUNS)
def test_200_steps_of_the_demo_recipe_reduce_the_total(run):
    """The last 20 totals against the first 20, by a fifth at least."""
    recipe = resolve(demo(run), LAYOUT)
    torch.manual_seed(0)
    identities, per_epoch = 16, recipe["schedule.steps"]
    training_set = TrainingSet((20,) * identities, (20,) * identities, per_epoch, math.ceil(STEPS / per_epoch))
    method = methods.build(recipe, training_set)
    optimizer = build_optimizer(method, recipe)
    generator = torch.Generator().manual_seed(0)
    draw = people(identities, (recipe["image.height"], recipe["image.width"]), generator)
    p, k, totals = recipe["batch.identities"], recipe["batch.images"], []
    for step in range(STEPS):
        epoch = step // per_epoch
        set_learning_rate(optimizer, learning_rate(recipe, epoch))
        labels = torch.randperm(identities, generator=generator)[:p].repeat_interleave(k)
        batch = Batch(draw(labels, "visible"), draw(labels, "infrared"), labels, labels, p, k, True, step, epoch)
        total = method.total(method.losses(batch))
        optimizer.zero_grad()
        total.backward()
        optimizer.step()
        method.after_step(step)
        totals.append(total.item())
    late = sum(totals[-20:])
    assert late < 0.8 * sum(totals[:20])


@pytest.mark.slow
@pytest.mark.parametrize("name", recipes.names())
def test_a_step_at_the_paper_recipe(name):
    """ResNet-50, the paper's input and batch, SYSU-MM01's identities, on the CPU."""
    layout, training_set = costs.DATASETS["SYSU-MM01"]
    recipe = costs.paper_recipe(name, layout)
    torch.manual_seed(0)
    method = methods.build(recipe, dataclasses.replace(training_set, epochs=recipe["schedule.epochs"]))
    optimizer = build_optimizer(method, recipe)
    batch = costs.paper_batch(recipe, training_set, "cpu")
    before = [p.detach().clone() for p in method.parameters()]
    losses = method.losses(batch)
    method.total(losses).backward()
    optimizer.step()
    method.after_step(batch.step)
    assert all(loss.isfinite() for loss in losses.values())
    assert all(p.isfinite().all() for p in method.parameters())
    assert any(not torch.equal(p, old) for p, old in zip(method.parameters(), before, strict=True))
