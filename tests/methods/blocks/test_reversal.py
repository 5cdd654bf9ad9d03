"""Gradient reversal: same values, turned gradient below, unturned gradient above."""

import torch

from methods.blocks.reversal import reverse


def test_reversal_turns_the_gradient_below_and_no_other():
    x = torch.tensor([1.0, -2.0, 3.0], requires_grad=True)
    w = torch.tensor([0.5, 4.0, -1.0], requires_grad=True)
    plain = torch.autograd.grad((x * w).pow(2).sum(), [x, w])
    turned = torch.autograd.grad((reverse(x) * w).pow(2).sum(), [x, w])
    assert torch.equal(reverse(x), x)
    assert torch.equal(turned[0], -plain[0])
    assert torch.equal(turned[1], plain[1])
