"""HCT: its losses against plain loops, and its settings by dataset."""

import pytest
import torch
from torch.nn import functional as F

from methods.blocks.centres import hetero_centre_triplet
from methods.contract import Host
from methods.recipes import RecipeError, resolve
from tests.methods.conftest import build, gradients, make_batch

P, K = 4, 2


@pytest.mark.parametrize("layout", ["sysu_mm01", "regdb"])
def test_losses_are_those_of_its_maps(layout, batch):
    method = build("hct", layout).eval()
    assert isinstance(method, Host)
    maps = method.maps(batch)
    assert maps.shape == (16, 128, 6, 3)
    losses = method.losses_of(maps, batch)
    smoothing, p = {"sysu_mm01": (0.0, 3.0), "regdb": (0.1, 10.0)}[layout]
    parts = []
    for k in range(6):
        pooled = (maps[:, :, k].pow(p).mean(-1) + 1e-12).pow(1 / p)
        parts.append(method.reduction.norms[k](method.reduction.maps[k](pooled)).relu())
    identity = sum(
        F.cross_entropy(c(part), batch.labels, label_smoothing=smoothing)
        for c, part in zip(method.classifiers, parts, strict=True)
    )
    torch.testing.assert_close(losses["identity"], identity)
    torch.testing.assert_close(losses["triplet"], hetero_centre_triplet(torch.cat(parts, dim=1), P, K, 0.3))
    torch.testing.assert_close(losses["part_triplet"], sum(hetero_centre_triplet(part, P, K, 0.3) for part in parts))


def test_weights_by_dataset():
    assert build("hct").weights == {"identity": 1.0, "triplet": 1.0, "part_triplet": 1.0}
    assert build("hct", "regdb").weights["part_triplet"] == 2.0
    sysu, regdb = (resolve("hct", layout) for layout in ("sysu_mm01", "regdb"))
    assert (sysu["batch.identities"], sysu["batch.images"], sysu["loss.smoothing"]) == (6, 8, 0.0)
    assert (regdb["batch.identities"], regdb["batch.images"], regdb["loss.smoothing"]) == (8, 4, 0.1)


def test_triplets_do_not_reach_the_classifiers(batch):
    method = build("hct")
    losses = method.losses(batch)
    for name, reached in [("identity", True), ("triplet", False), ("part_triplet", False)]:
        found = gradients(method, losses[name])
        assert any(n.startswith("classifiers") for n in found) == reached
        assert any(n.startswith("reduction") for n in found) and any(n.startswith("backbone") for n in found)


def test_a_weight_of_zero_leaves_the_loss_out(batch):
    whole, part = build("hct"), build("hct+loss.triplet=0")
    assert part.losses(batch).keys() == {"identity", "part_triplet"}
    assert torch.equal(part.losses(batch)["identity"], whole.losses(batch)["identity"])


def test_test_feature_is_the_concatenation_that_the_triplet_sees(batch):
    method = build("hct").eval()
    with torch.no_grad():
        x = torch.cat([method.embed(batch.visible, "visible"), method.embed(batch.infrared, "infrared")])
        torch.testing.assert_close(method.losses(batch)["triplet"], hetero_centre_triplet(x, P, K, 0.3))


def test_rows_must_be_pairs():
    with pytest.raises(ValueError, match=r"hct needs row j"):
        build("hct").losses(make_batch(paired=False))
    with pytest.raises(RecipeError, match=r"batch\.pairing=free is refused"):
        resolve("hct+batch.pairing=free", "regdb")


def test_backbone_learns_slower():
    slow, fast = build("hct@published+backbone.init=random+backbone.name=small+backbone.width=8").parameter_groups()
    assert (slow["scale"], fast["scale"]) == (0.1, 1.0)
