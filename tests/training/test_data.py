"""Batches of packed images: the same however they reach the device."""

import threading

import numpy as np
import pytest
import torch

from training.data import AHEAD, Pixels

ROWS = np.array([4, 0, 7, 2, 9])
INDEX = [np.array(part) for part in ([0, 0, 3], [4, 1, 2], [2], [1, 1, 1], [3, 4, 0], [0, 1, 2])]


@pytest.fixture
def packed(tmp_path):
    images = np.random.default_rng(0).integers(0, 256, (10, 3, 6, 4), dtype=np.uint8)
    np.save(tmp_path / "images.npy", images)
    return tmp_path / "images.npy"


def expected(packed):
    images = np.load(packed)
    return [images[ROWS[part]] for part in INDEX]


def same(found, wanted) -> bool:
    return all(np.array_equal(a.cpu().numpy(), b) for a, b in zip(found, wanted, strict=True))


@pytest.mark.parametrize("how", ["batches", "_gathered_ahead"])
def test_batches_are_the_rows_asked_for(packed, how):
    pixels = Pixels(packed, ROWS, torch.device("cpu"), often=True)
    assert same(list(getattr(pixels, how)(INDEX)), expected(packed))


def test_batches_are_gathered_a_few_ahead_and_no_more(packed, monkeypatch):
    pixels, gathered = Pixels(packed, ROWS, torch.device("cpu"), often=True), []
    gather = Pixels._gather
    monkeypatch.setattr(Pixels, "_gather", lambda self, part: (gathered.append(part), gather(self, part))[1])
    ahead = pixels._gathered_ahead(INDEX)
    next(ahead)
    ahead.close()
    assert len(gathered) == AHEAD + 1 < len(INDEX)
    assert [thread for thread in threading.enumerate() if "ThreadPool" in thread.name] == []


def test_a_failure_of_the_gathering_thread_is_raised_where_batches_are_used(packed, monkeypatch):
    def broken(self, part):
        raise OSError("disk")

    monkeypatch.setattr(Pixels, "_gather", broken)
    with pytest.raises(OSError, match="disk"):
        list(Pixels(packed, ROWS, torch.device("cpu"), often=True)._gathered_ahead(INDEX))


def test_a_row_beyond_the_packed_images_is_refused(packed):
    with pytest.raises(ValueError, match=r"images.npy: found 10 images, expected at least 13; delete it"):
        Pixels(packed, np.array([3, 12]), torch.device("cpu"), often=False)


@pytest.mark.gpu
@pytest.mark.parametrize("often", [True, False])
def test_batches_on_a_gpu_are_the_rows_asked_for(packed, often):
    pixels = Pixels(packed, ROWS, torch.device("cuda"), often)
    assert (pixels.resident is not None) == often
    found = []
    for images in pixels.batches(INDEX):
        torch.cuda._sleep(10_000_000)  # a step that takes long: the next copy must not overtake it
        found.append(images.clone())
    assert same(found, expected(packed))
