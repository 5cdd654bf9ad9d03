"""MRCN: normalisation, gates and exchange by themselves, the losses against loops, the switches, the features."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from methods.mrcn import StyleNormalisation, causality
from methods.recipes import RecipeError, resolve
from tests.methods.conftest import build, gradients, make_batch


class Constant(nn.Module):
    """A gate that answers one value everywhere."""

    def __init__(self, value: float):
        super().__init__()
        self.value = value

    def forward(self, x):
        return torch.full_like(x[:, :, :1, :1], self.value)


@pytest.fixture
def mrcn():
    return build("mrcn")


@pytest.fixture
def side(mrcn):
    return mrcn.plugged["visible"]


@pytest.fixture
def maps():
    return torch.rand(4, 16, 24, 12, generator=torch.Generator().manual_seed(3)) * 5


def features(method, batch):
    """Pooled features of every kind of a batch, (2*P*K, parts, D) each."""
    maps = method.backbone.joint(batch.visible, batch.infrared, method.stop)
    return method._features([maps, *method._made(maps)])


def test_normalised_maps_have_mean_0_and_variance_1_per_image_and_channel(side, maps):
    normal = side.norm(maps)
    torch.testing.assert_close(normal.mean((2, 3)), torch.zeros(4, 16), rtol=0, atol=1e-5)
    torch.testing.assert_close(normal.var((2, 3), correction=0), torch.ones(4, 16), rtol=0, atol=1e-4)


@pytest.mark.parametrize(("value", "expected"), [(1.0, "original"), (0.0, "normalised")])
def test_restitution_ends_at_the_original_and_at_the_normalised_map(side, maps, value, expected):
    side.restitution = Constant(value)
    torch.testing.assert_close(side.restitute(maps), maps if expected == "original" else side.norm(maps))


def test_restituting_to_the_original_map_adds_to_it(maps):
    side = build("mrcn+restitute=original").plugged["visible"]
    side.restitution = Constant(0.0)
    torch.testing.assert_close(side.restitute(maps), maps, rtol=0, atol=0)


def test_the_parts_of_a_map_add_up(side, maps):
    normal = side.norm(maps)
    side.compensation = Constant(1.0)
    kept, given = side.part(maps)
    torch.testing.assert_close(kept, normal, rtol=0, atol=0)
    torch.testing.assert_close(kept + given, maps)


def test_exchange_is_between_paired_rows_and_spares_restitution(mrcn, maps):
    changed = maps.clone()
    changed[3] += torch.rand(16, 24, 12)  # infrared row 1, of 2 visible and 2 infrared rows
    before, after = mrcn._made(maps), mrcn._made(changed)
    same = [[bool((a == b).all()) for a, b in zip(x, y, strict=True)] for x, y in zip(before, after, strict=True)]
    assert same == [[True, True, True, False], [True, False, True, False]]  # restituted, compensated


def test_equal_maps_exchanged_whole_are_unchanged(mrcn, maps):
    for name in ("visible", "infrared"):
        mrcn.plugged[name].compensation = Constant(1.0)
    twins = torch.cat([maps[:2], maps[:2]])
    torch.testing.assert_close(mrcn._made(twins)[1], twins)


def constant_features(mrcn, batch, values):
    """Features with given centres: one value of the first coordinate for each kind and modality."""
    n = len(batch.visible)
    return [torch.cat([torch.full((n, 1, 3), v), torch.full((n, 1, 3), w)]) for v, w in values]


@pytest.mark.parametrize(
    ("run", "kinds", "expected"),
    [("mrcn", 3, 0.8), ("mrcn+cqc.reduce=sum", 3, 0.8 * 4), ("mrcn+module=mrm", 2, 0.4), ("mrcn+module=mcm", 2, 0.4)],
)
def test_equal_centres_cost_the_margin_in_every_hinge(batch, run, kinds, expected):
    method = build(run)
    features = constant_features(method, batch, [(0.0, 0.0)] * kinds)
    assert method._quadruple(features, batch).item() == pytest.approx(expected, abs=1e-5)


def test_quadruple_equals_the_loop_of_the_paper(batch):
    method = build("mrcn+head.parts=6").double()
    n = 2 * len(batch.visible)
    features = [torch.randn(n, 6, 8, dtype=torch.float64) for _ in range(3)]
    expected = 0.0
    for part in range(6):
        for i in range(batch.identities):
            rows = slice(i * batch.images, (i + 1) * batch.images)
            c = [(x[: n // 2][rows, part].mean(0), x[n // 2 :][rows, part].mean(0)) for x in features]
            (v, r), *made = c
            for v_made, r_made in made:
                expected += max(0, 0.2 + (v_made - r).norm().item() - (v_made - v).norm().item())
                expected += max(0, 0.2 + (r_made - v).norm().item() - (r_made - r).norm().item())
    expected /= 6 * batch.identities
    assert method._quadruple(features, batch).item() == pytest.approx(expected, abs=1e-10)


def test_quadruple_is_zero_where_the_made_centre_is_nearer_to_the_other_modality(batch):
    method = build("mrcn+module=mrm")
    visible, infrared = torch.zeros(8, 1, 3), torch.zeros(8, 1, 3)
    infrared[..., 0] = 3.0
    made = torch.cat([visible, infrared])
    made[:8, ..., 0] = 2.0  # distance 1 to the other modality, 2 to its own
    made[8:, ..., 0] = 1.0
    assert method._quadruple([torch.cat([visible, infrared]), made], batch).item() == 0


def test_quadruple_adds_up_over_identities_in_any_order(batch):
    method = build("mrcn+cqc.reduce=sum")
    features = [torch.randn(16, 1, 3) for _ in range(3)]
    one = batch._replace(identities=1)

    def of_identity(i):
        rows = torch.tensor([2 * i, 2 * i + 1, 8 + 2 * i, 9 + 2 * i])
        return method._quadruple([x[rows] for x in features], one)

    loss = method._quadruple(features, batch)
    torch.testing.assert_close(loss, sum(of_identity(i) for i in range(4)))
    order = torch.tensor([2, 3, 0, 1, 6, 7, 4, 5])
    order = torch.cat([order, order + 8])
    torch.testing.assert_close(method._quadruple([x[order] for x in features], batch), loss)


def test_the_distance_of_the_original_centres_is_told(batch):
    method = build("mrcn")
    assert method.diagnostics() == {}
    method._quadruple(constant_features(method, batch, [(1.0, 3.0), (0.0, 0.0), (0.0, 0.0)]), batch)
    assert method.diagnostics() == pytest.approx({"centre_distance": 2 * 3**0.5})


@pytest.mark.parametrize("detach", ["on", "off"])
def test_detached_quadruple_does_not_push_from_its_own_centre(batch, detach):
    method = build(f"mrcn+module=mrm+cqc.detach={detach}")
    original, made = torch.zeros(16, 1, 2), torch.zeros(16, 1, 2)
    original[8:] = torch.tensor([3.0, 0.0])
    made[:8] = torch.tensor([0.0, 4.0])  # v' is off the line: its pull to n and its push from v differ in direction
    made[8:] = torch.tensor([1.0, 0.0])  # n' is nearer to v, its hinge is closed
    made.requires_grad_()
    gradient = torch.autograd.grad(method._quadruple([original, made], batch), made)[0][0, 0]
    pull, push = torch.tensor([-3.0, 4.0]) / 5, torch.tensor([0.0, 1.0])
    expected = (pull if detach == "on" else pull - push) / 8  # 4 identities of 2 images
    torch.testing.assert_close(gradient, expected)


def test_the_identity_loss_sees_all_six_kinds_behind_the_neck(mrcn, batch):
    mrcn.eval()
    x = torch.cat(features(mrcn, batch))[:, 0]
    assert len(x) == 48
    logits = mrcn.classifiers[0](mrcn.necks[0](x))
    target = batch.labels.repeat(3)
    smooth = -(0.9 * logits.log_softmax(1)[torch.arange(48), target] + 0.1 * logits.log_softmax(1).mean(1)).mean()
    torch.testing.assert_close(mrcn.losses(batch)["identity"], smooth)


def test_the_triplet_loss_is_the_mean_over_kinds(mrcn, batch):
    mrcn.eval()
    terms = []
    for x in features(mrcn, batch):
        distance = (x[:, 0][:, None] - x[:, 0][None]).square().sum(2).sqrt()
        same = batch.labels[:, None] == batch.labels[None]
        hardest = [(d[s].max() - d[~s].min() + 0.3).clamp(min=0) for d, s in zip(distance, same, strict=True)]
        terms.append(torch.stack(hardest).mean())
    torch.testing.assert_close(mrcn.losses(batch)["triplet"], torch.stack(terms).mean())


def test_the_gradient_contract_of_cqc(mrcn, batch):
    reached = gradients(mrcn, mrcn.losses(batch)["cqc"])
    assert not any(name.startswith(("necks", "classifiers")) for name in reached)
    for part in ("plugged.visible.norm", "plugged.visible.restitution", "plugged.visible.compensation"):
        assert any(name.startswith(part) for name in reached)
        assert any(name.startswith(part.replace("visible", "infrared")) for name in reached)
    assert any(name.startswith("backbone.visible") for name in reached)
    assert any(name.startswith("backbone.shared") for name in reached)


def test_the_classifier_is_trained_by_the_identity_loss_alone(mrcn, batch):
    losses = mrcn.losses(batch)
    assert any(name.startswith("classifiers") for name in gradients(mrcn, losses["identity"]))
    assert not any(name.startswith("classifiers") for name in gradients(mrcn, losses["triplet"]))


def test_each_side_learns_from_its_own_kinds_and_from_what_it_gives_away(mrcn, maps):
    restituted, compensated = mrcn._made(maps)
    visible = [name for name in dict(mrcn.named_parameters()) if name.startswith("plugged.visible")]

    def reach(x):
        reached = gradients(mrcn, x.square().sum())
        return {name.split(".")[2] for name in visible if name in reached}

    assert reach(restituted[:2]) == {"norm", "restitution"}
    assert reach(restituted[2:]) == set()
    assert reach(compensated[:2]) == {"norm"}
    assert reach(compensated[2:]) == {"norm", "compensation"}


@pytest.mark.parametrize(
    ("run", "names"),
    [
        ("mrcn", {"identity", "triplet", "cqc"}),
        ("mrcn+loss.cqc=0", {"identity", "triplet"}),
        ("mrcn+module=none", {"identity", "triplet"}),
        ("mrcn+module=snr", {"identity", "triplet", "causality"}),
        ("mrcn+module=mcm+loss.triplet=0", {"identity", "cqc"}),
    ],
)
def test_losses_by_switch(batch, run, names):
    method = build(run)
    losses = method.losses(batch)
    assert set(losses) == names
    assert all(loss.isfinite() and loss.ndim == 0 for loss in losses.values())
    assert method.total(losses).item() == pytest.approx(sum(method.weights[n] * x.item() for n, x in losses.items()))


@pytest.mark.parametrize(
    ("run", "dimension"),
    [
        ("mrcn", 2 * 128),
        ("mrcn+head.parts=6", 2 * 6 * 128),
        ("mrcn+module=mcm", 128),
        ("mrcn+module=mrm", 2 * 128),
        ("mrcn+module=none", 128),
        ("mrcn+module=snr", 128),
        *[(f"mrcn+stage={stage}", 256) for stage in range(5)],
        *[(f"mrcn+gate.kind={kind}", 256) for kind in ("se", "eca", "cbam")],
    ],
)
def test_features_and_losses_of_every_switch(batch, run, dimension):
    method = build(run)
    losses = method.losses(batch)
    assert all(loss.isfinite() for loss in losses.values())
    method.eval()
    with torch.no_grad():
        together = method.embed(batch.visible, "visible")
        alone = torch.cat([method.embed(image[None], "visible") for image in batch.visible])
    assert together.shape == (8, dimension)
    torch.testing.assert_close(together, alone)


def test_the_test_feature_is_the_neck_of_the_original_and_of_the_restituted(mrcn, batch):
    mrcn.losses(batch)  # moves the necks' statistics away from 0 and 1
    mrcn.eval()
    with torch.no_grad():
        original, restituted, _ = features(mrcn, batch)
        expected = torch.cat([mrcn.necks[0](x[:8, 0]) for x in (original, restituted)], dim=1)
        torch.testing.assert_close(mrcn.embed(batch.visible, "visible"), expected)


@pytest.mark.parametrize(("run", "dimension"), [("mrcn", 4096), ("mrcn+head.parts=6", 24576)])
def test_dimensions_of_the_published_recipe(run, dimension):
    method = build(run.replace("mrcn", "mrcn@published") + "+backbone.init=random", layout="regdb").eval()
    with torch.no_grad():
        assert method.embed(torch.zeros(1, 3, 288, 128), "infrared").shape == (1, dimension)


def test_the_counterpart_gate_and_the_classifiers_do_not_touch_the_feature(mrcn, batch):
    mrcn.eval()
    with torch.no_grad():
        before = mrcn.embed(batch.visible, "visible")
        for name, parameter in mrcn.named_parameters():
            if name.startswith(mrcn.TRAINING_ONLY) or "infrared" in name:
                parameter.normal_()
        torch.testing.assert_close(mrcn.embed(batch.visible, "visible"), before, rtol=0, atol=0)
        mrcn.plugged["visible"].restitution.expand.weight.normal_()
        assert not torch.equal(mrcn.embed(batch.visible, "visible"), before)


def test_the_baseline_starts_from_the_same_weights(mrcn):
    mine = build("mrcn+module=none").state_dict()
    whole = mrcn.state_dict()
    assert all(torch.equal(value, whole[name]) for name, value in mine.items())


def test_only_necks_and_classifiers_learn_at_the_full_rate():
    method = build("mrcn@published+backbone.init=random+backbone.name=small+backbone.width=16")
    slow, fast = method.parameter_groups()
    names = {id(parameter): name for name, parameter in method.named_parameters()}
    assert (slow["scale"], fast["scale"]) == (0.1, 1.0)
    assert {names[id(p)].split(".")[0] for p in slow["params"]} == {"backbone", "plugged"}
    assert {names[id(p)].split(".")[0] for p in fast["params"]} == {"necks", "classifiers"}


def test_unpaired_batches_are_refused(mrcn):
    with pytest.raises(ValueError, match="mrcn"):
        mrcn.losses(make_batch(paired=False))


def test_snr_divides_the_residual(maps):
    module = StyleNormalisation(resolve("mrcn@demo+module=snr", "regdb"), 16)
    normal, restored, spoilt = module(maps)
    torch.testing.assert_close(restored + spoilt - normal, maps)
    module.gate = Constant(1.0)
    torch.testing.assert_close(module(maps)[1], maps)
    torch.testing.assert_close(module(maps)[2], normal)


def test_causality_by_hand():
    labels = torch.tensor([0, 0, 1, 1])

    def line(*values):
        return torch.tensor(values)[:, None]

    normal, restored, spoilt = line(0.0, 1.0, 2.0, 3.0), line(0.0, 0.0, 5.0, 5.0), line(0.0, 3.0, 1.0, 4.0)
    gaps = {  # hardest positive minus hardest negative of each row
        "normal": torch.tensor([1 - 2.0, 1 - 1.0, 1 - 1.0, 1 - 2.0]),
        "restored": torch.tensor([-5.0] * 4),
        "spoilt": torch.tensor([3 - 1.0, 3 - 1.0, 3 - 1.0, 3 - 1.0]),
    }
    expected = (F.softplus(gaps["restored"] - gaps["normal"]) + F.softplus(gaps["normal"] - gaps["spoilt"])).mean()
    torch.testing.assert_close(causality(normal, restored, spoilt, labels), expected)


@pytest.mark.parametrize(
    ("run", "message"),
    [
        ("mrcn+head.parts=4", r"head\.parts=4.*nearest valid is head\.parts=3"),
        ("mrcn+head.part=6", r"unknown key 'head\.part'.*head\.parts"),
        ("mrcn+stage=5", r"stage=5.*nearest valid is 4"),
        ("mrcn+module=mr", "module=mr.*'mrm'"),
        ("mrcn+backbone.split=2", r"backbone\.split=2.*backbone\.split=1"),
        ("mrcn+gate.ratio=100", r"gate\.ratio=100.*gate\.ratio=64"),
        ("mrcn+loss.cqc=-1", r"loss\.cqc=-1.*nearest valid is 0"),
    ],
)
def test_recipes_that_make_no_sense_are_refused(run, message):
    with pytest.raises(RecipeError, match=message):
        resolve(run, "sysu_mm01")


def test_the_stage_follows_the_dataset():
    assert (resolve("mrcn", "sysu_mm01")["stage"], resolve("mrcn", "regdb")["stage"]) == (0, 1)
