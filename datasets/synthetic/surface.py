"""Painted surfaces of tubes: which material lies where, as an array of indices `(T, A)`, then its reflectance.

T runs down the garment, A around the body with the front in column 0 and the wearer's left to the screen's right.
"""

import functools
import random

import numpy as np

from datasets.synthetic.materials import Material
from datasets.synthetic.person import Cloth

ROWS, ANGLES = 64, 96
# Of each point of a surface: the share of its length, and the signed angle from the front, -pi .. pi.
T, A = np.meshgrid(
    (np.arange(ROWS) + 0.5) / ROWS, ((np.arange(ANGLES) / ANGLES + 0.5) % 1 - 0.5) * 2 * np.pi, indexing="ij"
)


def reflect(index: np.ndarray, materials: list[Material], modality: str) -> np.ndarray:
    """Reflectance `(T, A, C)`: three channels for visible, one for infrared."""
    values = [m.colour if modality == "visible" else (m.infrared,) for m in materials]
    return np.asarray(values, dtype=np.float32)[index]


def plain() -> np.ndarray:
    """One material all over."""
    return np.zeros((ROWS, ANGLES), dtype=np.intp)


@functools.lru_cache(maxsize=256)
def smooth_noise(seed: str, cells: int) -> np.ndarray:
    """Smooth noise from 0 to 1, mean near a half, `(ROWS, ANGLES)`, without a seam around the tube."""
    rng = random.Random(f"noise/{seed}/{cells}")
    grid = np.array([[rng.random() for _ in range(cells * 2)] for _ in range(cells + 1)])
    rows, columns = np.linspace(0, cells, ROWS), np.arange(ANGLES) / ANGLES * cells * 2
    r0, c0 = np.minimum(rows.astype(int), cells - 1), columns.astype(int)
    fr, fc = _ease(rows - r0)[:, None], _ease(columns - c0)[None, :]
    c1 = (c0 + 1) % (cells * 2)
    above = grid[r0][:, c0] * (1 - fc) + grid[r0][:, c1] * fc
    below = grid[r0 + 1][:, c0] * (1 - fc) + grid[r0 + 1][:, c1] * fc
    return above * (1 - fr) + below * fr


def _ease(x: np.ndarray) -> np.ndarray:
    return x * x * (3 - 2 * x)


def pattern(cloth: Cloth, length: float) -> np.ndarray:
    """0 and 1 for a cloth's two materials on a piece `length` torsos long, so that repeats keep their scale."""
    return _PATTERNS[cloth.pattern](T * length, cloth).astype(np.intp)


_PATTERNS = {
    "plain": lambda t, c: t < 0,
    "bars": lambda t, c: (t * c.scale) % 1 < 0.5,
    "fine": lambda t, c: (t * c.scale * 2) % 1 < 0.45,
    "columns": lambda t, c: np.sin(A * round(c.scale * 2)) > 0.1,
    "checks": lambda t, c: ((t * c.scale) % 1 < 0.5) ^ (np.sin(A * round(c.scale * 1.4)) > 0),
    "dots": lambda t, c: ((t * c.scale) % 1 - 0.5) ** 2 + (np.sin(A * round(c.scale * 1.2)) * 0.5) ** 2 < 0.1,
    "yoke": lambda t, c: t < 0.2 + 0.04 * c.scale,
    "band": lambda t, c: np.abs(t - 0.2 - 0.05 * c.scale) < 0.11,
    "print": lambda t, c: (np.abs(A) < 0.55) & (t > 0.22) & (t < 0.28 + 0.07 * c.scale),
    "camo": lambda t, c: smooth_noise(c.seed, 4) > 0.5,
    "side": lambda t, c: np.abs(np.abs(A) - np.pi / 2) < 0.3,
    "cuffs": lambda t, c: t > 1.3,
}


def folds(seed: str, strength: float) -> np.ndarray:
    """Light and shade of creases, `(T, A, 1)`, around 1."""
    noise = smooth_noise(seed, 9) - 0.5
    return (1 + strength * noise).astype(np.float32)[..., None]
