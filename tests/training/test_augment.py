"""Augmentation against plain per-image versions, and its distributions against the field's."""

import numpy as np
import pytest
import torch
from scipy import stats

from training import augment as a


@pytest.fixture
def generator():
    return torch.Generator().manual_seed(0)


def images(batch=16, size=(24, 12), seed=1):
    return torch.from_numpy(np.random.default_rng(seed).integers(1, 256, (batch, 3, *size), dtype=np.uint8))


def test_both_crops_equal_padding_and_cutting_each_image():
    x, pad = images(), 5
    shifts = torch.randint(-pad, pad + 1, (2, len(x)), generator=torch.Generator().manual_seed(3))
    mirrored = torch.arange(len(x)) % 2 == 0
    padded = torch.nn.functional.pad(x, (pad, pad, pad, pad))
    for crop in (a._crop_by_slices, a._crop_by_index):
        for i, found in enumerate(crop(x, shifts, mirrored)):
            top, left = pad + int(shifts[0, i]), pad + int(shifts[1, i])
            wanted = padded[i, :, top : top + 24, left : left + 12]
            torch.testing.assert_close(found, wanted.flip(2) if mirrored[i] else wanted)


def test_crop_shifts_are_uniform_and_half_the_images_mirrored(generator):
    pad, count = 2, 4000
    x = torch.zeros(count, 3, 9, 9, dtype=torch.uint8)
    x[:, :, 4, 3:6] = torch.tensor([1, 2, 3], dtype=torch.uint8)  # the order of the three tells a mirror image
    found = a.crop_and_flip(x, pad, 0.5, generator)[:, 0]
    middle = (found == 2).nonzero()[:, 1:]
    cells = np.bincount((middle[:, 0] - 2) * 5 + middle[:, 1] - 2, minlength=25)
    assert stats.chisquare(cells).pvalue > 1e-3
    mirrored = [(row[row > 0].tolist() == [3, 2, 1]) for row in found.flatten(1)]
    assert stats.binomtest(sum(mirrored), count, 0.5).pvalue > 1e-3


def test_normalise_is_torchvisions():
    from torchvision.transforms.functional import normalize

    x = images()
    torch.testing.assert_close(a.normalise(x), normalize(x.float() / 255, a.MEAN, a.STD))


def plain_erase(random, height, width):
    """The field's rectangle, drawn as its code does: (h, w, top, left), or None if 100 draws do not fit."""
    for _ in range(100):
        area = random.uniform(0.02, 0.4) * height * width
        aspect = random.uniform(0.3, 1 / 0.3)
        h, w = round((area * aspect) ** 0.5), round((area / aspect) ** 0.5)
        if w < width and h < height:
            return h, w, random.randint(0, height - h), random.randint(0, width - w)
    return None


def test_erased_rectangles_are_distributed_as_the_fields(generator):
    import random

    count, height, width = 3000, 48, 24
    x = torch.ones(count, 3, height, width)
    erased = a.erase(x, 1.0, (0.0, 0.0, 0.0), generator)[:, 0] == 0
    rows, columns = erased.any(2), erased.any(1)
    found = torch.stack(
        [rows.sum(1), columns.sum(1), rows.to(torch.uint8).argmax(1), columns.to(torch.uint8).argmax(1)], 1
    )
    plain = random.Random(5)
    wanted = np.array([plain_erase(plain, height, width) for _ in range(count)])
    for i, name in enumerate(("height", "width", "top", "left")):
        assert stats.ks_2samp(found[:, i], wanted[:, i]).pvalue > 1e-3, name
    assert (erased.sum((1, 2)) == found[:, 0] * found[:, 1]).all()  # each hole is one full rectangle


@pytest.mark.parametrize("probability", [0.25, 0.5])
def test_erase_happens_with_its_probability_and_fills_its_value(generator, probability):
    x = torch.full((4000, 3, 16, 8), 7.0)
    erased = a.erase(x, probability, (0.1, 0.2, 0.3), generator)
    touched = (erased != 7).flatten(1).any(1)
    assert stats.binomtest(int(touched.sum()), 4000, probability).pvalue > 1e-3
    assert erased[:, 2].unique().tolist() == pytest.approx([0.3, 7.0])


def test_channel_adaptive_has_the_fields_five_outcomes(generator):
    count = 8000
    x = torch.tensor([1.0, 2.0, 4.0]).view(1, 3, 1, 1).expand(count, 3, 2, 2).contiguous()
    found = a.channel_adaptive(x, generator)[:, :, 0, 0]
    grey = 1 * 0.2989 + 2 * 0.5870 + 4 * 0.1140
    outcomes = [[1, 1, 1], [2, 2, 2], [4, 4, 4], [grey] * 3, [1, 2, 4]]
    counts = [int(torch.isclose(found, torch.tensor(o, dtype=torch.float32)).all(1).sum()) for o in outcomes]
    assert sum(counts) == count
    assert stats.chisquare(counts, np.array([2, 2, 2, 1, 1]) * count / 8).pvalue > 1e-3


def test_switched_off_augmentation_draws_nothing():
    recipe = {"augment.pad": 2, "augment.flip": 0.5, "augment.erase": 0.0, "augment.channel": "none"}
    one, other = torch.Generator().manual_seed(0), torch.Generator().manual_seed(0)
    a.augment(images(), recipe, one)
    a.crop_and_flip(images(), 2, 0.5, other)
    assert torch.equal(one.get_state(), other.get_state())
