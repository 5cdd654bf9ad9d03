"""The learning rate by epoch: linear warm-up, then a step at each milestone."""

from methods.recipes import Recipe


def learning_rate(recipe: Recipe, epoch: int) -> float:
    """Learning rate of an epoch (from 0), before a parameter group's own scale.

    Warm-up climbs linearly from `warmup_start` times the rate in epoch 0 to the full rate in epoch `warmup - 1`; with
    the lineage's 10 epochs from 0.1 that is its (epoch + 1) / 10.
    """
    rate, warmup = recipe["optimizer.lr"], recipe["schedule.warmup"]
    if epoch < warmup - 1:
        start = recipe["schedule.warmup_start"]
        return rate * (start + (1 - start) * epoch / (warmup - 1))
    passed = sum(epoch >= milestone for milestone in recipe["schedule.milestones"])
    return rate * recipe["schedule.gamma"] ** passed
