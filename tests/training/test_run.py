"""Whole runs on a tiny dataset: repeatable, resumable, alone in their folder, and clear when they fail."""

import fcntl
import json
import re
import zipfile

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.torch import load_file

import methods
from files import sha256
from methods.blocks import resnet
from methods.recipes import resolve
from tests.training.conftest import RUN
from training import checkpoint, run
from training.data import load_training
from training.device import DeviceError, place, prepare
from training.loop import Diverged, Trainer
from training.memory import OutOfMemory
from training.run import RunError, carry_out

RESULTS = ("weights.safetensors", "features.npz")


def digests(folder):
    return [sha256(folder / name) for name in RESULTS]


def losses(folder):
    history = pd.read_csv(folder / "history.csv")
    return history.drop(columns=["images_per_second", "memory_mb"])


def test_a_run_writes_its_folder(job):
    carry_out(job(), 60)
    out = job().out
    facts = json.loads((out / "run.json").read_text())
    features = np.load(out / "features.npz", allow_pickle=False)
    assert features["features"].shape == (24, facts["feature_dimension"])
    assert features["features"].dtype == np.float32
    assert features["names"][0].startswith("cam")
    assert (facts["run"], facts["seed"], facts["resumed_after_epoch"]) == (job().run, 0, None)
    assert facts["training_images"] == {"visible": 30, "infrared": 30}
    assert list(losses(out)["step"]) == list(range(9))
    assert not checkpoint.found(out)


def test_same_seed_same_bits_and_another_seed_other_bits(job):
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        carry_out(job(name, seed=seed), 60)
    assert digests(job("a").out) == digests(job("b").out)
    assert digests(job("a").out)[0] != digests(job("c").out)[0]


@pytest.mark.parametrize("stop_after", [1, 2])
def test_a_run_that_was_stopped_goes_on_to_the_same_bits(job, monkeypatch, stop_after):
    carry_out(job("whole"), 0)

    class Killed(Exception):
        pass

    def stop(self, epoch=Trainer.run_epoch):
        if self.epochs_done == stop_after:
            raise Killed
        epoch(self)

    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(Trainer, "run_epoch", stop)
        carry_out(job("stopped"), 0)
    assert len(checkpoint.found(job("stopped").out)) == min(stop_after, 2)
    assert not (job("stopped").out / "run.json").exists()
    carry_out(job("stopped"), 0)
    assert not list(job("stopped").out.glob("checkpoint*"))
    assert digests(job("stopped").out) == digests(job("whole").out)
    pd.testing.assert_frame_equal(losses(job("stopped").out), losses(job("whole").out))
    assert json.loads((job("stopped").out / "run.json").read_text())["resumed_after_epoch"] == stop_after


def members(folder):
    with zipfile.ZipFile(folder / "candidates.zip") as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_candidates_for_an_epoch_survive_a_stop_and_end_with_the_last_epoch(job, monkeypatch):
    chosen = job().run + "+selection.rule=best-on-test+selection.every="
    for name, run_name in (("last", job().run), ("two", chosen + "2"), ("whole", chosen + "1")):
        carry_out(job(name, run=run_name), 0)

    def stop(self, epoch=Trainer.run_epoch):
        if self.epochs_done == 2:
            raise KeyboardInterrupt
        epoch(self)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Trainer, "run_epoch", stop)
        carry_out(job("stopped", run=chosen + "1"), 0)
    carry_out(job("stopped", run=chosen + "1"), 0)
    found = members(job("stopped").out)
    assert found == members(job("whole").out)
    assert sorted(found) == [f"0000{e}/{name}" for e in (1, 2, 3) for name in sorted(RESULTS)]
    assert {name[:5] for name in members(job("two").out)} == {"00002", "00003"}
    assert found["00003/weights.safetensors"] == (job("last").out / "weights.safetensors").read_bytes()
    assert found["00002/weights.safetensors"] != found["00003/weights.safetensors"]
    assert not any((job("whole").out / name).exists() for name in RESULTS)
    assert not list(job("stopped").out.glob("candidates_*"))


def test_a_choice_on_validation_identities_that_do_not_exist_is_refused(job):
    with pytest.raises(ValueError, match=r"no image is on the side 'validation' of split1; give .* `holdout: both`"):
        carry_out(job(run=job().run + "+selection.rule=best-validation"), 60)


def test_a_damaged_checkpoint_is_passed_over_for_the_older_one(tmp_path, capsys):
    for epoch in (1, 2, 3):
        checkpoint.save(tmp_path, epoch, {"fingerprint": "x", "epochs_done": epoch, "t": torch.ones(3)})
    newest, older = checkpoint.found(tmp_path)
    data = bytearray(newest.read_bytes())
    data[len(data) // 2] ^= 1
    newest.write_bytes(data)
    assert checkpoint.load(tmp_path, "x", "cpu")["epochs_done"] == 2
    assert f"{newest}: damaged" in capsys.readouterr().out
    assert checkpoint.load(tmp_path, "y", "cpu") is None
    assert f"{older}: made by another configuration" in capsys.readouterr().out


def test_untrained_is_a_run_of_no_epochs(job):
    carry_out(job(run="maum@demo+schedule.epochs=0"), 60)
    assert losses(job().out).empty
    assert load_file(job().out / "weights.safetensors")


def test_a_loss_that_is_not_finite_stops_the_run_with_step_and_name(job, monkeypatch):
    def poisoned(self, batch):
        found = original(self, batch)
        if batch.step == 4:
            found["identity"] = found["identity"] * float("nan")
        return found

    import methods.maum

    original = methods.maum.METHOD.losses
    monkeypatch.setattr(methods.maum.METHOD, "losses", poisoned)
    with pytest.raises(
        Diverged, match=r"step 4 \(epoch 1\): loss 'identity' is nan; last good checkpoint: .*checkpoint_00001"
    ):
        carry_out(job(), 0)


def test_two_processes_cannot_train_one_run(job):
    job().out.mkdir()
    with (job().out / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(RunError, match="another process is training this run"):
            carry_out(job(), 60)


def test_a_missing_gpu_is_one_clear_line(job):
    if torch.cuda.is_available():
        pytest.skip("this machine has a GPU")
    with pytest.raises(DeviceError, match=r"device=cuda, but no CUDA device is usable.*\+device=cpu"):
        carry_out(job(run=job().run + "+device=cuda"), 60)


def test_missing_weights_name_the_file_and_the_remedy(job):
    with pytest.raises(FileNotFoundError, match=re.escape(str(job().weights))):
        carry_out(job(run=job().run + "+backbone.init=imagenet+backbone.name=resnet50"), 60)


def test_pixels_of_another_size_are_refused(job):
    with pytest.raises(ValueError, match="packed images are 96x48, but the recipe wants 96x64"):
        carry_out(job(run=job().run + "+image.width=64"), 60)


def test_embedding_again_gives_the_same_features_without_the_imagenet_weights(job, tmp_path, monkeypatch):
    made = job(run="maum@demo+schedule.epochs=0+backbone.init=imagenet+backbone.name=resnet50")
    made.weights.touch()
    with monkeypatch.context() as patch:
        patch.setattr(resnet, "load_imagenet", lambda built, path: None)
        carry_out(made, 60)
    made.weights.unlink()
    run.embed_again(made, {made.pixels: tmp_path / "again.npz"})
    assert sha256(tmp_path / "again.npz") == sha256(made.out / "features.npz")


@pytest.mark.parametrize(("room", "message"), [(32, "batch.identities=4 fits"), (8, "not even batch.identities=2")])
def test_a_batch_that_does_not_fit_names_its_keys_and_what_fits(job, monkeypatch, room, message):
    """Memory for `room` images a step is pretended; the run's step has 8 x 4 of each modality."""

    def step(self, batch, original=Trainer._step):
        if len(batch.visible) + len(batch.infrared) > room:
            raise torch.OutOfMemoryError("pretended")
        return original(self, batch)

    monkeypatch.setattr(Trainer, "_step", step)
    with pytest.raises(OutOfMemory, match=rf"batch.identities=8 x batch.images=4 .* does not fit.*{message}"):
        carry_out(job(run=f"{RUN}+batch.images=4"), 60)


def test_float16_scales_gradients_and_the_scale_survives_a_restart(tiny):
    """Such a recipe is refused on a CPU, where this holds all the same."""
    recipe = resolve(RUN, "sysu_mm01")
    recipe["precision"] = "float16"

    def made() -> Trainer:
        device = prepare(recipe, 0)
        data = load_training(tiny / "subset.csv", tiny / "images.npy", recipe, device)
        return Trainer(place(methods.build(recipe, data.described), device, "none"), recipe, data, 0, device)

    first, second = made(), made()
    first.scaler.load_state_dict(first.scaler.state_dict() | {"scale": 256.0})
    first.run_epoch()
    second.restore(first.state("x"))
    assert second.scaler.get_scale() == first.scaler.get_scale() == 256
    for trainer in (first, second):
        trainer.run_epoch()
    assert first.history[-1]["total"] == second.history[-1]["total"]
