"""Augmentation of a batch on the training device, each image with its own randomness from the run's generator.

The order is the field's: zero padding and random crop, mirror image, scaling to [0, 1], normalisation, random erasing,
channel augmentation. The last two act on normalised values.
"""

import functools

import torch
from torch import Generator, Tensor

from methods.recipes import Recipe

MEAN = (0.485, 0.456, 0.406)
STD = (0.229, 0.224, 0.225)
GREY = (0.2989, 0.5870, 0.1140)
ERASE_AREA = (0.02, 0.4)
ERASE_ASPECT = (0.3, 1 / 0.3)
ERASE_ATTEMPTS = 100
ERASE_FILL = {"zero": (0.0, 0.0, 0.0), "mean": (0.4914, 0.4822, 0.4465)}


def augment(images: Tensor, recipe: Recipe, generator: Generator) -> Tensor:
    """Training view of packed images: uint8 (B, 3, H, W) -> normalised float32 (B, 3, H, W)."""
    images = crop_and_flip(images, recipe["augment.pad"], recipe["augment.flip"], generator)
    x = normalise(images)
    if recipe["augment.erase"] > 0:
        x = erase(x, recipe["augment.erase"], ERASE_FILL[recipe["augment.erase_fill"]], generator)
    if recipe["augment.channel"] == "adaptive":
        x = channel_adaptive(x, generator)
    return x


@functools.cache
def constant(values: tuple[float, ...], device: torch.device) -> Tensor:
    """A tensor made once a device: each copy to a GPU would wait for it."""
    return torch.tensor(values, device=device)


def normalise(images: Tensor) -> Tensor:
    """uint8 (B, 3, H, W) -> float32, scaled to [0, 1], ImageNet mean subtracted, divided by its standard deviation."""
    mean, std = (constant(values, images.device).view(3, 1, 1) for values in (MEAN, STD))
    x = images.to(torch.float32, memory_format=torch.channels_last)
    return x.mul_(1 / (255 * std)).sub_(mean / std)


def crop_and_flip(images: Tensor, pad: int, flip: float, generator: Generator) -> Tensor:
    """Shift each image by up to `pad` pixels, black where nothing is left, and mirror it with probability `flip`."""
    batch, device = len(images), images.device
    shifts = torch.randint(0, 2 * pad + 1, (2, batch), generator=generator, device=device) - pad
    mirrored = torch.rand(batch, generator=generator, device=device) < flip
    crop = _crop_by_slices if device.type == "cpu" else _crop_by_index
    return crop(images, shifts, mirrored)


def _crop_by_slices(images: Tensor, shifts: Tensor, mirrored: Tensor) -> Tensor:
    """One copy per image: several times faster than an index on a CPU."""
    height, width = images.shape[2:]
    result = torch.zeros_like(images)
    for source, target, dy, dx, mirror in zip(images, result, *shifts.tolist(), mirrored.tolist(), strict=True):
        top, left = max(0, -dy), max(0, -dx)
        bottom, right = min(height, height - dy), min(width, width - dx)
        part = source[:, top + dy : bottom + dy, left + dx : right + dx]
        if mirror:
            target[:, top:bottom, width - right : width - left] = part.flip(2)
        else:
            target[:, top:bottom, left:right] = part
    return result


def _crop_by_index(images: Tensor, shifts: Tensor, mirrored: Tensor) -> Tensor:
    """One gather for the whole batch: no loop and no copy to the host on a GPU."""
    batch, channels, height, width = images.shape
    rows = torch.arange(height, device=images.device) + shifts[0, :, None]  # (B, H)
    columns = torch.arange(width, device=images.device).expand(batch, width)
    columns = torch.where(mirrored[:, None], width - 1 - columns, columns) + shifts[1, :, None]  # (B, W)
    inside = ((rows >= 0) & (rows < height))[:, :, None] & ((columns >= 0) & (columns < width))[:, None, :]
    flat = rows.clamp(0, height - 1)[:, :, None] * width + columns.clamp(0, width - 1)[:, None, :]  # (B, H, W)
    picked = images.flatten(2).gather(2, flat.view(batch, 1, -1).expand(-1, channels, -1)).view_as(images)
    return picked * inside[:, None].to(images.dtype)


def erase(x: Tensor, probability: float, fill: tuple[float, float, float], generator: Generator) -> Tensor:
    """Random erasing (Zhong et al. 2020) as the field's codes have it, on normalised images.

    With the given probability a rectangle of 2 to 40 % of the area and an aspect ratio drawn uniformly from 0.3 to 3.33
    is filled; of up to 100 draws the first that fits is used.
    """
    batch, _, height, width = x.shape
    draws = torch.rand(4, batch, ERASE_ATTEMPTS, generator=generator, device=x.device)
    area = height * width * (ERASE_AREA[0] + (ERASE_AREA[1] - ERASE_AREA[0]) * draws[0])
    aspect = ERASE_ASPECT[0] + (ERASE_ASPECT[1] - ERASE_ASPECT[0]) * draws[1]
    h, w = (area * aspect).sqrt().round(), (area / aspect).sqrt().round()  # (B, attempts)
    fits = (h < height) & (w < width)
    first = fits.to(torch.uint8).argmax(1, keepdim=True)  # (B, 1)
    h, w, u, v = (t.gather(1, first) for t in (h, w, draws[2], draws[3]))
    top, left = (u * (height - h + 1)).floor(), (v * (width - w + 1)).floor()
    chosen = torch.rand(batch, 1, generator=generator, device=x.device) < probability
    rows = torch.arange(height, device=x.device)
    columns = torch.arange(width, device=x.device)
    in_rows = (rows >= top) & (rows < top + h) & chosen & fits.any(1, keepdim=True)  # (B, H)
    in_columns = (columns >= left) & (columns < left + w)  # (B, W)
    hole = (in_rows[:, :, None] & in_columns[:, None, :])[:, None]  # (B, 1, H, W)
    return torch.where(hole, constant(fill, x.device).view(3, 1, 1), x)


def channel_adaptive(x: Tensor, generator: Generator) -> Tensor:
    """Channel augmentation (Ye et al., ICCV 2021) in its single-view form.

    With probability 1/4 each, one of the channels R, G, B is copied to all three; of the remaining quarter, half of the
    images become grey and half stay as they are.
    """
    batch = len(x)
    choice = torch.randint(0, 4, (batch,), generator=generator, device=x.device)
    keep = (choice == 3) & (torch.rand(batch, generator=generator, device=x.device) >= 0.5)
    mixes = torch.eye(3, device=x.device).unsqueeze(1).expand(3, 3, 3)  # copy channel c to all
    grey = constant(GREY, x.device).expand(1, 3, 3)
    mix = torch.cat([mixes, grey])[choice]  # (B, 3, 3)
    mix = torch.where(keep[:, None, None], torch.eye(3, device=x.device), mix)
    return torch.einsum("bij,bjhw->bihw", mix, x).contiguous(memory_format=torch.channels_last)
