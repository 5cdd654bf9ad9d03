"""DDAG: both attentions against loops, the dynamic factor over epochs, who trains what, the feature."""

import pytest
import torch
from torch.nn import functional as F

from methods.ddag import GraphAttention, PartAttention
from methods.recipes import RecipeError, resolve
from tests.methods.conftest import build, gradients, make_batch


@pytest.fixture
def ddag():
    return build("ddag")


def test_part_attention_equals_the_loop():
    torch.manual_seed(0)
    module = PartAttention(8, 3).double()
    module.importance.data = torch.randn(3, dtype=torch.float64)
    maps = torch.rand(2, 8, 6, 3, dtype=torch.float64)
    whole = torch.rand(2, 8, dtype=torch.float64)
    expected = whole.clone()
    for b in range(2):
        parts = [maps[b, :, 2 * i : 2 * i + 2].mean((1, 2)) for i in range(3)]
        for i in range(3):
            scores = torch.stack([(module.query(parts[i]) * module.key(part)).sum() for part in parts]).exp()
            mixed = sum(s / scores.sum() * module.value(part) for s, part in zip(scores, parts, strict=True))
            expected[b] += module.importance.exp()[i] / module.importance.exp().sum() * mixed
    center, spread = expected.mean(0), expected.var(0, correction=0) + 1e-5
    expected = (expected - center) / spread.sqrt() * module.neck.bn.weight
    torch.testing.assert_close(module(maps, whole), expected, rtol=0, atol=1e-10)


def test_graph_attention_equals_the_loop():
    torch.manual_seed(0)
    module = GraphAttention(6, 4, slope=0.2, dropout=0.0).double()
    x, labels = torch.randn(5, 6, dtype=torch.float64), torch.tensor([0, 1, 0, 2, 0])
    h = x @ module.reduce.weight.T
    w = torch.cat([module.score.weight[0], module.score.weight[1]])
    expected = torch.zeros(5, 4, dtype=torch.float64)
    for i in range(5):
        near = [j for j in range(5) if labels[j] == labels[i]]
        scores = torch.stack([F.leaky_relu(torch.cat([h[i], h[j]]) @ w, 0.2) for j in near]).exp()
        expected[i] = F.elu(sum(s / scores.sum() * h[j] for s, j in zip(scores, near, strict=True)))
    torch.testing.assert_close(module(x, labels[:, None] == labels[None]), expected, rtol=0, atol=1e-10)


def test_an_image_without_company_keeps_itself():
    module = GraphAttention(6, 4, slope=0.2, dropout=0.0)
    x = torch.randn(3, 6)
    torch.testing.assert_close(module(x, torch.eye(3, dtype=torch.bool)), F.elu(module.reduce(x)))


def test_the_graph_crosses_modalities_and_not_identities(ddag, batch):
    ddag.eval()
    x = torch.rand(16, 128, requires_grad=True)
    reach = torch.autograd.grad(ddag.graph(x, batch.labels)[2].sum(), x)[0].abs().sum(1) > 0
    assert reach.nonzero().flatten().tolist() == [2, 3, 10, 11]


def test_the_factor_of_the_graph_follows_the_previous_epoch(ddag, batch):
    means = []
    for epoch in range(2):
        seen = []
        for step in range(10 * epoch, 10 * epoch + 10):
            losses = ddag.losses(batch._replace(step=step, epoch=epoch))
            assert ddag.factor.item() == pytest.approx(1 / (1 + means[-1]) if means else 0)
            assert (losses["graph"].item() == 0) == (epoch == 0)
            seen.append(sum(losses[name].item() for name in ("identity", "triplet", "part")))
            ddag.after_step(step)
        means.append(sum(seen) / 10)
    assert ddag.factor.item() == pytest.approx(1 / (1 + means[1]))


def test_asking_twice_for_losses_changes_nothing(ddag, batch):
    ddag.factor.fill_(0.3)
    ddag.graph.eval()
    first, second = ddag.losses(batch), ddag.losses(batch)
    assert {n: x.item() for n, x in first.items()} == pytest.approx({n: x.item() for n, x in second.items()}, abs=1e-5)


def test_the_factor_survives_a_restart(ddag, batch):
    ddag.losses(batch)
    for step in range(15):
        ddag.after_step(step)
    again = build("ddag", seed=1)
    again.load_state_dict(ddag.state_dict())
    assert (again.factor, again.seen) == (ddag.factor, ddag.seen)
    assert again.factor > 0 and again.seen > 0


@pytest.mark.parametrize(
    ("loss", "reached", "spared"),
    [
        ("identity", {"backbone", "neck", "classifier"}, {"parts", "graph"}),
        ("triplet", {"backbone"}, {"neck", "classifier", "parts", "graph"}),
        ("part", {"backbone", "neck", "classifier", "parts"}, {"graph"}),
        ("graph", {"backbone", "graph"}, {"neck", "classifier", "parts"}),
    ],
)
def test_who_trains_what(ddag, batch, loss, reached, spared):
    ddag.factor.fill_(1.0)
    found = {name.split(".")[0] for name in gradients(ddag, ddag.losses(batch)[loss])}
    assert reached <= found
    assert not spared & found


def test_without_the_graph_no_random_number_is_drawn(batch):
    method = build("ddag+loss.graph=0")
    before = torch.get_rng_state()
    assert set(method.losses(batch)) == {"identity", "triplet", "part"}
    assert torch.equal(torch.get_rng_state(), before)
    build("ddag").losses(batch)
    assert not torch.equal(torch.get_rng_state(), before)


def test_the_feature_needs_neither_graph_nor_companions(ddag, batch):
    ddag.losses(batch)
    ddag.eval()
    with torch.no_grad():
        together = ddag.embed(batch.infrared, "infrared")
        for parameter in ddag.graph.parameters():
            parameter.normal_()
        alone = torch.cat([ddag.embed(image[None], "infrared") for image in batch.infrared])
        maps = ddag.backbone.run(batch.infrared, "infrared")
    assert together.shape == (8, 128)
    torch.testing.assert_close(together, alone)
    torch.testing.assert_close(together, ddag.parts(maps, ddag.neck(maps.mean((2, 3)))))


def test_unpaired_batches_are_refused(ddag):
    with pytest.raises(ValueError, match="ddag"):
        ddag.losses(make_batch(paired=False))


@pytest.mark.parametrize(
    ("run", "message"),
    [
        ("ddag+attention.parts=4", r"attention\.parts=4.*attention\.parts=3"),
        ("ddag+graph.head=2", r"graph\.heads"),
        ("ddag+graph.dropout=2", r"nearest valid is 1"),
    ],
)
def test_recipes_that_make_no_sense_are_refused(run, message):
    with pytest.raises(RecipeError, match=message):
        resolve(run, "sysu_mm01")
