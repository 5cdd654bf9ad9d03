"""The fast path equals the plain one: same losses and gradients as contiguous float32 on the same weights and images.

Tolerances are stated per loss. A loss that looks for the hardest pairs, cuts small values off or is steep may weigh
other pairs when numbers are rounded: its value hardly moves then, its gradient does. Where two of the batch's four
identities choose another nearest centre, distances 0.1 % apart, MUN's identity alignment turns by 0.28.
"""

import copy

import pytest
import torch

from methods import recipes
from methods.recipes import resolve
from tests.methods.cases import LAYOUT, RUNS, WARM, batch_of, build, demo, train, warm
from training.device import autocast, compile_stages, place

VALUE = {"float32": 1e-5, "bfloat16": 0.05}  # of a loss, relative
TURN = {"float32": 1e-4, "bfloat16": 0.01}  # 1 - cosine of a loss's gradient and the plain one's
STRETCH = {"float32": 0.01, "bfloat16": 0.1}  # of the gradient's length, relative
SENSITIVE = {"triplet", "part_triplet", "semantic", "graph", "cqc", "instance", "identity_alignment", "reconstruction",
            "alignment", "modality_alignment", "unidirectional"}  # fmt: skip
TURN_SENSITIVE, STRETCH_SENSITIVE = 0.35, 0.5  # in half precision

DEFAULTS = set(recipes.names())
every_run = pytest.mark.parametrize(
    "run", [run if run in DEFAULTS else pytest.param(run, marks=pytest.mark.slow) for run in RUNS]
)


def case(run: str):
    """A warm method and its batch; MAUM's banks are filled."""
    if run.startswith("maum") and "um=off" not in run:
        method = build(demo(run, "bank.t0=1"))
        train(method, 0, WARM)
        return method, batch_of(WARM)
    return warm(demo(run)), batch_of(WARM)


def gradients(method, losses) -> dict[str, tuple[float, torch.Tensor]]:
    """Value of every loss and its gradient by all parameters, one vector."""
    found = {}
    parameters = [p for p in method.parameters() if p.requires_grad]
    for name, loss in losses.items():
        parts = torch.autograd.grad(loss, parameters, retain_graph=True, allow_unused=True)
        whole = [torch.zeros_like(p) if part is None else part for part, p in zip(parts, parameters, strict=True)]
        found[name] = loss.item(), torch.cat([part.flatten().cpu().double() for part in whole])
    return found


def plain(method, batch):
    torch.manual_seed(0)
    return gradients(method, method.losses(batch))


def fast(method, batch, precision: str, device: str = "cpu", compiler: str = "none"):
    """As a run computes it: `place` and `autocast`, and images in the layout that augmentation gives them."""
    recipe = resolve(demo("maum"), LAYOUT) | {"precision": precision}
    method = place(method, torch.device(device), compiler)
    images = [x.to(device, memory_format=torch.channels_last) for x in (batch.visible, batch.infrared)]
    labels = [x.to(device) for x in (batch.visible_labels, batch.infrared_labels)]
    torch.manual_seed(0)
    with autocast(recipe, torch.device(device)):
        losses = method.losses(batch._replace(visible=images[0], infrared=images[1], visible_labels=labels[0],
                                              infrared_labels=labels[1]))  # fmt: skip
    return gradients(method, losses)


def agree(found, expected, precision: str) -> None:
    assert found.keys() == expected.keys()
    for name, (value, gradient) in expected.items():
        sensitive = name in SENSITIVE and precision != "float32"
        assert found[name][0] == pytest.approx(value, rel=VALUE[precision], abs=1e-5), name
        turn = 1 - torch.cosine_similarity(found[name][1], gradient, dim=0)
        assert turn < (TURN_SENSITIVE if sensitive else TURN[precision]), name
        stretch = abs(found[name][1].norm() / gradient.norm() - 1)
        assert stretch < (STRETCH_SENSITIVE if sensitive else STRETCH[precision]), name


@every_run
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_losses_and_gradients_are_those_of_the_plain_path(run, precision):
    method, batch = case(run)
    expected = plain(copy.deepcopy(method), batch)
    assert all(gradient.norm() > 0 for _, gradient in expected.values())
    agree(fast(method, batch, precision), expected, precision)


@pytest.mark.parametrize("run", [pytest.param(run, marks=pytest.mark.slow) for run in ("maum", "agw", "mun")])
def test_compiled_stages_compute_the_same_under_the_same_names(run):
    """What is traced, run without generated kernels, which would need minutes."""
    method, batch = case(run)
    expected, names = plain(copy.deepcopy(method), batch), list(method.state_dict())
    from torch._functorch import config as functorch

    compile_stages(method, backend="aot_eager")
    assert list(method.state_dict()) == names
    with functorch.patch(donated_buffer=False):  # several losses go back through one graph
        agree(fast(method, batch, "float32"), expected, "float32")
    torch._dynamo.reset()
