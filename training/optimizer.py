"""The recipe's optimiser over a method's parameter groups."""

import inspect

import torch
from torch.optim import SGD, Adam, AdamW, Optimizer

from methods.contract import Method
from methods.recipes import Recipe


def build_optimizer(method: Method, recipe: Recipe) -> Optimizer:
    """SGD, Adam or AdamW; each group remembers its `scale` of the learning rate."""
    groups = [group | {"lr": recipe["optimizer.lr"] * group["scale"]} for group in method.parameter_groups()]
    options = {"weight_decay": recipe["optimizer.weight_decay"], "fused": True}
    if recipe["optimizer.name"] == "sgd":
        options |= {"momentum": recipe["optimizer.momentum"], "nesterov": recipe["optimizer.nesterov"]}
    kind = {"sgd": SGD, "adam": Adam, "adamw": AdamW}[recipe["optimizer.name"]]
    return without_compiler(kind)(groups, **options)


def without_compiler(kind: type[Optimizer]) -> type[Optimizer]:
    """The same optimiser, which does not import torch's compiler: that costs a run on a CPU more than a second.

    What is taken off are decorators that keep the compiler out of these methods; no optimiser is compiled here.
    """
    plain = {name: inspect.unwrap(getattr(kind, name)) for name in ("add_param_group", "zero_grad")}
    return type(kind.__name__, (kind,), plain | {"step": torch.no_grad()(inspect.unwrap(kind.step))})


def set_learning_rate(optimizer: Optimizer, rate: float) -> None:
    """Give every group `rate` times its own scale."""
    for group in optimizer.param_groups:
        group["lr"] = rate * group["scale"]
