"""The contract that every method keeps, parametrised over every network that a recipe names."""

import pytest
import torch

from methods.contract import MODALITIES
from methods.recipes import resolve
from tests.methods.cases import IDENTITIES, LAYOUT, RUNS, WARM, batch_of, build, demo, losses_of, train, warm

every_run = pytest.mark.parametrize("run", RUNS)
every_loss = pytest.mark.parametrize(("run", "key"), [(run, key) for run in RUNS for key in losses_of(run)])


def same(a, b) -> bool:
    """Equal up to the rounding of another batch size."""
    return torch.allclose(a, b, rtol=1e-4, atol=1e-5)


def grads(method, losses: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Gradients of the total by parameter name, without those that are zero or absent."""
    method.zero_grad()
    method.total(losses).backward()
    return {name: p.grad for name, p in method.named_parameters() if p.grad is not None and p.grad.abs().max() > 0}


@pytest.fixture(params=MODALITIES)
def modality(request):
    return request.param


@every_run
@torch.no_grad()
def test_the_feature_of_an_image_is_its_own(run, modality):
    """The same alone, among others, among other others and in another order."""
    method = warm(demo(run)).eval()
    images, others = torch.randn(2, 5, 3, 96, 48).unbind()
    together = method.embed(images, modality)
    assert together.shape[0] == 5
    assert together.ndim == 2
    assert together.isfinite().all()
    for i in range(5):
        assert same(method.embed(images[i : i + 1], modality), together[i : i + 1])
    assert same(method.embed(torch.cat([others, images]), modality)[5:], together)
    assert same(method.embed(images.flip(0), modality).flip(0), together)
    assert not same(together[0], together[1])


@every_run
@torch.no_grad()
def test_the_feature_depends_on_the_modality(run):
    method = warm(demo(run)).eval()
    images = torch.randn(3, 3, 96, 48)
    visible, infrared = (method.embed(images, modality) for modality in MODALITIES)
    assert visible.shape == infrared.shape
    assert (visible - infrared).abs().amax(1).min() > 1e-4 * visible.abs().max()


@every_run
@torch.no_grad()
def test_asking_for_features_changes_nothing(run, modality):
    method = warm(demo(run)).eval()
    before = {name: value.clone() for name, value in method.state_dict().items()}
    random = torch.get_rng_state()
    images = torch.randn(3, 3, 96, 48, generator=torch.Generator().manual_seed(0))
    first = method.embed(images, modality)
    assert torch.equal(first, method.embed(images, modality))
    assert torch.equal(random, torch.get_rng_state())
    assert all(torch.equal(value, before[name]) for name, value in method.state_dict().items())


@every_run
@torch.no_grad()
def test_the_streams_of_both_modalities_are_the_features(run):
    method, batch = warm(demo(run)).eval(), batch_of(0)
    streams = method.streams(batch)
    assert list(streams)[:2] == list(MODALITIES)
    for name in MODALITIES:
        assert same(streams[name], method.embed(getattr(batch, name), name))


@every_run
def test_training_only_modules_do_not_influence_features(run):
    """With them overwritten features stay the same to the bit; and every other parameter is one that features need."""
    method = warm(demo(run)).eval()
    images = torch.randn(3, 3, 96, 48)
    features = [method.embed(images, modality) for modality in MODALITIES]
    sum(f.square().sum() for f in features).backward()
    only = tuple(f"{name}." for name in method.TRAINING_ONLY) or ("-",)
    state = list(method.named_parameters()) + list(method.named_buffers())
    needless = [name for name, p in method.named_parameters() if p.requires_grad and p.grad is None]
    assert [name for name in needless if not f"{name}.".startswith(only)] == [], "name these in TRAINING_ONLY"
    with torch.no_grad():
        for name, value in state:
            if f"{name}.".startswith(only) and value.is_floating_point():
                value.copy_(torch.randn_like(value))
    assert all(torch.equal(f, method.embed(images, m)) for f, m in zip(features, MODALITIES, strict=True))


@every_run
def test_losses_are_finite_scalars_with_a_weight_each_and_the_same_ones_at_every_step(run):
    method, fresh = warm(demo(run)), build(demo(run))
    losses = method.losses(batch_of(WARM))
    assert set(losses) == {name for name, weight in method.weights.items() if weight != 0}
    assert list(fresh.losses(batch_of(0))) == list(losses)
    assert all(loss.ndim == 0 and loss.isfinite() for loss in losses.values())


@every_run
def test_every_trainable_parameter_is_in_one_group(run):
    method = build(demo(run))
    grouped = [id(p) for group in method.parameter_groups() for p in group["params"]]
    assert sorted(grouped) == sorted(id(p) for p in method.parameters() if p.requires_grad)
    assert all(group["scale"] > 0 for group in method.parameter_groups())


@every_run
def test_only_a_method_that_says_so_needs_paired_rows(run):
    method = warm(demo(run))
    batch = batch_of(WARM)._replace(paired=False)
    if resolve(demo(run), LAYOUT)["batch.pairing"] == "free":
        labels = torch.randint(IDENTITIES, batch.infrared_labels.shape)
        losses = method.losses(batch._replace(infrared_labels=labels))
        assert all(loss.isfinite() for loss in losses.values())
    else:
        with pytest.raises(ValueError, match=r"but this batch is not paired; set batch\.pairing=paired"):
            method.losses(batch)


@every_loss
def test_weight_zero_leaves_the_initial_weights(run, key):
    """What is left of the network starts from the same weights: two rows of a table differ in the term alone."""
    whole = dict(build(demo(run)).named_parameters())
    without = dict(build(demo(run, f"{key}=0")).named_parameters())
    assert [name for name, value in without.items() if not torch.equal(value, whole[name])] == []


@every_loss
def test_weight_zero_is_a_loss_that_is_absent(run, key):
    """In the same state, the other losses and their gradients are those of the whole without that term."""
    whole, without = warm(demo(run)), build(demo(run, f"{key}=0"))
    state = whole.state_dict()
    without.load_state_dict({name: state[name] for name in without.state_dict()})
    torch.manual_seed(0)
    found = without.losses(batch_of(WARM))
    torch.manual_seed(0)
    losses = whole.losses(batch_of(WARM))
    kept = {name: loss for name, loss in losses.items() if without.weights.get(name, 0) != 0}
    assert kept.keys() == found.keys()
    assert len(kept) < len(losses)
    assert all(same(found[name], kept[name]) for name in kept)
    expected, reached = grads(whole, kept), grads(without, found)
    assert expected.keys() == reached.keys()
    assert all(torch.allclose(reached[name], expected[name], rtol=1e-3, atol=1e-5) for name in expected)


@every_run
def test_the_state_is_all_in_the_state_dict(run, tmp_path):
    """A method built anew with other weights and given the state goes on as the first would."""
    first, second = warm(demo(run)), build(demo(run), seed=7)
    torch.save(first.state_dict(), tmp_path / "state.pt")
    second.load_state_dict(torch.load(tmp_path / "state.pt", weights_only=True))
    images = torch.randn(3, 3, 96, 48)
    results = []
    for method in (first, second):
        features = [method.eval().embed(images, modality) for modality in MODALITIES]
        torch.manual_seed(3)
        method.train()
        results.append((features, train(method, WARM, 2)))
    assert all(torch.equal(a, b) for a, b in zip(results[0][0], results[1][0], strict=True))
    assert results[0][1] == results[1][1]


@every_run
def test_the_same_seed_is_the_same_method(run):
    totals = [train(build(demo(run), seed), 0, 1) for seed in (0, 0, 1)]
    assert totals[0] == totals[1]
    assert totals[0] != totals[2]


@every_run
def test_a_step_never_asks_the_device_and_makes_its_tensors_there(run):
    """On the `meta` device there is nothing to ask: reading a value or a shape that depends on one raises."""
    method = build(demo(run)).to("meta")
    batch = batch_of(WARM, device="meta")
    method.total(method.losses(batch)).backward()
    method.after_step(WARM)
    for modality in MODALITIES:
        assert method.embed(batch.visible, modality).device.type == "meta"


@every_run
def test_a_step_in_half_precision_is_finite(run):
    method = warm(demo(run))
    with torch.autocast("cpu", torch.bfloat16):
        losses = method.losses(batch_of(WARM))
        total = method.total(losses)
    total.backward()
    assert total.isfinite()
    assert all(p.grad is None or p.grad.isfinite().all() for p in method.parameters())
