"""The non-local block against a loop over positions, and its place in the backbone."""

import pytest
import torch
from torch import nn

from methods.blocks.backbone import TwoStream
from methods.blocks.nonlocal_block import NonLocal, insert
from methods.recipes import resolve


def trained(channels: int, inner: int) -> NonLocal:
    torch.manual_seed(0)
    block = NonLocal(channels, inner).double().eval()
    nn.init.normal_(block.norm.weight)
    nn.init.normal_(block.norm.bias)
    return block


def test_it_is_the_identity_before_it_has_learned():
    x = torch.randn(2, 6, 4, 3)
    assert torch.equal(NonLocal(6, 1)(x), x)


@pytest.mark.parametrize("inner", [1, 3])
def test_it_equals_a_loop_over_pairs_of_positions(inner):
    block, x = trained(6, inner), torch.randn(2, 6, 4, 3, dtype=torch.float64)
    query, key, value = (layer(x).flatten(2) for layer in (block.query, block.key, block.value))
    y = torch.zeros(2, inner, 12, dtype=torch.float64)
    for i in range(12):
        for j in range(12):
            y[:, :, i] += (query[:, :, i] * key[:, :, j]).sum(1, keepdim=True) * value[:, :, j] / 12
    slow = x + block.norm(block.out(y.unflatten(2, (4, 3))))
    torch.testing.assert_close(block(x), slow, rtol=0, atol=1e-10)


def places(run: str) -> list[str]:
    torch.manual_seed(0)
    backbone = TwoStream(resolve(run, "sysu_mm01"))
    insert(backbone, 2, 2, 1)
    insert(backbone, 3, 3, 0)
    return [name for name, module in backbone.named_modules() if isinstance(module, NonLocal)]


def test_it_stands_after_the_last_blocks_of_layer2_and_layer3():
    found = places("agw+backbone.init=random+backbone.width=8")
    assert found == ["shared.1.2.1", "shared.1.3.1", "shared.2.3.1", "shared.2.4.1", "shared.2.5.1"]


def test_a_stage_of_one_block_gets_one():
    assert places("agw@demo") == ["shared.1.0.1", "shared.2.0.1"]


def test_zero_inner_channels_are_half_of_the_stage():
    backbone = TwoStream(resolve("agw@demo", "sysu_mm01"))
    insert(backbone, 3, 1, 0)
    assert backbone.shared[2][0][1].query.out_channels == backbone.channels[3] // 2
