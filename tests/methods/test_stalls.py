"""No step waits for the device: a pretended GPU sees what is copied to it and what is read from it.

What autograd does on the way back is seen on a real one only (tests/training/test_gpu.py).
"""

import pytest
import torch
from torch import nn
from torch._subclasses.fake_tensor import FakeTensor, FakeTensorMode
from torch.utils._python_dispatch import TorchDispatchMode

from methods.recipes import resolve
from tests.methods.cases import LAYOUT, RUNS, WARM, batch_of, build, demo
from training.augment import augment

ATEN = torch.ops.aten
READS = (ATEN._local_scalar_dense.default, ATEN.nonzero.default, ATEN.masked_select.default)
INDEX = ATEN.index.Tensor


class Stall(Exception):
    """An operation for which a GPU would be waited for."""


class Watch(TorchDispatchMode):
    """Raises at whatever would make the host wait: a value read, a copy from one side to the other."""

    def __torch_dispatch__(self, operation, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        masks = (
            [part for part in args[1] if part is not None and part.dtype == torch.bool] if operation is INDEX else []
        )
        if (operation in READS or masks) and args[0].device.type == "cuda":
            raise Stall(str(operation))
        found = operation(*args, **kwargs)
        sources = {ATEN._to_copy.default: 0, ATEN.copy_.default: 1}
        if operation in sources and not kwargs.get("non_blocking"):
            source = args[sources[operation]]
            if found.device.type != source.device.type:
                raise Stall(f"{operation}: {source.device} to {found.device}")
        return found


def pretended() -> FakeTensorMode:
    """Within it, tensors on `cuda` have a shape and no values."""
    return FakeTensorMode(allow_non_fake_inputs=True)


def moved(method):
    for module in method.modules():
        for name, p in module._parameters.items():
            if p is not None:
                module._parameters[name] = nn.Parameter(torch.empty(p.shape, device="cuda"), p.requires_grad)
        for name, b in module._buffers.items():
            if b is not None:
                module._buffers[name] = torch.empty(b.shape, dtype=b.dtype, device="cuda")
    return method


@pytest.mark.parametrize("run", RUNS)
def test_no_step_waits(run, monkeypatch):
    method, tolist = build(demo(run)), FakeTensor.tolist
    monkeypatch.setattr(FakeTensor, "tolist", lambda x: [*range(len(x))] if x.device.type == "cpu" else tolist(x))
    with pretended():
        moved(method)
        batch = batch_of(WARM, device="cuda")
        with Watch():
            losses = method.losses(batch)
            method.after_step(WARM)
        assert {loss.device.type for loss in losses.values()} == {"cuda"}


def test_augmentation_does_not_wait(monkeypatch):
    recipe = resolve("maum+augment.erase=0.5+augment.channel=adaptive", LAYOUT)
    monkeypatch.setattr("training.augment.constant", lambda values, device: torch.ones(len(values), device=device))
    with pretended():
        images = torch.zeros(4, 3, 288, 144, dtype=torch.uint8, device="cuda")
        with Watch():
            view = augment(images, recipe, None)
        assert view.device.type == "cuda"


@pytest.mark.parametrize("slip", [
    lambda x: x.sum().item(), lambda x: x[x > 0], lambda x: torch.tensor([1.0], device=x.device), lambda x: x.cpu()
])  # fmt: skip
def test_a_wait_is_seen(slip):
    with pretended():
        x = torch.ones(3, device="cuda")
        with pytest.raises(Stall), Watch():
            slip(x)
