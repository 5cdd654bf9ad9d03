"""Attention maps: of every network, and as finite differences say."""

import numpy as np
import pytest
import torch
from torch.nn.functional import cosine_similarity

from methods.blocks.backbone import TwoStream
from tests.methods.cases import RUNS, demo, warm
from training import run
from training.attention import IDENTITIES, attention
from training.run import RunError, attend, carry_out


@pytest.mark.parametrize("name", RUNS)
def test_every_network_has_maps_of_its_last_stage(name):
    method = warm(demo(name)).eval()
    images = torch.randn(3, 3, 96, 48)
    targets = method.embed(torch.randn(3, 3, 96, 48), "infrared").detach()
    before = {key: value.clone() for key, value in method.state_dict().items()}
    maps = attention(method, images, "visible", targets)
    assert maps.shape[0] == 3 and maps.ndim == 3 and not maps.requires_grad
    assert maps.isfinite().all() and (maps >= 0).all() and maps.amax((1, 2)).max() > 0
    alone = attention(method, images[1:2], "visible", targets[1:2])
    assert torch.allclose(alone[0], maps[1], rtol=1e-3, atol=1e-4 * maps.max().item())
    assert all(torch.equal(value, before[key]) for key, value in method.state_dict().items())
    assert not next(m for m in method.modules() if isinstance(m, TwoStream)).shared[-1]._forward_hooks


@torch.no_grad()
def test_a_map_weighs_channels_by_what_raising_them_does():
    method = warm(demo("agw")).double().eval()
    images, target = torch.randn(1, 3, 96, 48).double(), torch.randn(1, method.backbone.channels[-1]).double()
    last, step, caught = method.backbone.shared[-1], 1e-5, []

    def likeness(channel: int, by: float) -> float:
        def raise_channel(module, inputs, output):
            caught[:] = [output.clone()]
            output[:, channel] += by
            return output

        hook = last.register_forward_hook(raise_channel)
        value = cosine_similarity(method.embed(images, "visible"), target).item()
        hook.remove()
        return value

    slopes = [(likeness(c, step) - likeness(c, -step)) / (2 * step) for c in range(method.backbone.channels[-1])]
    (maps,) = caught
    expected = (torch.tensor(slopes)[:, None, None] * maps[0]).sum(0).relu() / maps[0, 0].numel()
    with torch.enable_grad():
        found = attention(method, images, "visible", target)[0]
    assert torch.allclose(found, expected, rtol=1e-4, atol=1e-7)


def test_a_finished_run_is_mapped_on_the_first_identities(job, tmp_path):
    with pytest.raises(RunError, match="no weights; train the run first"):
        attend(job(), job().pixels, tmp_path / "attention.npz")
    carry_out(job(), 60)
    run.attend(job(), job().pixels, tmp_path / "attention.npz")
    found = np.load(tmp_path / "attention.npz", allow_pickle=False)
    assert found["identities"].tolist() == [10, 10, 11, 11, 12, 12, 13, 13][: 2 * IDENTITIES]
    assert found["modalities"].tolist() == ["visible", "infrared"] * 4
    assert found["names"][0] == "cam1/0010/0000.jpg" and len(found["maps"]) == 8
    run.attend(job(), job().pixels, tmp_path / "again.npz")
    assert (tmp_path / "again.npz").read_bytes() == (tmp_path / "attention.npz").read_bytes()
