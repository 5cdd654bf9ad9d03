"""The two-stream backbone: which stages are private, and that both ways through it agree."""

import pytest
import torch

from methods.blocks.backbone import TwoStream
from methods.recipes import resolve


def backbone(split: int) -> TwoStream:
    torch.manual_seed(0)
    return TwoStream(resolve(f"maum@demo+backbone.split={split}", "sysu_mm01"))


@pytest.mark.parametrize("split", [1, 2])
def test_private_stages_are_equal_copies_of_their_own(split):
    model = backbone(split)
    assert (len(model.visible), len(model.infrared), len(model.shared)) == (split, split, 5 - split)
    pairs = list(zip(model.visible.parameters(), model.infrared.parameters(), strict=True))
    assert all(torch.equal(a, b) and a.data_ptr() != b.data_ptr() for a, b in pairs)


@pytest.mark.parametrize("split", [1, 2])
def test_images_of_a_modality_train_its_own_stages_and_the_shared_ones(split):
    model = backbone(split)
    model.run(torch.randn(2, 3, 96, 48), "infrared").sum().backward()
    assert all(p.grad is None for p in model.visible.parameters())
    assert all(p.grad is not None for part in (model.infrared, model.shared) for p in part.parameters())


@pytest.mark.parametrize("split", [1, 2])
@pytest.mark.parametrize("stop", [1, 2, 3, 5])
def test_joint_is_each_modality_on_its_own_when_statistics_are_fixed(split, stop):
    model = backbone(split).eval()
    with torch.no_grad():
        for p in model.infrared.parameters():
            p.add_(0.1)
    visible, infrared = torch.randn(3, 3, 96, 48), torch.randn(2, 3, 96, 48)
    alone = torch.cat([model.run(visible, "visible", 0, stop), model.run(infrared, "infrared", 0, stop)])
    assert torch.allclose(model.joint(visible, infrared, stop), alone, atol=1e-6)
    assert alone.shape[1] == model.channels[stop - 1]


def test_shared_batch_statistics_mix_the_modalities():
    model = backbone(1)
    visible, infrared = torch.randn(2, 2, 3, 96, 48).unbind()
    before = model.joint(visible, infrared)[:2]
    assert not torch.allclose(before, model.joint(visible, 2 * infrared)[:2], atol=1e-4)


def test_joint_is_its_two_halves():
    model = backbone(2).eval()
    visible, infrared = torch.randn(2, 2, 3, 96, 48).unbind()
    assert torch.equal(model.rest(model.joint(visible, infrared, 3), 3), model.joint(visible, infrared))


def test_a_mixture_cannot_pass_a_private_stage():
    with pytest.raises(ValueError, match="stage 1 is private: 2 stages are, and a mixture can only pass shared ones"):
        backbone(2).rest(torch.randn(2, 16, 24, 12), 1)
