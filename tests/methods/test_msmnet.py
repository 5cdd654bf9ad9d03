"""MSMNet: hand values, whom each loss trains, and what the switches leave out."""

import math

import pytest
import torch

import methods.msmnet
from methods.blocks.centres import hetero_centre_triplet
from methods.contract import MODALITIES
from methods.msmnet import (
    OTHER,
    Fusion,
    Linear,
    Memory,
    adversarial,
    alignment,
    cosine_matrix,
    reconstruction,
)
from methods.recipes import RecipeError, resolve
from tests.methods.conftest import build, gradients, make_batch

THREE = "loss.adversarial=0+loss.alignment=0+loss.reconstruction=0"


def noise(*shape, seed=0):
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def memory(strips=6, items=5, channels=8):
    torch.manual_seed(0)
    return Memory(strips, items, channels, 0.1).double()


# The memory


@pytest.mark.parametrize(("temperature", "first"), [(1.0, 0.7310586), (0.1, 0.9999546)])
def test_address_by_hand(temperature, first):
    """A feature along the first of two orthogonal items."""
    m = Memory(1, 2, 2, temperature)
    with torch.no_grad():
        m.visible.copy_(torch.eye(2)[None])
    found = m.address(torch.tensor([[[1.0, 0.0]]]), "visible").exp()
    torch.testing.assert_close(found, torch.tensor([[[first, 1 - first]]]), rtol=0, atol=1e-5)


def test_addresses_sum_to_one_and_equal_items_make_the_own_feature():
    m = memory()
    f = noise(6, 7, 8)
    address = m.address(f, "visible")
    assert address.shape == (6, 7, 5)
    torch.testing.assert_close(address.exp().sum(-1), torch.ones(6, 7, dtype=torch.float64))
    assert not torch.allclose(m(f, "visible"), m.recall(address, "visible"))
    with torch.no_grad():
        m.infrared.copy_(m.visible)
    assert torch.equal(m(f, "visible"), m.recall(address, "visible"))


@pytest.mark.parametrize("modality", MODALITIES)
def test_memory_reads_across_as_in_a_loop(modality):
    m, f = memory(), noise(6, 7, 8)
    own, other = getattr(m, modality), getattr(m, OTHER[modality])
    found = m(f, modality)
    for k in range(6):
        for j in range(7):
            match = [(torch.dot(f[k, j], item) / (f[k, j].norm() * item.norm()) / 0.1).exp() for item in own[k]]
            expected = sum(a * item for a, item in zip(match, other[k], strict=True)) / sum(match)
            torch.testing.assert_close(found[k, j], expected, rtol=0, atol=1e-10)


def test_size_and_initial_length_of_the_published_memory():
    m = Memory(6, 20, 2048, 0.1)
    assert sum(p.numel() for p in m.parameters()) == 491_520
    assert torch.cat([m.visible, m.infrared]).norm(dim=-1).mean().item() == pytest.approx(math.sqrt(2), rel=0.01)


def test_linear_layers_make_the_other_modality_strip_by_strip():
    layers = Linear(3, 4).double()
    f = noise(3, 5, 4)
    for modality in MODALITIES:
        found = layers(f, modality)
        for k in range(3):
            torch.testing.assert_close(found[k], getattr(layers, modality)[k](f[k]))


def test_fusion_normalises_each_strip_on_its_own():
    torch.manual_seed(0)
    fusion, f = Fusion(3, 4, 2).double(), noise(3, 9, 4)
    scale = fusion.norm.weight.view(3, 2)
    found = fusion(f)
    assert found.shape == (9, 3, 2)
    for k in range(3):
        mapped = f[k] @ fusion.maps[k].weight.T
        expected = (mapped - mapped.mean(0)) / (mapped.var(0, unbiased=False) + 1e-5).sqrt() * scale[k]
        torch.testing.assert_close(found[:, k], expected, rtol=0, atol=1e-10)


def test_cosine_matrix_by_hand():
    found = cosine_matrix(torch.tensor([[2.0, 0.0], [1.0, 1.0], [0.0, -3.0]]))
    half = math.sqrt(0.5)
    torch.testing.assert_close(found, torch.tensor([[1.0, half, 0.0], [half, 1.0, -half], [0.0, -half, 1.0]]))


# The losses


def test_alignment_by_hand():
    a = torch.tensor([[[0.7310586, 0.2689414]]]).log()
    assert alignment(a, a.flip(-1)).item() == pytest.approx(0.9242343, abs=1e-5)
    assert alignment(a, a) == 0


def test_alignment_equals_the_double_loop():
    v, n = (noise(3, 4, 5, seed=s).log_softmax(-1) for s in range(2))
    total = 0.0
    for k in range(3):
        for j in range(4):
            for log_p, log_q in ((v[k, j], n[k, j]), (n[k, j], v[k, j])):
                total += sum((lp.exp() * (lp - lq)).item() for lp, lq in zip(log_p, log_q, strict=True)) / 4
    assert alignment(v, n).item() == pytest.approx(total, abs=1e-10)


def test_reconstruction_by_hand():
    """Distances 5 and 1 in one strip, 0 and 2 in the other: means 3 and 1."""
    f = torch.tensor([[[3.0, 4.0], [1.0, 0.0]], [[1.0, 1.0], [0.0, 2.0]]])
    recalled = torch.tensor([[[0.0, 0.0], [0.0, 0.0]], [[1.0, 1.0], [0.0, 0.0]]])
    assert reconstruction(f, recalled).item() == pytest.approx(4.0, abs=1e-5)


def test_undecided_discriminators_cost_log_two_a_judgement(batch):
    method = build("msmnet")
    for judge in method.discriminators:
        torch.nn.init.zeros_(judge[-1].weight)
        torch.nn.init.zeros_(judge[-1].bias)
    assert method.losses(batch)["adversarial"].item() == pytest.approx(2 * 2 * 6 * math.log(2), abs=1e-5)


def test_both_forms_by_hand():
    original, made = torch.tensor([[[2.0]]]), torch.tensor([[[-1.0]]])
    log_of = {x: math.log(1 / (1 + math.exp(-x))) for x in (2.0, 1.0, -1.0, -2.0)}
    assert adversarial(original, made, "bce").item() == pytest.approx(-log_of[2.0] - log_of[1.0], abs=1e-5)
    assert adversarial(original, made, "literal").item() == pytest.approx(log_of[-1.0] + log_of[-2.0], abs=1e-5)


def test_both_forms_pull_the_discriminator_the_same_way():
    """Higher scores of originals and lower ones of what is made from the memory: either form falls."""
    for form in ("bce", "literal"):
        original, made = noise(2, 3, 1).requires_grad_(), noise(2, 3, 1, seed=1).requires_grad_()
        up, down = torch.autograd.grad(adversarial(original, made, form), [original, made])
        assert (up < 0).all() and (down > 0).all()


def test_losses_are_the_printed_sums(batch):
    """Every term from the strips again, one modality, one strip and one image at a time."""
    method = build("msmnet").eval()
    with torch.no_grad():
        losses = method.losses(batch)
        f = {m: method._parts(method.backbone.run(getattr(batch, m), m)) for m in MODALITIES}
        made = {OTHER[m]: method.completion(f[m], m) for m in MODALITIES}
        g = {m: method.fusion(f[m] + made[OTHER[m]]) for m in MODALITIES}
        expected = dict.fromkeys(("specific", "identity", "triplet", "adversarial", "reconstruction"), 0.0)
        for k in range(6):
            both = torch.cat([g[m][:, k] for m in MODALITIES])
            expected["triplet"] += hetero_centre_triplet(both, batch.identities, batch.images, 0.3).item()
        for judge, m in zip(method.discriminators, MODALITIES, strict=True):
            recalled = method.completion.recall(method.completion.address(f[m], m), m)
            for k in range(6):
                for j, label in enumerate(batch.visible_labels):
                    own = method.specific[m].parts[k](f[m][k, j]).log_softmax(0)[label]
                    shared = method.common.parts[k](g[m][j, k]).log_softmax(0)[label]
                    true, false = judge(f[m][k, j]).sigmoid(), judge(made[m][k, j]).sigmoid()
                    expected["specific"] -= own.item() / 8
                    expected["identity"] -= shared.item() / 8
                    expected["adversarial"] -= (true.log() + (1 - false).log()).item() / 8
                    expected["reconstruction"] += (f[m][k, j] - recalled[k, j]).norm().item() / 8
    for name, value in expected.items():
        assert losses[name].item() == pytest.approx(value, rel=1e-4), name


@pytest.mark.parametrize(
    ("name", "reached"),
    [
        ("specific", {"backbone", "specific"}),
        ("identity", {"backbone", "completion", "fusion", "common"}),
        ("triplet", {"backbone", "completion", "fusion"}),
        ("adversarial", {"backbone", "completion", "discriminators"}),
        ("reconstruction", {"backbone", "completion"}),
        ("alignment", {"backbone", "completion"}),
    ],
)
def test_whom_each_loss_trains(name, reached, batch):
    method = build("msmnet")
    found = gradients(method, method.losses(batch)[name])
    assert {parameter.split(".")[0] for parameter in found} == reached
    trained = {parameter for parameter in found if parameter.startswith(("completion", "backbone"))}
    assert {"backbone.visible.0.conv1.weight", "backbone.infrared.0.conv1.weight"} <= trained
    assert {"completion.visible", "completion.infrared"} <= trained or "completion" not in reached


def test_reconstruction_of_a_modality_moves_its_own_items_only():
    m, f = memory(), noise(6, 7, 8).requires_grad_()
    loss = reconstruction(f, m.recall(m.address(f, "infrared"), "infrared"))
    visible, infrared, features = torch.autograd.grad(loss, [m.visible, m.infrared, f], allow_unused=True)
    assert visible is None
    assert infrared.abs().max() > 0 and features.abs().max() > 0


def test_detach_leaves_the_addresses_as_the_only_way_to_the_backbone(batch):
    """With a single item the address is constant, so nothing reaches the backbone."""
    free = build("msmnet+memory.items=1")
    held = build("msmnet+memory.items=1+reconstruction.detach=on")
    reached = [{n.split(".")[0] for n in gradients(m, m.losses(batch)["reconstruction"])} for m in (free, held)]
    assert reached == [{"backbone", "completion"}, {"completion"}]


def test_reversal_turns_what_the_backbone_and_the_memory_feel(batch, monkeypatch):
    method = build("msmnet")
    named = dict(method.named_parameters())
    found = []
    for reverse in (methods.msmnet.reverse, torch.nn.Identity()):
        monkeypatch.setattr(methods.msmnet, "reverse", reverse)
        loss = method.losses(batch)["adversarial"]
        found.append(torch.autograd.grad(loss, list(named.values()), allow_unused=True))
    for name, turned, plain in zip(named, *found, strict=True):
        if name.startswith("discriminators"):
            assert torch.equal(turned, plain)
        elif turned is not None:
            assert torch.equal(turned, -plain)


def test_swapping_the_modalities_changes_no_memory_loss(batch):
    """Images, private stages, items and discriminators all change places."""
    method = build("msmnet")
    with torch.no_grad():
        for p in method.backbone.infrared.parameters():
            p.add_(0.01)
    before = method.losses(batch)
    state = {name: value.clone() for name, value in method.state_dict().items()}
    places = {"visible": "infrared", "infrared": "visible", "discriminators.0": "discriminators.1"}
    places |= {there: here for here, there in places.items()}
    swapped = {}
    for name, value in state.items():
        part = next((p for p in places if f".{p}." in f".{name}." or name.startswith(f"{p}.")), None)
        swapped[name.replace(part, places[part], 1) if part else name] = value
    method.load_state_dict(swapped)
    after = method.losses(batch._replace(visible=batch.infrared, infrared=batch.visible))
    for name, loss in before.items():
        assert loss.item() == pytest.approx(after[name].item(), rel=1e-5)


# The switches


@pytest.mark.parametrize(
    ("run", "losses"),
    [
        ("msmnet", ["specific", "identity", "triplet", "adversarial", "reconstruction", "alignment"]),
        ("msmnet+completion=linear", ["specific", "identity", "triplet", "adversarial"]),
        ("msmnet+completion=none", ["specific", "identity", "triplet"]),
        (f"msmnet+{THREE}", ["specific", "identity", "triplet"]),
        ("msmnet+loss.specific=0+loss.identity=0", ["triplet", "adversarial", "reconstruction", "alignment"]),
    ],
)
def test_the_losses_of_a_run(run, losses, batch):
    method = build(run)
    state = torch.get_rng_state()
    found = method.losses(batch)
    assert list(found) == losses
    assert torch.equal(state, torch.get_rng_state())
    assert method.total(found).isfinite()


def test_weights_of_zero_leave_exactly_the_other_losses(batch):
    whole, rest = build("msmnet"), build(f"msmnet+{THREE}")
    initial = whole.state_dict()
    assert all(torch.equal(value, initial[name]) for name, value in rest.state_dict().items())
    losses = whole.losses(batch)
    kept = losses["specific"] + losses["identity"] + losses["triplet"]
    total = rest.total(rest.losses(batch))
    assert torch.equal(total, kept)
    assert gradients(rest, total) == gradients(whole, kept)


def test_discriminators_of_a_run(batch):
    assert [len(build(f"msmnet{plus}").discriminators) for plus in ("", "+adversary.count=1")] == [2, 1]
    assert len(build("msmnet+loss.adversarial=0").discriminators) == 0
    assert len(build("msmnet+completion=none").discriminators) == 0


def test_one_discriminator_is_two_that_agree(batch):
    one, two = build("msmnet+adversary.count=1"), build("msmnet")
    two.discriminators[1].load_state_dict(two.discriminators[0].state_dict())
    assert torch.equal(one.losses(batch)["adversarial"], two.losses(batch)["adversarial"])


def test_baseline_fuses_the_feature_alone(batch):
    whole, base = build("msmnet").eval(), build("msmnet+completion=none").eval()
    with torch.no_grad():
        for items in whole.completion.parameters():
            items.zero_()
        assert torch.equal(whole.embed(batch.visible, "visible"), base.embed(batch.visible, "visible"))


def test_test_feature_is_the_trained_one(batch):
    """The strips of the feature that the triplet sees, one after the other."""
    method = build("msmnet").eval()
    seen = []
    method.fusion.register_forward_hook(lambda module, inputs, output: seen.append(output.flatten(1)))
    with torch.no_grad():
        method.losses(batch)
        single = torch.cat([method.embed(batch.visible, "visible"), method.embed(batch.infrared, "infrared")])
    torch.testing.assert_close(single, seen[0], rtol=1e-4, atol=1e-5)


def test_memory_is_part_of_the_state(batch):
    method, other = build("msmnet").eval(), build("msmnet", seed=1).eval()
    state = method.state_dict()
    other.load_state_dict(state)
    with torch.no_grad():
        assert torch.equal(method.embed(batch.visible, "visible"), other.embed(batch.visible, "visible"))
    del state["completion.visible"]
    with pytest.raises(RuntimeError, match=r"Missing key.*completion\.visible"):
        other.load_state_dict(state)


def test_diagnostics(batch):
    method = build("msmnet")
    method.losses(batch)
    found = method.diagnostics()
    assert found.keys() == {"completion_ratio", "item_cosine"}
    assert 0 < found["completion_ratio"] < 1
    with torch.no_grad():
        method.completion.visible.fill_(2.0)
    assert method.diagnostics()["item_cosine"] == pytest.approx(1.0, abs=1e-5)
    assert build("msmnet+completion=none").diagnostics() == {}


def test_rows_must_be_pairs():
    with pytest.raises(ValueError, match=r"msmnet needs row j .*set batch\.pairing=paired"):
        build("msmnet").losses(make_batch(paired=False))


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("head.parts=5", r"head\.parts=5 is refused: the strips must divide .* head\.parts=(4|6)"),
        ("completion=none+loss.alignment=1", r"loss\.alignment=1 has no effect without completion == 'memory'"),
        ("completion=linear+memory.items=5", r"memory\.items=5 has no effect"),
        ("loss.adversarial=0+adversary.count=1", r"adversary\.count=1 has no effect"),
        ("batch.pairing=free", r"batch\.pairing=free is refused.*batch\.pairing=paired"),
    ],
)
def test_refused_runs(override, message):
    with pytest.raises(RecipeError, match=message):
        resolve(f"msmnet+{override}", "sysu_mm01")
