"""Prototype tables: first filling, accumulation, what is kept and what passes gradients."""

import pytest
import torch

from methods.blocks.prototypes import Prototypes


def features(seed: int, identities: int = 3) -> torch.Tensor:
    return torch.randn(2, identities, 4, 5, generator=torch.Generator().manual_seed(seed))


def table(slots: int = 3) -> Prototypes:
    prototypes = Prototypes(modalities=2, slots=slots, images=4, width=5)
    torch.manual_seed(1)
    with torch.no_grad():
        prototypes.weight.add_(0.1 * torch.randn_like(prototypes.weight))
    return prototypes


def distilled(prototypes: Prototypes, x: torch.Tensor) -> torch.Tensor:
    return torch.stack([x[m] @ prototypes.weight[m].T for m in range(len(x))])


def test_the_matrix_is_the_identity_at_first():
    x = features(0)
    assert torch.equal(Prototypes(2, 3, 4, 5)(x, torch.arange(3), beta=1e-8), x)


def test_the_first_step_takes_the_features_whatever_beta_is():
    prototypes, x = table(), features(0)
    torch.testing.assert_close(prototypes(x, torch.arange(3), beta=1e-8), distilled(prototypes, x))


def test_later_steps_accumulate():
    prototypes, places = table(), torch.arange(3)
    first = prototypes(features(0), places, beta=0.5)
    second = prototypes(features(1), places, beta=0.25)
    torch.testing.assert_close(second, 0.25 * distilled(prototypes, features(1)) + 0.75 * first)
    torch.testing.assert_close(prototypes.kept, second)
    assert not prototypes.kept.requires_grad


def test_at_beta_one_nothing_of_earlier_steps_remains():
    prototypes, places = table(), torch.arange(3)
    prototypes(features(0), places, beta=1.0)
    assert torch.equal(prototypes(features(1), places, beta=1.0), table()(features(1), places, beta=1.0))


def test_only_the_places_of_the_batch_change():
    prototypes = table(slots=6)
    prototypes(features(0), torch.tensor([4, 0, 2]), beta=0.5)
    assert prototypes.filled[:, 0].tolist() == [True, False, True, False, True, False]
    before = prototypes.kept.clone()
    prototypes(features(1, identities=2), torch.tensor([5, 0]), beta=0.5)
    assert torch.equal(prototypes.kept[:, [2, 4]], before[:, [2, 4]])
    torch.testing.assert_close(prototypes.kept[:, 5], distilled(prototypes, features(1, identities=2))[:, 0])


def test_the_gradient_is_scaled_by_beta_and_stops_at_what_is_kept():
    prototypes, places = table(), torch.arange(3)
    old, new = features(0).requires_grad_(True), features(1).requires_grad_(True)
    prototypes(old, places, beta=0.5)
    prototypes(new, places, beta=1e-3).sum().backward()
    assert old.grad is None
    whole = features(1).requires_grad_(True)
    distilled(prototypes, whole).sum().backward()
    torch.testing.assert_close(new.grad, 1e-3 * whole.grad)


def test_a_checkpoint_holds_the_tables():
    prototypes, places = table(), torch.arange(3)
    prototypes(features(0), places, beta=0.5)
    copy = Prototypes(2, 3, 4, 5)
    copy.load_state_dict(prototypes.state_dict())
    assert torch.equal(copy(features(1), places, beta=0.3), prototypes(features(1), places, beta=0.3))
    assert {"kept", "filled", "weight"} == prototypes.state_dict().keys()


def test_a_batch_may_have_fewer_rows_than_the_table():
    prototypes = table()
    prototypes(features(0)[:, :, :2], torch.arange(3), beta=0.5)
    assert prototypes.filled.sum(1).tolist() == [2, 2, 2]
    assert prototypes.kept[:, :, 2:].abs().max() == pytest.approx(0)
