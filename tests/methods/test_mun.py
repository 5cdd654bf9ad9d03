"""MUN: its generator, its losses by hand, whom each trains, its switches, and what the test feature depends on."""

import pytest
import torch
from torch import nn

from methods.mun import Generator
from methods.recipes import RecipeError, resolve
from tests.methods.conftest import build, gradients, make_batch

ALL = ["identity_visible", "identity_infrared", "triplet", "consistency", "identity_alignment", "modality_alignment"]


def frozen(run: str, epochs: int = 2):
    """A method whose batch normalisation does not mix the rows of a batch."""
    method = build(run, epochs=epochs)
    for module in method.modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm):
            module.eval()
    return method


def permuted(batch, order: list[int]):
    """The same batch with its identities in another order, alike in both blocks."""
    rows = torch.arange(batch.identities * batch.images).view(batch.identities, -1)[order].flatten()
    parts = {name: getattr(batch, name)[rows] for name in batch._fields[:4]}
    return batch._replace(**parts)


# the generator


@pytest.mark.parametrize("rebuild, weights", [("full", 13_107_200), ("depthwise", 51_200)])
def test_the_generator_has_the_size_the_paper_implies(rebuild, weights):
    generator = Generator(256, resolve(f"mun+pyramid.rebuild={rebuild}", "regdb"))
    assert sum(p.numel() for p in generator.cross.rebuild.parameters()) == weights
    learner = sum(p.numel() for p in generator.visible.parameters())
    assert learner == pytest.approx(0.545e6, rel=0.01)
    assert generator.cross.fuse[1].weight.shape == (256, 2048, 1, 1)
    assert generator.visible.scale.raw.sigmoid().unique().item() == pytest.approx(0.982, abs=1e-3)


def test_auxiliary_maps_have_the_shape_of_the_others_and_pair_rows():
    torch.manual_seed(0)
    generator = Generator(16, resolve("mun@demo", "regdb")).eval()
    visible, infrared = torch.randn(3, 16, 24, 12), torch.randn(3, 16, 24, 12)
    made = generator(visible, infrared)
    assert made.shape == visible.shape
    infrared[1] += 1
    changed = (generator(visible, infrared) != made).flatten(1).any(1)
    assert changed.tolist() == [False, True, False]


def test_a_learner_follows_the_equations():
    torch.manual_seed(0)
    learner = Generator(8, resolve("mun@demo", "regdb")).visible.eval()
    x = torch.randn(2, 8, 12, 12)
    fields = torch.cat([learner.five(x[:, :4]), learner.seven(x[:, 4:])], dim=1)
    assert learner.five.kernel_size == (5, 5) and learner.seven.kernel_size == (7, 7)
    wide = learner.widen[1](learner.widen[0](fields))
    assert wide.shape[1] == 32
    wide = learner.remodel(torch.clamp(wide, min=0)) + wide
    expected = torch.sigmoid(learner.scale.raw) * learner.narrow[1](learner.narrow[0](wide))
    torch.testing.assert_close(learner(x), expected)


def test_the_pyramid_keeps_the_paper_order_of_maps():
    """All scales of the visible map, then all of the infrared one; each rebuilt from averages by its own kernel."""
    torch.manual_seed(0)
    cross = Generator(4, resolve("mun@demo+pyramid.ratios=2,6", "regdb")).cross.eval()
    visible, infrared = torch.randn(1, 4, 12, 6), torch.randn(1, 4, 12, 6)
    seen = []
    cross.fuse[0].register_forward_pre_hook(lambda module, inputs: seen.append(inputs[0]))
    cross(visible, infrared)
    slices = seen[0].split(4, dim=1)
    for (x, ratio, up), found in zip(
        [(x, r, up) for x in (visible, infrared) for r, up in zip((2, 6), cross.rebuild, strict=True)],
        slices,
        strict=True,
    ):
        means = x.unflatten(3, (-1, ratio)).unflatten(2, (-1, ratio)).mean(dim=(3, 5))
        rebuilt = torch.einsum("nchw,cdab->ndhawb", means, up.weight).flatten(4, 5).flatten(2, 3)
        torch.testing.assert_close(found, rebuilt)


# losses


@pytest.mark.parametrize(
    "switches, expected",
    [
        ("+ia.reduce=sum", 0.0),
        ("+ia.hinge=off+ia.reduce=sum", -11.9),
        ("+ia.margin=12+ia.reduce=sum", 11.0),
        ("+ia.margin=12+ia.reduce=mean", 5.5),
        ("+ia.hinge=off+ia.margin=12+ia.reduce=sum", 11),
    ],
)
def test_identity_alignment_by_hand(switches, expected):
    method = build(f"mun+loss.consistency=0+loss.modality_alignment=0{switches}")
    centres = torch.tensor([[1.0, 9.0], [-2.0, 13.0], [0.0, 10.0]])  # visible, infrared, auxiliary of two identities
    spread = torch.tensor([-0.5, 0.5])
    z = (centres[..., None] + spread).reshape(12, 1)
    losses = method._auxiliary_losses(z, z[8:], make_batch(identities=2, images=2))
    assert losses.keys() == {"identity_alignment"}
    assert losses["identity_alignment"].item() == pytest.approx(expected, abs=1e-5)


def test_modality_alignment_of_single_rows_is_twice_the_constant():
    method = build("mun")
    z = torch.randn(12, 128, generator=torch.Generator().manual_seed(0))
    batch = make_batch(identities=4, images=1)
    assert method._modality_alignment(z, batch).item() == pytest.approx(2 * 6.1863, abs=1e-3)


def test_identity_alignment_is_summed_as_published():
    assert resolve("mun", "sysu_mm01")["ia.reduce"] == "sum"


def test_losses_start_where_chance_puts_them(batch):
    losses = build("mun").losses(batch)
    assert list(losses) == ALL
    chance = torch.log(torch.tensor(6.0)).item()
    assert losses["identity_visible"].item() == pytest.approx(chance, abs=0.05)
    assert losses["consistency"].item() == pytest.approx(2 * chance, abs=0.1)


def test_total_weighs_the_losses_as_eq_17(batch):
    method = build("mun")
    losses = method.losses(batch)
    weights = dict(zip(ALL, (1, 1, 1, 0.25, 0.5, 0.008), strict=True))
    assert method.total(losses).item() == pytest.approx(sum(w * losses[n].item() for n, w in weights.items()), rel=1e-6)


# whom each loss trains, with the statistics of batch normalisation frozen

GENERATOR, MATRIX = "generator.", "prototypes.weight"
VISIBLE, INFRARED = "backbone.visible.", "backbone.infrared."
OF_VISIBLE, OF_INFRARED = "classifiers.visible", "classifiers.infrared"
REACHES = {
    "identity_visible": ({OF_VISIBLE, "neck", "backbone.shared", VISIBLE}, {OF_INFRARED, GENERATOR, MATRIX, INFRARED}),
    "identity_infrared": ({OF_INFRARED, "neck", "backbone.shared", INFRARED}, {OF_VISIBLE, GENERATOR, MATRIX, VISIBLE}),
    "triplet": ({"backbone.shared", VISIBLE, INFRARED}, {"classifiers", "neck", GENERATOR, MATRIX}),
    "consistency": (
        {OF_VISIBLE, OF_INFRARED, "neck", "backbone.shared", GENERATOR, VISIBLE, INFRARED},
        {MATRIX},
    ),
    "identity_alignment": ({"backbone.shared", GENERATOR, VISIBLE, INFRARED}, {"classifiers", "neck", MATRIX}),
    "modality_alignment": ({MATRIX, "backbone.shared", GENERATOR, VISIBLE, INFRARED}, {"classifiers", "neck"}),
}


@pytest.mark.parametrize("name", ALL)
def test_whom_a_loss_trains(name, batch):
    method = frozen("mun+ia.margin=100")
    reached = gradients(method, method.losses(batch)[name])
    must, must_not = REACHES[name]
    for prefix in must:
        assert any(parameter.startswith(prefix) for parameter in reached), f"{name} does not train {prefix}"
    for prefix in must_not:
        assert not any(parameter.startswith(prefix) for parameter in reached), f"{name} trains {prefix}"


def test_a_separate_classifier_learns_from_auxiliary_rows_alone(batch):
    method = frozen("mun+loss.auxiliary=1+loss.consistency=0")
    losses = method.losses(batch)
    assert "consistency" not in losses
    reached = gradients(method, losses["auxiliary"])
    assert "auxiliary_classifier.weight" in reached
    assert not any(name.startswith("classifiers") for name in reached)


def test_modality_alignment_grows_with_beta(batch):
    """After the first filling, its gradient is scaled by beta: next to nothing at first, everything at the end."""
    method = frozen("mun", epochs=2)
    method.losses(batch)
    assert (method.beta(0), method.beta(19), method.beta(500)) == (1e-8, 1.0, 1.0)
    early = gradients(method, method._modality_alignment(method.pooled(make_batch(seed=1)), batch))
    late = gradients(method, method._modality_alignment(method.pooled(make_batch(seed=1)), batch._replace(step=19)))
    assert max(early.values()) < 1e-5 * max(late.values())


# switches


def test_the_baseline_has_no_third_modality(batch):
    method = build("mun+aux=off")
    losses = method.losses(batch)
    assert list(losses) == ALL[:3]
    whole = dict(build("mun").named_parameters())
    own = dict(method.named_parameters())
    assert not [name for name in own if not name.startswith(("backbone", "neck", "classifiers"))]
    assert all(torch.equal(parameter, whole[name]) for name, parameter in own.items())


@pytest.mark.parametrize("name", ["consistency", "identity_alignment", "modality_alignment"])
def test_a_weight_of_zero_leaves_the_others_as_they_are(name, batch):
    whole, part = build("mun"), build(f"mun+loss.{name}=0")
    state = torch.get_rng_state()
    expected, found = whole.losses(batch), part.losses(batch)
    assert torch.equal(torch.get_rng_state(), state)
    assert found.keys() == expected.keys() - {name}
    assert all(torch.equal(loss, expected[other]) for other, loss in found.items())
    del expected[name]
    assert gradients(whole, whole.total(expected)) == gradients(part, part.total(found))


@pytest.mark.parametrize("kind, learned", [("x", 10), ("mixed", 0), ("syncretic", 21)])
def test_other_third_modalities_go_through_a_third_stream(kind, learned, batch):
    method = build(f"mun+aux={kind}")
    assert not hasattr(method, "generator")
    assert sum(p.numel() for p in method.intermediate.image.parameters()) == learned
    streams = (method.intermediate.stream, method.backbone.visible)
    assert all(torch.equal(a, b) for a, b in zip(*(stream.parameters() for stream in streams), strict=True))
    losses = method.losses(batch)
    assert list(losses) == ALL
    reached = gradients(method, method.total(losses))
    assert any(name.startswith("intermediate.stream") for name in reached)
    slow = {id(p) for p in method.parameter_groups()[0]["params"]}
    assert all(id(p) in slow for p in method.intermediate.stream.parameters())


def test_mixed_images_are_the_weighted_sum(batch):
    image = build("mun+aux=mixed+mixed.ratio=0.25").intermediate.image
    torch.testing.assert_close(image(batch.visible, batch.infrared), 0.25 * batch.visible + 0.75 * batch.infrared)


def test_x_images_ignore_the_infrared_image(batch):
    image = build("mun+aux=x").intermediate.image
    assert torch.equal(image(batch.visible, batch.infrared), image(batch.visible, batch.infrared + 1))


def test_without_prototypes_the_features_of_the_batch_are_compared(batch):
    method = build("mun+ma.prototype=off")
    assert not hasattr(method, "prototypes")
    z = torch.randn(24, 128, generator=torch.Generator().manual_seed(0))
    with_them = build("mun")
    with_them._modality_alignment(torch.randn(24, 128), batch)
    last = with_them._modality_alignment(z, batch._replace(step=10_000))
    assert method._modality_alignment(z, batch).item() == pytest.approx(last.item(), abs=1e-6)


def test_without_the_bridge_auxiliary_rows_play_no_part(batch):
    method = build("mun+ma.bridge=off")
    z = torch.randn(24, 128, generator=torch.Generator().manual_seed(0))
    moved = z.clone()
    moved[16:] += 1
    late = batch._replace(step=10_000)
    assert torch.equal(method._modality_alignment(z, late), method._modality_alignment(moved, late))
    assert not torch.equal(build("mun")._modality_alignment(z, late), build("mun")._modality_alignment(moved, late))


@pytest.mark.parametrize("unit, same", [("slot", False), ("identity", True)])
def test_a_slot_is_a_place_in_the_batch_and_an_identity_is_not(unit, same):
    values = []
    for order in ([0, 1, 2, 3], [2, 0, 3, 1]):
        method = build(f"mun+ma.unit={unit}+ma.beta_start=0.5+ma.beta_end=0.5").double().eval()
        first, second = (make_batch(seed=seed) for seed in (0, 1))
        first, second = (b._replace(visible=b.visible.double(), infrared=b.infrared.double()) for b in (first, second))
        start = method.losses(first)["modality_alignment"].item()
        values.append((start, method.losses(permuted(second, order))["modality_alignment"].item()))
    (start_a, next_a), (start_b, next_b) = values
    assert start_a == start_b
    assert (next_a == pytest.approx(next_b, abs=1e-9)) is same


# state and test features


def test_prototypes_survive_a_restart(batch):
    method = build("mun")
    method.losses(batch)
    copy = build("mun", seed=1)
    copy.load_state_dict(method.state_dict())
    later = make_batch(seed=1, step=5)
    expected, found = method.losses(later), copy.losses(later)
    assert all(torch.equal(found[name], loss) for name, loss in expected.items())
    assert torch.equal(copy.prototypes.kept, method.prototypes.kept)
    assert method.diagnostics()["prototype_weight"] == 1.0


def test_features_depend_on_the_image_and_its_modality_alone(batch):
    method = build("mun").eval()
    together = method.embed(batch.visible, "visible")
    alone = torch.cat([method.embed(image[None], "visible") for image in batch.visible])
    torch.testing.assert_close(alone, together, rtol=1e-4, atol=1e-4)
    assert together.shape == (8, 128)
    for name, parameter in method.named_parameters():
        if name.startswith((*method.TRAINING_ONLY, "backbone.infrared")):
            nn.init.normal_(parameter)
    assert torch.equal(method.embed(batch.visible, "visible"), together)
    assert not torch.equal(method.embed(batch.visible, "infrared"), together)


def test_rows_that_are_not_paired_are_refused():
    with pytest.raises(ValueError, match=r"MUN needs row j .* batch\.pairing=paired"):
        build("mun").losses(make_batch(paired=False))


@pytest.mark.parametrize(
    "run, message",
    [
        ("mun+pyramid.ratios=2,5", r"pyramid\.ratios=2,5 is refused.*nearest valid is pyramid\.ratios=2$"),
        ("mun@demo+image.height=80", r"pyramid\.ratios=2,4,6,12 is refused"),
        ("mun+loss.consistency=0+loss.identity_alignment=0+ma.bridge=off", r"aux=mun is refused: no loss sees"),
        ("mun+ma.beta_end=0", r"ma\.beta_end=0 is refused"),
        ("mun+aux=off+ia.margin=1", r"ia\.margin=1 has no effect without aux != 'off'"),
        ("mun+aux=mixt", r"nearest valid is 'mixed'"),
    ],
)
def test_a_recipe_without_sense_is_refused(run, message):
    with pytest.raises(RecipeError, match=message):
        resolve(run, "regdb")


def test_a_ratio_that_does_not_divide_the_map_is_refused_by_the_model():
    generator = Generator(4, resolve("mun@demo", "regdb"))
    with pytest.raises(ValueError, match=r"pyramid\.ratios: 4 does not divide a map of 18 x 12"):
        generator(torch.randn(2, 4, 18, 12), torch.randn(2, 4, 18, 12))
