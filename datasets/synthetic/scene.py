"""A camera's fixed surroundings, wider than one crop: walls, doors, tiles; trees, houses, paving."""

import random

import numpy as np
from PIL import Image, ImageDraw

from datasets.synthetic.materials import Colour

# A scene is this many crops wide and high.
WIDE, HIGH = 4.0, 1.35


class Painter:
    """Draws shapes by material; each material gets a colour and, drawn apart, an infrared reflectance."""

    def __init__(self, rng: random.Random, width: int, height: int) -> None:
        self.rng, self.width, self.height = rng, width, height
        self.image = Image.new("L", (width, height), 0)
        self.pen = ImageDraw.Draw(self.image)
        self.materials: list[tuple[Colour, float]] = []

    def new(self, low: float, high: float, tint: float) -> int:
        """A new material: grey between `low` and `high`, coloured by up to `tint`."""
        grey = self.rng.uniform(low, high)
        colour = tuple(min(1.0, max(0.02, grey + self.rng.uniform(-tint, tint))) for _ in range(3))
        self.materials.append((colour, self.rng.uniform(0.12, 0.7)))
        return len(self.materials) - 1

    def box(self, x: float, y: float, w: float, h: float, fill: int) -> None:
        """A rectangle, in shares of the scene's height for all four numbers."""
        u = self.height
        self.pen.rectangle((x * u, y * u, (x + w) * u, (y + h) * u), fill=fill)

    def line(self, x0: float, y0: float, x1: float, y1: float, fill: int, width: float) -> None:
        """A line, in shares of the scene's height."""
        u = self.height
        self.pen.line((x0 * u, y0 * u, x1 * u, y1 * u), fill=fill, width=max(1, round(width * u)))

    def disc(self, x: float, y: float, r: float, fill: int) -> None:
        """A disc, in shares of the scene's height."""
        u = self.height
        self.pen.ellipse(((x - r) * u, (y - r) * u, (x + r) * u, (y + r) * u), fill=fill)


def paint_scene(seed: str, indoor: bool, modality: str, height: int, width: int) -> np.ndarray:
    """The scene of the camera `seed` for crops of `height` x `width` pixels: float32 `(H, W, C)`, C = 3 or 1."""
    rng = random.Random(f"{seed}/scene")
    painter = Painter(rng, int(width * WIDE), int(height * HIGH))
    span = painter.width / painter.height
    (_indoor if indoor else _outdoor)(painter, rng, span)
    values = [colour if modality == "visible" else (infrared,) for colour, infrared in painter.materials]
    scene = np.asarray(values, dtype=np.float32)[np.asarray(painter.image)]
    noise = np.random.default_rng(rng.getrandbits(63))
    for cells, strength in ((3, 0.12), (20, 0.07), (110, 0.08)):
        scene *= 1 + strength * _cloud(noise, cells, painter.height, painter.width)[..., None]
    return np.clip(scene, 0.01, 1.0)


def _cloud(noise: np.random.Generator, cells: int, height: int, width: int) -> np.ndarray:
    """Smooth noise between -1 and 1."""
    grid = noise.uniform(-1, 1, (cells, max(2, cells * width // height))).astype(np.float32)
    return np.asarray(Image.fromarray(grid).resize((width, height), Image.Resampling.BICUBIC))


def _indoor(p: Painter, rng: random.Random, span: float) -> None:
    wall, floor, trim = p.new(0.45, 0.85, 0.05), p.new(0.25, 0.6, 0.06), p.new(0.1, 0.5, 0.08)
    line = rng.uniform(0.5, 0.62)
    p.box(0, 0, span, line, wall)
    x = rng.uniform(0, 0.3)
    while x < span:
        kind, wide = rng.random(), rng.uniform(0.15, 0.45)
        if kind < 0.35:
            door = p.new(0.15, 0.7, 0.2)
            p.box(x, 0.03, wide, line - 0.03, trim)
            p.box(x + 0.02, 0.06, wide - 0.04, line - 0.06, door)
        elif kind < 0.6:
            poster = p.new(0.2, 0.95, 0.35)
            p.box(x, 0.1, wide * 0.6, 0.25, poster)
            p.box(x + 0.03, 0.14, wide * 0.3, 0.08, p.new(0.1, 0.9, 0.35))
        elif kind < 0.75:
            p.box(x, 0, 0.1, line, p.new(0.3, 0.7, 0.08))
        elif kind < 0.9:
            p.box(x, line - 0.2, wide, 0.22, p.new(0.1, 0.5, 0.2))
        x += wide + rng.uniform(0.05, 0.4)
    p.box(0, line, span, 1 - line, floor)
    p.box(0, line - 0.015, span, 0.025, trim)
    _paving(p, rng, span, line, p.new(0.2, 0.5, 0.05))


def _outdoor(p: Painter, rng: random.Random, span: float) -> None:
    house, ground = p.new(0.35, 0.75, 0.07), p.new(0.35, 0.65, 0.04)
    line = rng.uniform(0.42, 0.58)
    p.box(0, 0, span, line, house)
    glass = p.new(0.08, 0.3, 0.06)
    pitch = rng.uniform(0.16, 0.3)
    for k in range(int(span / pitch) + 1):
        p.box(k * pitch + 0.03, 0.04, pitch * 0.55, line * 0.45, glass)
    leaves = [p.new(0.08, 0.26, 0.03) for _ in range(6)]
    for fill in leaves:
        red, green, blue = p.materials[fill][0]
        p.materials[fill] = ((red, min(1.0, green + 0.09), blue * 0.75), rng.uniform(0.4, 0.8))
    x = 0.0
    while x < span:
        if rng.random() < 0.6:
            x0, wide = x, rng.uniform(0.25, 0.55)
            for _ in range(240):
                up = rng.random() ** 1.6 * 0.34
                p.disc(x0 + rng.random() * wide, line - up, rng.uniform(0.008, 0.022), rng.choice(leaves))
        elif rng.random() < 0.6:
            p.line(x + 0.1, 0, x + 0.1, line + 0.03, p.new(0.1, 0.4, 0.05), 0.03)
        x += rng.uniform(0.3, 0.7)
    p.box(0, line, span, 1 - line, ground)
    kerb = p.new(0.55, 0.8, 0.05)
    p.box(0, line + 0.02, span, 0.02, kerb)
    _paving(p, rng, span, line + 0.1, p.new(0.25, 0.5, 0.05))


def _paving(p: Painter, rng: random.Random, span: float, line: float, joint: int) -> None:
    """Joints that meet at a vanishing point above, closer together with distance."""
    middle, pitch = span / 2, rng.uniform(0.12, 0.25)
    for k in range(-int(4 * span / pitch), int(4 * span / pitch)):
        p.line(middle + k * pitch * 0.45, line, middle + k * pitch, 1.0, joint, 0.006)
    y, step = line, rng.uniform(0.03, 0.05)
    while y < 1:
        p.line(0, y, span, y, joint, 0.006)
        y, step = y + step, step * 1.35
