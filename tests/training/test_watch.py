"""A watched training: the same bits as an unwatched one, also when it was stopped, and what it saw is right."""

import numpy as np
import pytest
import torch

from files import sha256
from tests.training.conftest import RUN, SHORT
from training.augment import normalise
from training.loop import Trainer
from training.run import _trained, carry_out

WATCHED = f"{RUN}+watch.every=2"


def test_watching_changes_nothing(job):
    carry_out(job("plain"), 60)
    carry_out(job("watched", run=WATCHED), 60)
    for name in ("weights.safetensors", "features.npz"):
        assert sha256(job("plain").out / name) == sha256(job("watched").out / name)
    assert not (job("plain").out / "watched.npz").exists()


def test_what_was_seen(job):
    carry_out(job(run=WATCHED), 60)
    seen = np.load(job().out / "watched.npz", allow_pickle=False)
    assert seen["epochs"].tolist() == [0, 2, 3] and seen["streams"].tolist() == ["visible", "infrared"]
    assert seen["labels"].tolist() == np.repeat(range(10), 4).tolist()
    method = _trained(job(run=WATCHED))[0].eval()
    pixels = torch.from_numpy(np.load(job().pixels))
    infrared = [3 * identity + k for identity in range(10) for k in (0, 1, 2, 0)]  # three images, the first again
    with torch.no_grad():
        expected = method.embed(normalise(pixels[infrared]), "infrared")
    assert np.allclose(seen["features"][2, 1], expected, rtol=1e-4, atol=1e-5)
    assert not np.allclose(seen["features"][0], seen["features"][2])


def test_what_was_seen_before_a_stop_is_kept(job, monkeypatch):
    carry_out(job("whole", run=WATCHED), 0)

    class Killed(Exception):
        pass

    def stop(self, epoch=Trainer.run_epoch):
        if self.epochs_done == 2:
            raise Killed
        epoch(self)

    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(Trainer, "run_epoch", stop)
        carry_out(job("stopped", run=WATCHED), 0)
    carry_out(job("stopped", run=WATCHED), 0)
    assert sha256(job("stopped").out / "watched.npz") == sha256(job("whole").out / "watched.npz")


def test_mun_shows_its_third_modality(job):
    carry_out(job(run=f"mun@demo{SHORT}+watch.every=1"), 60)
    seen = np.load(job().out / "watched.npz", allow_pickle=False)
    assert seen["streams"].tolist() == ["visible", "infrared", "auxiliary"] and seen["epochs"].tolist() == [0, 1, 2, 3]
    assert not np.allclose(seen["features"][-1, 2], seen["features"][-1, 0])
