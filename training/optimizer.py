"""The recipe's optimiser over a method's parameter groups."""

import torch

from methods.contract import Method
from methods.recipes import Recipe


def build_optimizer(method: Method, recipe: Recipe) -> torch.optim.Optimizer:
    """SGD, Adam or AdamW; each group remembers its `scale` of the learning rate."""
    groups = [group | {"lr": recipe["optimizer.lr"] * group["scale"]} for group in method.parameter_groups()]
    decay = recipe["optimizer.weight_decay"]
    if recipe["optimizer.name"] == "sgd":
        momentum, nesterov = recipe["optimizer.momentum"], recipe["optimizer.nesterov"]
        return torch.optim.SGD(groups, momentum=momentum, nesterov=nesterov, weight_decay=decay, fused=True)
    kind = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW}[recipe["optimizer.name"]]
    return kind(groups, weight_decay=decay, fused=True)


def set_learning_rate(optimizer: torch.optim.Optimizer, rate: float) -> None:
    """Give every group `rate` times its own scale."""
    for group in optimizer.param_groups:
        group["lr"] = rate * group["scale"]
