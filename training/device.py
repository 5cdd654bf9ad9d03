"""The device and the numerics of a run: what must be set before the first tensor is made."""

import ctypes
import os
from contextlib import AbstractContextManager, nullcontext

import torch

from methods.blocks.backbone import TwoStream
from methods.contract import Method
from methods.recipes import Recipe


class DeviceError(Exception):
    """A device that the recipe asks for and this machine does not offer."""


def prepare(recipe: Recipe, seed: int) -> torch.device:
    """Seed torch, fix threads and determinism as the recipe says, and return the device.

    Raises:
        DeviceError: if the recipe wants a GPU and none is visible.
    """
    if recipe["device"] == "cuda" and not torch.cuda.is_available():
        visible = os.environ.get("CUDA_VISIBLE_DEVICES", "not set")
        raise DeviceError(
            f"the recipe has device=cuda, but no CUDA device is usable (CUDA_VISIBLE_DEVICES is {visible}); "
            f"run on a machine with a GPU, or add +device=cpu to the run"
        )
    torch.set_num_threads(recipe["threads"])
    torch.manual_seed(seed)
    if recipe["deterministic"]:
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
        if recipe["compile"] == "none":
            torch.set_deterministic_debug_mode("error")  # the same switch without the import of torch's compiler
        else:
            torch.use_deterministic_algorithms(True)
        torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]  # debugging; 7 % of a step
    torch.backends.cudnn.benchmark = not recipe["deterministic"]
    torch.backends.cudnn.allow_tf32 = recipe["precision"] == "tf32"  # torch's default is on
    torch.set_float32_matmul_precision("high" if recipe["precision"] == "tf32" else "highest")
    if recipe["device"] == "cpu":
        _keep_freed_memory()
    return torch.device(recipe["device"])


def autocast(recipe: Recipe, device: torch.device) -> torch.autocast:
    """The context in which a method computes: in half precision, if the recipe says so, what bears it."""
    half = {"bfloat16": torch.bfloat16, "float16": torch.float16}.get(recipe["precision"])
    return torch.autocast(device.type, half or torch.bfloat16, enabled=half is not None)


def place(method: Method, device: torch.device, compiler: str) -> Method:
    """Move a method to its device, convolution weights in the layout that is fastest for them (channels last).

    Args:
        compiler: the recipe's `compile`. What is compiled is the stages of the backbone, which hold nearly all of the
            arithmetic and see no step number; around them methods stay as they are written.
    """
    method.to(device)
    for parameter in method.parameters():
        if parameter.dim() == 4:
            parameter.data = parameter.data.contiguous(memory_format=torch.channels_last)
    if compiler != "none":
        compile_stages(method, mode={"kernels": "default", "graphs": "reduce-overhead"}[compiler])
    return method


def compile_stages(method: Method, **options: str) -> None:
    """Compile every stage of every backbone, as `torch.compile` does with these options; names of parameters stay."""
    torch._dynamo.config.recompile_limit = 64  # shapes that a stage may be compiled for: methods pass several batches
    for backbone in [module for module in method.modules() if isinstance(module, TwoStream)]:
        for stage in [*backbone.visible, *backbone.infrared, *backbone.shared]:
            stage.compile(**options)


def eager(recipe: Recipe) -> AbstractContextManager:
    """Where nothing is compiled, for what is done too seldom to pay for it."""
    return torch.compiler.set_stance("force_eager") if recipe["compile"] != "none" else nullcontext()


def _keep_freed_memory() -> None:
    """Let glibc reuse large freed blocks instead of returning them: page faults dominate a training step otherwise."""
    try:
        libc = ctypes.CDLL("libc.so.6")
    except OSError:  # another C library, with another allocator
        return
    trim_threshold, mmap_threshold = -1, -3  # names of mallopt's parameters in malloc.h
    libc.mallopt(mmap_threshold, 1 << 30)
    libc.mallopt(trim_threshold, 1 << 30)
