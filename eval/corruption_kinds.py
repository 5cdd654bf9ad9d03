"""The twenty corruptions of corrupted re-identification benchmarks, on one image.

Kinds and strengths by severity 1..5 are those of the library imagecorruptions, and rain is that of Chen et al. (NeurIPS
2021 Datasets and Benchmarks), who take it from albumentations. Sources and departures: docs/protocol.md.
Each function takes an image (H, W, 3) in 0..1, a severity and a generator, and returns an image to be clipped.
"""

import io
from collections.abc import Callable

import numpy as np
from PIL import Image, ImageDraw
from scipy import ndimage

Generator = np.random.Generator
Kind = Callable[[np.ndarray, int, Generator], np.ndarray]


def gaussian_noise(image: np.ndarray, severity: int, generator: Generator) -> np.ndarray:
    scale = (0.08, 0.12, 0.18, 0.26, 0.38)[severity - 1]
    return image + generator.normal(0, scale, image.shape)


def shot_noise(image: np.ndarray, severity: int, generator: Generator) -> np.ndarray:
    photons = (60, 25, 12, 5, 3)[severity - 1]
    return generator.poisson(image * photons) / photons


def impulse_noise(image: np.ndarray, severity: int, generator: Generator) -> np.ndarray:
    amount = (0.03, 0.06, 0.09, 0.17, 0.27)[severity - 1]
    hit = generator.random(image.shape) < amount
    return np.where(hit, generator.random(image.shape) < 0.5, image)


def speckle_noise(image: np.ndarray, severity: int, generator: Generator) -> np.ndarray:
    scale = (0.15, 0.2, 0.35, 0.45, 0.6)[severity - 1]
    return image + image * generator.normal(0, scale, image.shape)


def gaussian_blur(image: np.ndarray, severity: int, generator: Generator) -> np.ndarray:
    return _smooth(image, (1, 2, 3, 4, 6)[severity - 1])


def glass_blur(image: np.ndarray, severity: int, generator: Generator) -> np.ndarray:
    sigma, reach, rounds = ((0.7, 1, 2), (0.9, 2, 1), (1, 2, 3), (1.1, 3, 2), (1.5, 4, 2))[severity - 1]
    height, width = image.shape[:2]
    image = _smooth(image, sigma)
    for _ in range(rounds):
        for y in range(height - reach, reach, -1):
            shifts = generator.integers(-reach, reach, (width, 2))
            for x in range(width - reach, reach, -1):
                dx, dy = shifts[x]
                image[y, x] = image[y + dy, x + dx]
    return _smooth(image, sigma)


def defocus_blur(image: np.ndarray, severity: int, generator: Generator) -> np.ndarray:
    radius, soft = ((3, 0.1), (4, 0.5), (6, 0.5), (8, 0.5), (10, 0.5))[severity - 1]
    grid = np.arange(-radius - 1, radius + 2)
    disk = ndimage.gaussian_filter((grid**2 + grid[:, None] ** 2 <= radius**2).astype(float), soft)
    return ndimage.convolve(image, disk[..., None] / disk.sum(), mode="mirror")


def motion_blur(image: np.ndarray, severity: int, generator: Generator) -> np.ndarray:
    radius, sigma = ((10, 3), (15, 5), (15, 8), (15, 12), (20, 15))[severity - 1]
    return _streak(image, radius, sigma, generator.uniform(-45, 45))


def zoom_blur(image: np.ndarray, severity: int, generator: Generator) -> np.ndarray:
    end, step = ((1.11, 0.01), (1.16, 0.01), (1.21, 0.02), (1.26, 0.02), (1.31, 0.03))[severity - 1]
    factors = np.arange(1, end, step)
    return (image + sum(_zoom(image, factor) for factor in factors)) / (len(factors) + 1)


def snow(image: np.ndarray, severity: int, generator: Generator) -> np.ndarray:
    mean, scale, zoom, least, radius, sigma, keep = (
        (0.1, 0.3, 3, 0.5, 10, 4, 0.8),
        (0.2, 0.3, 2, 0.5, 12, 4, 0.7),
        (0.55, 0.3, 4, 0.9, 12, 8, 0.7),
        (0.55, 0.3, 4.5, 0.85, 12, 8, 0.65),
        (0.55, 0.3, 2.5, 0.85, 12, 12, 0.55),
    )[severity - 1]
    flakes = _zoom(generator.normal(mean, scale, (*image.shape[:2], 1)), zoom)
    flakes = np.clip(np.where(flakes < least, 0, flakes), 0, 1)
    flakes = _streak(flakes, radius, sigma, generator.uniform(-135, -45))
    whitened = np.maximum(image, 1.5 * _grey(image) + 0.5)
    return keep * image + (1 - keep) * whitened + flakes + flakes[::-1, ::-1]


def frost(image: np.ndarray, severity: int, generator: Generator) -> np.ndarray:
    keep, layer = ((1, 0.4), (0.8, 0.6), (0.7, 0.7), (0.65, 0.7), (0.6, 0.75))[severity - 1]
    ice = np.abs(_plasma(image.shape, 1.14, generator) - _plasma(image.shape, 1.14, generator))
    ice = (0.45 + 0.55 * np.clip(1 - 4 * ice, 0, 1))[..., None] * np.array([0.85, 0.93, 1.0])
    return keep * image + layer * ice


def fog(image: np.ndarray, severity: int, generator: Generator) -> np.ndarray:
    amount, decay = ((1.5, 2), (2, 2), (2.5, 1.7), (2.5, 1.5), (3, 1.4))[severity - 1]
    brightest = image.max()
    foggy = image + amount * _plasma(image.shape, decay, generator)[..., None]
    return foggy * brightest / (brightest + amount)


def brightness(image: np.ndarray, severity: int, generator: Generator) -> np.ndarray:
    value = image.max(axis=2, keepdims=True)
    brighter = np.minimum(value + (0.1, 0.2, 0.3, 0.4, 0.5)[severity - 1], 1)
    return np.where(value > 0, image * brighter / np.maximum(value, 1e-9), brighter)


def spatter(image: np.ndarray, severity: int, generator: Generator) -> np.ndarray:
    mean, scale, sigma, least, strength, mud = (
        (0.65, 0.3, 4, 0.69, 0.6, 0),
        (0.65, 0.3, 3, 0.68, 0.6, 0),
        (0.65, 0.3, 2, 0.68, 0.5, 0),
        (0.65, 0.3, 1, 0.65, 1.5, 1),
        (0.67, 0.4, 1, 0.65, 1.5, 1),
    )[severity - 1]
    liquid = ndimage.gaussian_filter(generator.normal(mean, scale, image.shape[:2]), sigma, mode="nearest")
    drops = np.where(liquid < least, 0, liquid)
    if mud:
        cover = ndimage.gaussian_filter((drops > least).astype(float), strength, mode="nearest")[..., None]
        cover[cover < 0.8] = 0
        return image * (1 - cover) + np.array([63, 42, 20]) / 255 * cover
    wet = drops > 0
    far = ndimage.distance_transform_edt(~(wet ^ ndimage.binary_erosion(wet)))
    depth = ndimage.uniform_filter(np.clip(far, 0, 20), 3, mode="mirror").astype(np.uint8)
    # Light falls on the drops from one corner: the depth, its histogram made even, through an emboss filter.
    share = np.cumsum(np.bincount(depth.ravel())) / depth.size
    lowest = share[depth.min()]
    even = (share[depth] - lowest) / max(1 - lowest, 1e-9)
    relief = np.clip(ndimage.correlate(even, np.array([[-2, -1, 0], [-1, 1, 1], [0, 1, 2]]), mode="mirror"), 0, 1)
    cover = drops * ndimage.uniform_filter(relief, 3, mode="mirror")
    cover = strength * (cover / max(cover.max(), 1e-9))[..., None]
    return image + cover * np.array([175, 238, 238]) / 255


def rain(image: np.ndarray, severity: int, generator: Generator) -> np.ndarray:
    area_per_drop, length = ((770, 10), (600, 30), (600, 30), (500, 60), (500, 60))[severity - 1]
    height, width = image.shape[:2]
    canvas = Image.new("L", (width, height))
    pen = ImageDraw.Draw(canvas)
    slant = int(generator.integers(-9, 10))
    for _ in range(max(1, height * width // area_per_drop)):
        x = int(generator.integers(min(slant, 0), width - max(slant, 0) + 1))
        y = int(generator.integers(max(height - length, 0) + 1))
        pen.line((x, y, x + slant, y + length), fill=255)
    wet = np.where(np.asarray(canvas)[..., None] > 0, 200 / 255, image)
    wet = ndimage.uniform_filter(wet, (2 + severity, 2 + severity, 1), mode="mirror")
    return wet - 0.05 - 0.05 * severity


def contrast(image: np.ndarray, severity: int, generator: Generator) -> np.ndarray:
    mean = image.mean(axis=(0, 1), keepdims=True)
    return (image - mean) * (0.4, 0.3, 0.2, 0.1, 0.05)[severity - 1] + mean


def elastic_transform(image: np.ndarray, severity: int, generator: Generator) -> np.ndarray:
    height, width = image.shape[:2]
    strength = 250 * (0.05, 0.065, 0.085, 0.1, 0.12)[severity - 1]
    reach, sigma = 0.005 * height, (0.01 * height, 0.01 * width)
    shifts = [
        strength * ndimage.gaussian_filter(generator.uniform(-reach, reach, (height, width)), sigma, truncate=3)
        for _ in range(2)
    ]
    rows, columns = np.mgrid[:height, :width]
    where = [rows + shifts[0], columns + shifts[1]]
    return np.stack([ndimage.map_coordinates(image[..., c], where, order=1, mode="reflect") for c in range(3)], 2)


def pixelate(image: np.ndarray, severity: int, generator: Generator) -> np.ndarray:
    factor = (0.6, 0.5, 0.4, 0.3, 0.25)[severity - 1]
    height, width = image.shape[:2]
    small = _picture(image).resize((max(1, int(width * factor)), max(1, int(height * factor))), Image.Resampling.BOX)
    return np.asarray(small.resize((width, height), Image.Resampling.NEAREST)) / 255


def jpeg_compression(image: np.ndarray, severity: int, generator: Generator) -> np.ndarray:
    file = io.BytesIO()
    _picture(image).save(file, "JPEG", quality=(25, 18, 15, 10, 7)[severity - 1])
    return np.asarray(Image.open(file)) / 255


def saturate(image: np.ndarray, severity: int, generator: Generator) -> np.ndarray:
    factor, shift = ((0.3, 0), (0.1, 0), (2, 0), (5, 0.1), (20, 0.2))[severity - 1]
    value = image.max(axis=2, keepdims=True)
    span = value - image.min(axis=2, keepdims=True)
    old = np.divide(span, value, out=np.zeros_like(value), where=value > 0)
    new = np.clip(old * factor + shift, 0, 1)
    # A grey pixel has hue 0, red: saturating it takes green and blue down.
    tint = np.where(old > 0, (value - image) / np.maximum(span, 1e-9), np.array([0.0, 1.0, 1.0]))
    return value * (1 - new * tint)


KINDS: tuple[Kind, ...] = (
    gaussian_noise, shot_noise, impulse_noise, speckle_noise,
    defocus_blur, glass_blur, motion_blur, zoom_blur, gaussian_blur,
    snow, frost, fog, brightness, spatter, rain,
    contrast, elastic_transform, pixelate, jpeg_compression, saturate,
)  # fmt: skip


def _smooth(image: np.ndarray, sigma: float) -> np.ndarray:
    return ndimage.gaussian_filter(image, (sigma, sigma, 0), mode="nearest")


def _grey(image: np.ndarray) -> np.ndarray:
    return (image @ np.array([0.299, 0.587, 0.114]))[..., None]


def _picture(image: np.ndarray) -> Image.Image:
    return Image.fromarray(np.round(np.clip(image, 0, 1) * 255).astype(np.uint8))


def _streak(image: np.ndarray, radius: int, sigma: float, angle: float) -> np.ndarray:
    """One-sided Gaussian smear along a direction in degrees."""
    steps = np.arange(2 * radius + 1)
    weights = np.exp(-(steps**2) / (2 * sigma**2))
    direction = np.deg2rad(angle)
    out = np.zeros_like(image)
    for step, weight in zip(steps, weights / weights.sum(), strict=True):
        move = (-round(step * np.sin(direction)), -round(step * np.cos(direction)), 0)
        out += weight * ndimage.shift(image, move, order=0, mode="nearest")
    return out


def _zoom(image: np.ndarray, factor: float) -> np.ndarray:
    """The middle of the image, enlarged to its size, (H, W, C)."""
    centre = (np.array(image.shape[:2]) - 1) / 2
    offset = centre - centre / factor
    layers = [ndimage.affine_transform(layer, np.full(2, 1 / factor), offset, order=1, mode="nearest")
              for layer in np.moveaxis(image, 2, 0)]  # fmt: skip
    return np.stack(layers, axis=2)


def _plasma(shape: tuple[int, ...], decay: float, generator: Generator) -> np.ndarray:
    """A cloud in 0..1 of the image's size by the diamond-square method on a torus, (H, W)."""
    size = 1 << (max(shape[:2]) - 1).bit_length()
    cloud, wobble = np.zeros((1, 1)), 1.0
    while len(cloud) < size:
        noise = wobble * generator.uniform(-1, 1, (3, *cloud.shape))
        right, down = np.roll(cloud, -1, 1), np.roll(cloud, -1, 0)
        middle = (cloud + right + down + np.roll(right, -1, 0)) / 4 + noise[0]
        wide = np.empty((2 * len(cloud), 2 * len(cloud)))
        wide[::2, ::2], wide[1::2, 1::2] = cloud, middle
        wide[::2, 1::2] = (cloud + right + middle + np.roll(middle, 1, 0)) / 4 + noise[1]
        wide[1::2, ::2] = (cloud + down + middle + np.roll(middle, 1, 1)) / 4 + noise[2]
        cloud = wide
        # The published code multiplies its random numbers by the amplitude twice.
        wobble /= decay**2
    cloud = cloud[: shape[0], : shape[1]]
    return (cloud - cloud.min()) / max(np.ptp(cloud), 1e-9)
