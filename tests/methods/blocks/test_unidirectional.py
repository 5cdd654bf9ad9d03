"""The unidirectional metric against Eq. 2 written as a double loop, and against hand-computed values."""

import math

import pytest
import torch
from torch.nn import functional as F

from methods.blocks.unidirectional import unidirectional


def double_loop(x, labels, references, valid, scale, margin):
    """Eq. 2 as it is printed, one feature, one strip and one pair of references at a time."""
    x = F.normalize(x, dim=-1)
    losses = []
    for b, label in enumerate(labels.tolist()):
        if not valid[label]:
            continue
        of_strips = 0.0
        for k in range(x.shape[1]):
            rows = references[k]  # (S, C, D)
            positives = list(rows[:, label])
            others = [c for c in range(len(valid)) if c != label and valid[c]]
            negatives = [rows[s, c] for s in range(len(rows)) for c in others]
            pairs = [math.exp(scale * (v @ x[b, k] - u @ x[b, k] + margin)) for u in positives for v in negatives]
            of_strips += math.log(1 + sum(pairs))
        losses.append(of_strips)
    return sum(losses) / len(losses)


def example(valid=(True, True, True, True), strips=2, sets=3, seed=0):
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(6, strips, 5, generator=generator, dtype=torch.float64)
    references = F.normalize(torch.randn(strips, sets, 4, 5, generator=generator, dtype=torch.float64), dim=-1)
    return x, torch.tensor([0, 1, 2, 3, 1, 0]), references, torch.tensor(valid)


@pytest.mark.parametrize("valid", [(True, True, True, True), (True, False, True, True)])
def test_equals_the_double_loop(valid):
    arguments = example(valid)
    assert unidirectional(*arguments, 22.0, 0.2).item() == pytest.approx(double_loop(*arguments, 22.0, 0.2), abs=1e-10)


@pytest.mark.parametrize(
    ("own", "other", "positives", "negatives", "expected"),
    [(0.8, 0.3, 1, 1, 0.001359), (0.5, 0.5, 1, 1, 4.41220), (0.8, 0.3, 2, 3, 0.008129)],
)
def test_hand_computed(own, other, positives, negatives, expected):
    """A feature along the first axis, `positives` references at similarity `own`, `negatives` at `other`."""
    rows = torch.full((1, positives, 1 + negatives, 3), 0.0, dtype=torch.float64)
    rows[0, :, 0] = torch.tensor([own, math.sqrt(1 - own**2), 0])
    rows[0, :, 1:, 0] = -100.0  # so far away that it weighs nothing
    for j in range(negatives):
        rows[0, j % positives, 1 + j] = torch.tensor([other, 0, math.sqrt(1 - other**2)])
    x = torch.tensor([[[2.0, 0.0, 0.0]]], dtype=torch.float64)
    loss = unidirectional(x, torch.tensor([0]), rows, torch.ones(1 + negatives, dtype=torch.bool), 22.0, 0.2)
    assert loss.item() == pytest.approx(expected, abs=1e-5)


def test_order_of_snapshots_and_features_and_the_length_of_features_do_not_matter():
    x, labels, references, valid = example()
    loss = unidirectional(x, labels, references, valid, 22.0, 0.2)
    order = torch.tensor([4, 2, 0, 5, 1, 3])
    for same in [
        unidirectional(x, labels, references[:, [2, 0, 1]], valid, 22.0, 0.2),
        unidirectional(x[order], labels[order], references, valid, 22.0, 0.2),
        unidirectional(3 * x, labels, references, valid, 22.0, 0.2),
    ]:
        assert torch.allclose(same, loss, atol=1e-12)


def test_features_get_a_gradient_and_references_none():
    x, labels, references, valid = example()
    x.requires_grad_()
    references.requires_grad_()
    unidirectional(x, labels, references, valid, 22.0, 0.2).backward()
    assert x.grad.abs().max() > 0
    assert references.grad is None


def test_features_without_positive_references_get_no_gradient():
    x, labels, references, valid = example((True, False, True, True))
    x.requires_grad_()
    unidirectional(x, labels, references, valid, 22.0, 0.2).backward()
    skipped = labels == 1
    assert x.grad[skipped].abs().max() == 0
    assert x.grad[~skipped].abs().amin((1, 2)).min() > 0


@pytest.mark.parametrize("valid", [(False, False, False, False), (True, False, False, False)])
def test_nothing_to_compare_with_is_zero_with_a_finite_gradient(valid):
    x, labels, references, valid = example(valid)
    x.requires_grad_()
    loss = unidirectional(x, labels, references, valid, 22.0, 0.2)
    loss.backward()
    assert loss == 0
    assert x.grad.isfinite().all()
