"""MAUM: what each run is made of, whom each loss trains, and when the banks fill."""

import dataclasses

import pytest
import torch
from torch.nn import functional as F

import methods
from methods.contract import TrainingSet
from methods.recipes import RecipeError, resolve
from tests.methods.conftest import IDENTITIES, build, gradients, make_batch, small

START = 10 * resolve("maum@demo", "sysu_mm01")["bank.t0"]  # steps to the first snapshot: ten an epoch
RUNS = ["maum", "maum+head.parts=6", "maum+bank.mode=current"]


def of(run: str, **changes):
    """A method whose training set differs from `build`'s."""
    training_set = TrainingSet((10,) * IDENTITIES, (5,) * IDENTITIES, steps_per_epoch=10, epochs=10)
    torch.manual_seed(0)
    return methods.build(small(run), dataclasses.replace(training_set, **changes))


def filled(run: str):
    """A method whose banks hold two snapshots, and the first batch that meets them."""
    method = build(run, epochs=10)
    for step in (START, START + method.interval):
        method.after_step(step)
    return method, make_batch(step=START + method.interval + 1)


@pytest.mark.parametrize(
    ("run", "losses"),
    [
        ("maum", ["identity", "visible", "infrared", "unidirectional"]),
        ("maum+um=off", ["identity"]),
        ("maum+loss.unidirectional=0", ["identity", "visible", "infrared"]),
    ],
)
def test_the_losses_of_a_run(run, losses, batch):
    assert list(build(run).losses(batch)) == losses


def test_sizes_of_the_published_embeddings():
    for run, width in [("maum", 2048), ("maum+head.parts=6", 512)]:
        method = of(f"{run}+backbone.init=random", visible=(22258 // 395,) * 395, infrared=(30,) * 395)
        assert method.embedding.width == width
        assert {name: bank.sets for name, bank in method.banks.items()} == {"visible": 8, "infrared": 4}


@pytest.mark.parametrize("run", RUNS)
def test_the_metric_waits_for_the_first_snapshot(run):
    method = build(run, epochs=10)
    for step in range(START):
        method.after_step(step)
    assert all(bank.rows.abs().max() == 0 for bank in method.banks.values())
    losses = method.losses(make_batch(step=START))
    assert losses["unidirectional"] == 0
    assert torch.equal(method.total(losses), losses["identity"] + losses["visible"] + losses["infrared"])
    method.after_step(START)
    assert method.losses(make_batch(step=START + 1))["unidirectional"] > 0


def test_banks_are_filled_at_the_sampling_interval_only():
    method = build("maum+bank.dt=4", epochs=10)
    taken = []
    for step in range(START + 13):
        before = method.banks["visible"].rows.clone()
        with torch.no_grad():
            method.visible.parts[0].weight.add_(1.0)
        method.after_step(step)
        if not torch.equal(before, method.banks["visible"].rows):
            taken.append(step - START)
    assert taken == [0, 4, 8, 12]


def test_maum_minus_compares_with_the_present_proxies():
    method = build("maum+bank.mode=current", epochs=10)
    for step in range(START, START + 3):
        with torch.no_grad():
            method.infrared.parts[0].weight.normal_()
        method.after_step(step)
        present = F.normalize(method.infrared.proxies(), dim=-1)
        assert torch.equal(method.banks["infrared"].references(step)[:, 0], present)


@pytest.mark.parametrize("run", ["maum", "maum+head.parts=6"])
@pytest.mark.parametrize(
    ("name", "reached"),
    [
        ("identity", "common"),
        ("visible", "visible"),
        ("infrared", "infrared"),
        ("unidirectional", None),
    ],
)
def test_whom_each_loss_trains(run, name, reached):
    method, batch = filled(run)
    found = gradients(method, method.losses(batch)[name])
    classifiers = {name.split(".")[0] for name in found} & {"common", "visible", "infrared"}
    assert classifiers == ({reached} if reached else set())
    assert any(name.startswith("backbone.visible") for name in found)
    assert any(name.startswith("embedding") for name in found)


@pytest.mark.parametrize(
    ("name", "own", "other"), [("visible", "visible", "infrared"), ("infrared", "infrared", "visible")]
)
def test_a_modality_loss_does_not_see_the_other_modality(name, own, other):
    """In evaluation mode, where shared batch statistics do not tie the images to one another."""
    method, batch = filled("maum")
    method.eval()
    batch.visible.requires_grad_()
    batch.infrared.requires_grad_()
    method.losses(batch)[name].backward()
    assert getattr(batch, own).grad.abs().max() > 0
    assert getattr(batch, other).grad is None or getattr(batch, other).grad.abs().max() == 0


@pytest.mark.parametrize(("changed", "kept"), [("visible", "infrared"), ("infrared", "visible")])
def test_features_meet_the_bank_of_the_other_modality_only(changed, kept):
    """With one bank changed, only the features of the other modality feel it."""
    method, batch = filled("maum")
    method.eval()

    def felt(images):
        return method.losses(batch._replace(**{kept: images}))["unidirectional"]

    images = getattr(batch, kept).clone().requires_grad_()
    opposite = getattr(batch, changed).requires_grad_()
    before = torch.autograd.grad(felt(images), [images, opposite])
    method.banks[changed].rows.copy_(F.normalize(torch.randn_like(method.banks[changed].rows), dim=-1))
    after = torch.autograd.grad(felt(images), [images, opposite])
    assert not torch.equal(before[0], after[0])
    assert torch.allclose(before[1], after[1], atol=1e-7)


def test_the_baseline_is_the_other_weights_at_zero():
    """`um=off` leaves the shared classifier: the same loss and gradients as with the three weights at 0."""
    batch = make_batch(step=START + 1)
    off = build("maum+um=off")
    zero = build("maum+loss.visible=0+loss.infrared=0+loss.unidirectional=0")
    totals = [m.total(m.losses(batch)) for m in (off, zero)]
    assert torch.equal(*totals)
    assert gradients(off, totals[0]) == gradients(zero, totals[1])


def test_memory_size_zero_is_weight_zero_and_not_the_baseline():
    batch = make_batch(step=START + 1)
    empty, zero = build("maum+bank.visible=0+bank.infrared=0"), build("maum+loss.unidirectional=0")
    for method in (empty, zero):
        method.after_step(START)
    totals = [m.total(m.losses(batch)) for m in (empty, zero)]
    assert torch.equal(*totals)
    assert gradients(empty, totals[0]) == gradients(zero, totals[1])
    assert totals[0] > build("maum+um=off").losses(batch)["identity"]


def test_identities_without_infrared_images():
    """They have no proxies in the infrared bank, and their visible features are left out of the metric."""
    infrared = (5, 0, 5, 0, 5, 5)
    method = of("maum@demo", infrared=infrared)
    method.after_step(START)
    assert method.banks["infrared"].rows.abs().amax((0, 1, 3)).gt(0).tolist() == [n > 0 for n in infrared]
    assert method.banks["visible"].rows.abs().amax((0, 1, 3)).min() > 0
    batch = make_batch(step=START + 1, paired=False)
    batch.infrared_labels.copy_(torch.tensor([0, 0, 2, 2, 4, 4, 5, 5]))
    batch.visible.requires_grad_()
    method.eval()
    method.losses(batch)["unidirectional"].backward()
    anchors = batch.visible.grad.abs().amax((1, 2, 3)) > 0
    assert anchors.tolist() == [infrared[label] > 0 for label in batch.visible_labels.tolist()]


def test_drift_grows_with_the_interval_and_is_reported_from_the_second_snapshot_on():
    drifts = []
    for interval in (1, 5):
        method = build(f"maum+bank.dt={interval}", epochs=10)
        method.after_step(START)
        assert method.diagnostics() == {}
        with torch.no_grad():
            method.visible.parts[0].weight.add_(interval * 0.01)
        method.after_step(START + interval)
        drifts.append(method.diagnostics()["drift_visible"])
    width = build("maum").embedding.width
    assert drifts == pytest.approx([width * 0.01**2, width * 0.05**2], rel=1e-4)


def test_a_start_after_the_end_is_refused():
    with pytest.raises(RecipeError, match=r"bank\.t0=10 is refused: the unidirectional metric would never start"):
        resolve("maum@demo+bank.t0=10", "sysu_mm01")
    assert resolve("maum@demo+bank.t0=10+schedule.epochs=0", "sysu_mm01")["bank.t0"] == 10
