"""The optimisers are torch's own, without the import of its compiler."""

import subprocess
import sys
from collections.abc import Callable

import pytest
import torch

from training.optimizer import without_compiler

OPTIONS = {
    torch.optim.SGD: {"lr": 0.1, "momentum": 0.9, "nesterov": True, "weight_decay": 0.01, "fused": True},
    torch.optim.Adam: {"lr": 0.1, "weight_decay": 0.01, "fused": True},
    torch.optim.AdamW: {"lr": 0.1, "weight_decay": 0.01, "fused": True},
}

STEP = """
import sys, torch
from methods.recipes import resolve
from training.device import prepare
from training.optimizer import without_compiler
import training.run
prepare(resolve("maum@demo", "sysu_mm01"), 0)
assert torch.are_deterministic_algorithms_enabled()
layer = torch.nn.Linear(3, 2)
optimizer = without_compiler(torch.optim.Adam)(layer.parameters(), fused=True)
layer(torch.ones(1, 3)).sum().backward()
optimizer.step()
optimizer.zero_grad(set_to_none=True)
assert "torch._dynamo" not in sys.modules
"""


def trained(kind: Callable[..., torch.optim.Optimizer], options: dict) -> torch.Tensor:
    torch.manual_seed(0)
    layer = torch.nn.Linear(5, 3)
    optimizer = kind([{"params": layer.parameters(), "scale": 1.0}], **options)
    for _ in range(4):
        optimizer.zero_grad(set_to_none=True)
        layer(torch.randn(7, 5)).square().sum().backward()
        optimizer.step()
        assert layer.weight.grad is not None
    optimizer.zero_grad(set_to_none=True)
    assert layer.weight.grad is None
    return layer.weight.detach()


@pytest.mark.parametrize("kind", OPTIONS, ids=lambda kind: kind.__name__)
def test_steps_are_torchs_to_the_bit(kind):
    assert torch.equal(trained(without_compiler(kind), OPTIONS[kind]), trained(kind, OPTIONS[kind]))


def test_neither_preparation_nor_a_step_imports_the_compiler():
    subprocess.run([sys.executable, "-c", STEP], check=True)
