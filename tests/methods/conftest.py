"""Small models and batches for the tests of the methods."""

import pytest
import torch

import methods
from methods.contract import Batch, TrainingSet
from methods.recipes import Recipe, parse, resolve

IDENTITIES = 6


def small(run: str, layout: str = "sysu_mm01") -> Recipe:
    """The demo's small network under the method's own losses: what the demo's tuning changes of them is laid back."""
    recipe = resolve(run, layout)
    written = parse(run)
    if written.budget == "demo":
        own = resolve("+".join([written.method, *(f"{key}={text}" for key, text in written.overrides.items())]), layout)
        for key in recipe:
            if key.startswith(("loss.", "unidirectional.")) and key not in written.overrides:
                recipe[key] = own[key]
    return recipe


def build(run: str, layout: str = "sysu_mm01", identities: int = IDENTITIES, seed: int = 0, epochs: int = 2):
    """A method of the demo budget (unless `run` names another) with seeded weights."""
    if "@" not in run:
        head, plus, overrides = run.partition("+")
        run = f"{head}@demo{plus}{overrides}"
    torch.manual_seed(seed)
    training_set = TrainingSet((10,) * identities, (5,) * identities, steps_per_epoch=10, epochs=epochs)
    return methods.build(small(run, layout), training_set)


def make_batch(identities: int = 4, images: int = 2, size=(96, 48), seed: int = 0, step: int = 0, paired: bool = True):
    """A paired batch of seeded noise; labels are 0 … identities - 1, each `images` times."""
    generator = torch.Generator().manual_seed(seed)
    n = identities * images
    visible, infrared = (torch.randn(n, 3, *size, generator=generator) for _ in range(2))
    labels = torch.arange(identities).repeat_interleave(images)
    return Batch(visible, infrared, labels, labels.clone(), identities, images, paired, step, 0)


@pytest.fixture(autouse=True)
def same_noise_whatever_ran_before():
    torch.manual_seed(0)


@pytest.fixture
def batch():
    return make_batch()


def gradients(method, loss) -> dict[str, float]:
    """Largest absolute gradient of a loss by parameter name; parameters that it does not reach are left out."""
    named = [(name, p) for name, p in method.named_parameters() if p.requires_grad]
    grads = torch.autograd.grad(loss, [p for _, p in named], allow_unused=True, retain_graph=True)
    return {
        n: g.abs().max().item() for (n, _), g in zip(named, grads, strict=True) if g is not None and g.abs().max() > 0
    }
