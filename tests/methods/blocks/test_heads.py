"""Necks, classifiers and reductions."""

import torch
from torch.nn import functional as F

from methods.blocks.heads import Neck, Reduction, classifier


def test_neck_is_a_batch_norm_whose_bias_stays_zero():
    torch.manual_seed(0)
    neck = Neck(512)
    x = torch.randn(16, 512) * 3 + 1
    expected = (x - x.mean(0)) / (x.var(0, unbiased=False) + 1e-5).sqrt() * neck.bn.weight
    assert torch.allclose(neck(x), expected, atol=1e-5)
    assert not neck.bn.bias.requires_grad
    assert neck.bn.bias.abs().max() == 0
    assert abs(neck.bn.weight.mean() - 1) < 0.002
    assert 0.008 < neck.bn.weight.std() < 0.012


def test_classifier_has_small_weights_and_no_bias():
    torch.manual_seed(0)
    linear = classifier(512, 395)
    assert linear.weight.shape == (395, 512)
    assert linear.bias is None
    assert 0.00095 < linear.weight.std() < 0.00105


def test_reduction_is_a_convolution_of_each_strip():
    torch.manual_seed(0)
    reduction, x = Reduction(3, 8, 4), torch.randn(5, 3, 8)
    y = reduction(x)
    assert y.shape == (5, 3, 4)
    for k in range(3):
        convolved = F.conv2d(x[:, k, :, None, None], reduction.maps[k].weight[:, :, None, None], reduction.maps[k].bias)
        expected = F.batch_norm(convolved[:, :, 0, 0], None, None, reduction.norms[k].weight, training=True).relu()
        assert torch.allclose(y[:, k], expected, atol=1e-5)


def test_a_strip_is_reduced_by_its_own_layer():
    torch.manual_seed(0)
    reduction = Reduction(3, 8, 4).eval()
    x = torch.randn(5, 3, 8)
    before = reduction(x)
    with torch.no_grad():
        reduction.maps[1].weight.add_(1.0)
    changed = (reduction(x) != before).any(-1).any(0)
    assert changed.tolist() == [False, True, False]
