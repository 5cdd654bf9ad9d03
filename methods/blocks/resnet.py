"""Residual networks as a list of five stages, with the parameter names of torchvision's.

Ours rather than torchvision's because the small network of the demo needs widths that it does not offer, and because
its import costs every job seconds; a test holds ResNet-50 to torchvision's, name by name and output by output.
"""

from pathlib import Path

import torch
from torch import Tensor, nn

STAGES = ("stem", "layer1", "layer2", "layer3", "layer4")


class Residual(nn.Module):
    """A basic (3x3, 3x3) or bottleneck (1x1, 3x3, 1x1) block: `relu(branch(x) + shortcut(x))`."""

    def __init__(self, inputs: int, width: int, stride: int, expansion: int):
        super().__init__()
        outputs = width * expansion
        if expansion == 1:
            shapes = [(inputs, width, 3, stride), (width, outputs, 3, 1)]
        else:
            shapes = [(inputs, width, 1, 1), (width, width, 3, stride), (width, outputs, 1, 1)]
        self.depth = len(shapes)
        for i, (a, b, kernel, step) in enumerate(shapes, start=1):
            self.add_module(f"conv{i}", nn.Conv2d(a, b, kernel, step, kernel // 2, bias=False))
            self.add_module(f"bn{i}", nn.BatchNorm2d(b))
        self.downsample = None
        if stride != 1 or inputs != outputs:
            self.downsample = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))

    def forward(self, x: Tensor) -> Tensor:
        branch = x
        for i in range(1, self.depth + 1):
            branch = self.get_submodule(f"bn{i}")(self.get_submodule(f"conv{i}")(branch))
            if i < self.depth:
                branch = branch.relu()
        return (branch + (x if self.downsample is None else self.downsample(x))).relu()


class Stem(nn.Module):
    """Convolution and max pooling, each with stride 2."""

    def __init__(self, width: int, kernel: int):
        super().__init__()
        self.conv1 = nn.Conv2d(3, width, kernel, 2, kernel // 2, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.maxpool = nn.MaxPool2d(3, 2, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.maxpool(self.bn1(self.conv1(x)).relu())


def stages(name: str, width: int, last_stride: int) -> list[nn.Module]:
    """The five stages of `resnet50` (bottlenecks 3, 4, 6, 3) or `small` (one basic block each, 3x3 stem), `width` wide.

    With `last_stride` 1 the whole divides height and width by 16, with 2 by 32.
    """
    depths, expansion = ((3, 4, 6, 3), 4) if name == "resnet50" else ((1, 1, 1, 1), 1)
    built: list[nn.Module] = [Stem(width, 7 if name == "resnet50" else 3)]
    channels = width
    for i, depth in enumerate(depths):
        stride = (1, 2, 2, last_stride)[i]
        blocks = []
        for j in range(depth):
            blocks.append(Residual(channels, width * 2**i, stride if j == 0 else 1, expansion))
            channels = width * 2**i * expansion
        built.append(nn.Sequential(*blocks))
    for stage in built:
        stage.apply(_initialise)
    return built


def channels(name: str, width: int) -> list[int]:
    """Channels after each of the five stages."""
    expansion = 4 if name == "resnet50" else 1
    return [width] + [width * 2**i * expansion for i in range(4)]


def load_imagenet(built: list[nn.Module], path: str | Path) -> None:
    """Load torchvision's ImageNet weights of ResNet-50 (`resnet50-19c8e357.pth`) into five stages.

    Raises:
        FileNotFoundError: if there is no such file, with what to do.
        ValueError: if it is not a ResNet-50 state, naming the first parameter that is missing or has another shape.
    """
    if not Path(path).is_file():
        raise FileNotFoundError(
            f"{path}: no ImageNet weights; put torchvision's resnet50-19c8e357.pth there, "
            f"point `weights` of the configuration at it, or set backbone.init=random"
        )
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises what its reader happens to meet
        raise ValueError(f"{path}: expected torchvision's resnet50-19c8e357.pth, found no PyTorch weights") from error
    for stage_name, stage in zip(STAGES, built, strict=True):
        prefix = "" if stage_name == "stem" else f"{stage_name}."
        own = stage.state_dict()
        for key, value in own.items():
            if key.endswith("num_batches_tracked"):
                continue
            found = state.get(prefix + key)
            if found is None or found.shape != value.shape:
                shape = "nothing" if found is None else f"shape {tuple(found.shape)}"
                raise ValueError(f"{path}: expected {prefix + key} of shape {tuple(value.shape)}, found {shape}")
            value.copy_(found)


def _initialise(module: nn.Module) -> None:
    if isinstance(module, nn.Conv2d):
        nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
