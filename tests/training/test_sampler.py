"""The sampler against the field's base code, and what it does with identities that lack a modality."""

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

from training.sampler import SamplerError, draw_epoch, epoch_generator, positions, steps_per_epoch

COUNTS = json.loads(Path("datasets/sysu_mm01_counts.json").read_text())


def sysu_positions(cameras: tuple[int, ...]) -> list[np.ndarray]:
    """Positions by label of one modality of SYSU-MM01's 395 training identities, in the base code's order."""
    identities = sorted(COUNTS["train_and_validation_identities"])
    images = [sum(COUNTS["cells"][str(camera)].get(str(i), 0) for camera in cameras) for i in identities]
    return positions(np.repeat(np.arange(395), images), 395)


def digest(index: np.ndarray) -> str:
    return hashlib.sha256(index.astype("<i8").tobytes()).hexdigest()[:16]


def test_indices_are_those_of_the_base_code_for_the_golden_seed():
    visible, infrared = sysu_positions((1, 2, 4, 5)), sysu_positions((3, 6))
    steps = steps_per_epoch(22_258, 11_909, 8, 4)
    first, second, paired = draw_epoch(visible, infrared, 8, 4, steps, "paired", np.random.RandomState(0))
    assert (steps, paired, first.shape) == (696, True, (696, 32))
    assert first[0, :4].tolist() == [20927, 20945, 20945, 20933]
    assert second[0, :4].tolist() == [10597, 10605, 10597, 10588]
    assert (digest(first), digest(second)) == ("34ce8ad0214919c2", "7eff896c4cb36b32")


@pytest.mark.parametrize(("visible", "infrared", "p", "k", "steps"), [
    (22_258, 11_909, 8, 4, 696), (22_258, 11_909, 6, 8, 464), (22_258, 11_909, 4, 4, 1392), (2060, 2060, 8, 4, 65)
])  # fmt: skip
def test_steps_per_epoch(visible, infrared, p, k, steps):
    assert steps_per_epoch(visible, infrared, p, k) == steps


def fragmentary():
    """Six identities with three visible images each; only the first four have infrared ones."""
    return positions(np.repeat(np.arange(6), 3), 6), positions(np.repeat(np.arange(4), 2), 6)


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("identities", [3, 4])
def test_paired_draws_only_identities_that_have_both_modalities(turned, identities):
    blocks = fragmentary()[:: -1 if turned else 1]
    *drawn, paired = draw_epoch(*blocks, identities, 2, 50, "paired", epoch_generator(0, 0))
    first, second = reversed(drawn) if turned else drawn
    assert paired
    np.testing.assert_array_equal(first // 3, second // 2)  # row by row the same identity
    assert set((first // 3).ravel()) == {0, 1, 2, 3}


@pytest.mark.parametrize("turned", [False, True])
def test_free_draws_each_modality_on_its_own(turned):
    blocks = fragmentary()[:: -1 if turned else 1]
    *drawn, paired = draw_epoch(*blocks, 3, 2, 50, "free", epoch_generator(0, 0))
    first, second = reversed(drawn) if turned else drawn
    assert not paired
    assert all(len(set(row)) == 3 for row in (*(first // 3), *(second // 2)))  # without replacement
    assert set((first // 3).ravel()) == set(range(6))
    assert set((second // 2).ravel()) == {0, 1, 2, 3}


def test_free_is_paired_when_every_identity_has_both():
    visible = infrared = positions(np.repeat(np.arange(4), 2), 4)
    draws = [draw_epoch(visible, infrared, 2, 2, 9, pairing, epoch_generator(1, 2)) for pairing in ("free", "paired")]
    assert draws[0][2]
    np.testing.assert_array_equal(draws[0][0], draws[1][0])


def test_epochs_and_seeds_have_streams_of_their_own():
    streams = {epoch_generator(seed, epoch).randint(2**31) for seed in range(3) for epoch in range(3)}
    assert len(streams) == 9


def test_too_few_identities_names_the_key():
    visible, infrared = fragmentary()
    with pytest.raises(SamplerError, match=r"batch.identities=5, but only 6 identities have visible and 4 infrared"):
        draw_epoch(visible, infrared, 5, 2, 1, "free", epoch_generator(0, 0))
