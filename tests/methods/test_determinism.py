"""No step has an operation that a GPU refuses when it must give the same bits twice."""

import re

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from tests.methods.cases import RUNS, WARM, batch_of, build, demo

# Of the list in `torch.use_deterministic_algorithms`, as operations; `bincount` is refused with weights only.
REFUSED = re.compile(
    r"_?(adaptive_(avg|max)_pool[23]d_backward|avg_pool3d_backward|fractional_max_pool[23]d_backward|max_unpool[23]d"
    r"|upsample_(linear1d|bilinear2d|bicubic2d|trilinear3d)(_aa)?_backward|reflection_pad[123]d_backward"
    r"|grid_sampler_[23]d_backward|nll_loss2d_(forward|backward)|ctc_loss_backward|scatter_reduce_?|put_?|histc|bincount"
    r"|median|nanmedian)"
)


class Watch(TorchDispatchMode):
    """Collects the names of the operations that are refused."""

    def __init__(self):
        super().__init__()
        self.refused: set[str] = set()

    def __torch_dispatch__(self, operation, types, args=(), kwargs=None):
        name = operation.overloadpacket.__name__
        if REFUSED.fullmatch(name):
            self.refused.add(name)
        return operation(*args, **(kwargs or {}))


@pytest.mark.parametrize("run", RUNS)
def test_no_step_is_refused(run):
    method = build(demo(run))
    with Watch() as watch:
        method.total(method.losses(batch_of(WARM))).backward()
        method.after_step(WARM)
    assert watch.refused == set()


@pytest.mark.parametrize("slip", [
    lambda x: torch.nn.functional.interpolate(x, scale_factor=2, mode="bilinear").sum().backward(),
    lambda x: torch.nn.functional.adaptive_avg_pool2d(x, 3).sum().backward(),
    lambda x: x.median(0),
])  # fmt: skip
def test_what_is_refused_is_seen(slip):
    with Watch() as watch:
        slip(torch.ones(1, 1, 8, 8, requires_grad=True))
    assert watch.refused
