"""Materials: a colour for visible cameras and, drawn apart from it, a reflectance for infrared ones."""

import colorsys
import random
from dataclasses import dataclass

Colour = tuple[float, ...]
# Near-infrared reflectance of textiles hardly depends on their dye; skin is brighter than most, hair darker.
CLOTH = (0.08, 0.75)
# Least difference between the two materials of a pattern, in luminance and in infrared reflectance.
CONTRAST = 0.28


@dataclass(frozen=True)
class Material:
    """Colour (red, green, blue) and infrared reflectance, each value from 0 to 1."""

    colour: Colour
    infrared: float


def luminance(colour: Colour) -> float:
    """Rec. 601 luma of a colour, 0 to 1."""
    return 0.299 * colour[0] + 0.587 * colour[1] + 0.114 * colour[2]


def material(colour: Colour, infrared: float, leak: float) -> Material:
    """A material whose infrared reflectance takes the share `leak` from its colour's luminance."""
    return Material(colour, (1 - leak) * infrared + leak * luminance(colour))


def draw_cloth(rng: random.Random, leak: float) -> Material:
    """A textile: black, grey, white or coloured as often as on a street; infrared anywhere in `CLOTH`."""
    kind = rng.random()
    if kind < 0.22:
        colour = _grey(rng, rng.uniform(0.06, 0.2))
    elif kind < 0.36:
        colour = _grey(rng, rng.uniform(0.35, 0.6))
    elif kind < 0.48:
        colour = _grey(rng, rng.uniform(0.78, 0.95))
    elif kind < 0.64:
        colour = colorsys.hsv_to_rgb(rng.uniform(0.57, 0.66), rng.uniform(0.35, 0.7), rng.uniform(0.2, 0.55))
    else:
        colour = colorsys.hsv_to_rgb(rng.random(), rng.uniform(0.25, 0.75), rng.uniform(0.3, 0.8))
    return material(colour, rng.uniform(*CLOTH), leak)


def draw_contrasting(rng: random.Random, other: Material, leak: float) -> Material:
    """A second textile that stands out from `other` in both modalities, so that a pattern shows in both."""
    low, high = CLOTH
    darker, brighter = max(0.0, other.infrared - CONTRAST - low), max(0.0, high - other.infrared - CONTRAST)
    place = rng.uniform(0, darker + brighter)
    infrared = low + place if place < darker else other.infrared + CONTRAST + place - darker
    while True:
        colour = draw_cloth(rng, 0.0).colour
        if abs(luminance(colour) - luminance(other.colour)) > CONTRAST:
            return material(colour, infrared, leak)


def draw_skin(rng: random.Random) -> Material:
    """Human skin: many tones, all bright in the near infrared."""
    tone = rng.random() ** 1.3
    light, dark = (0.93, 0.75, 0.63), (0.36, 0.23, 0.16)
    colour = tuple(a + (b - a) * tone for a, b in zip(light, dark, strict=True))
    return Material(colour, rng.uniform(0.8, 0.9))


def draw_hair(rng: random.Random, leak: float) -> Material:
    """Black, brown, blond, grey or red hair; its infrared reflectance tells nothing of which."""
    colours = [(0.07, 0.06, 0.06), (0.2, 0.13, 0.08), (0.36, 0.24, 0.14), (0.7, 0.56, 0.34), (0.6, 0.6, 0.6)]
    base = rng.choices([*colours, (0.45, 0.2, 0.1)], [8, 6, 4, 3, 2, 1])[0]
    colour = tuple(min(1.0, max(0.02, value * rng.uniform(0.85, 1.15))) for value in base)
    return material(colour, rng.uniform(0.1, 0.3), leak)


def _grey(rng: random.Random, value: float) -> Colour:
    return tuple(min(1.0, max(0.0, value + rng.uniform(-0.03, 0.03))) for _ in range(3))
