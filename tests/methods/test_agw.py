"""AGW: both losses, what they reach, and features of single images."""

import pytest
import torch

from methods.contract import Host
from tests.methods.conftest import build, gradients, make_batch


def test_losses_are_those_of_its_maps(batch):
    method = build("agw")
    assert isinstance(method, Host)
    maps = method.maps(batch)
    assert maps.shape == (16, 128, 6, 3)
    losses = method.losses_of(maps, batch)
    assert losses.keys() == {"identity", "triplet"}
    assert losses["identity"].item() == pytest.approx(torch.log(torch.tensor(6.0)).item(), abs=0.05)


def test_triplet_does_not_reach_neck_and_classifier(batch):
    method = build("agw")
    losses = method.losses(batch)
    triplet, identity = gradients(method, losses["triplet"]), gradients(method, losses["identity"])
    assert not [name for name in triplet if name.startswith(("neck", "classifier"))]
    assert {"neck.bn.weight", "classifier.weight"} <= identity.keys()
    assert any(name.endswith("norm.weight") for name in triplet)


def test_rows_need_no_pairs():
    method = build("agw")
    assert method.total(method.losses(make_batch(paired=False))).isfinite()


def test_a_weight_of_zero_leaves_the_loss_out(batch):
    whole, part = build("agw"), build("agw+loss.triplet=0")
    assert part.losses(batch).keys() == {"identity"}
    assert torch.equal(part.losses(batch)["identity"], whole.losses(batch)["identity"])


def test_backbone_and_attention_learn_slower():
    method = build("agw@published+backbone.init=random+backbone.name=small+backbone.width=8")
    slow, fast = method.parameter_groups()
    assert (slow["scale"], fast["scale"]) == (0.1, 1.0)
    assert sum(len(group["params"]) for group in (slow, fast)) == sum(p.requires_grad for p in method.parameters())
    attention = dict(method.named_parameters())["backbone.shared.1.0.1.query.weight"]
    assert any(parameter is attention for parameter in slow["params"])


@pytest.mark.parametrize("run", ["agw", "mun", "mgmra+host=agw"])
def test_the_pooled_feature_is_the_one_before_the_neck(run, batch):
    after, before = build(run).eval(), build(f"{run}+feature.layer=pooled").eval()
    before.load_state_dict(after.state_dict())
    neck = (after.host if run.startswith("mgmra") else after).neck
    pooled = before.embed(batch.visible, "visible")
    assert torch.equal(neck(pooled), after.embed(batch.visible, "visible"))
    assert not torch.equal(neck(pooled), pooled)
