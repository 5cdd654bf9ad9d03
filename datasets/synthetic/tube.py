"""The one shape that people are made of: a tube along a line, its girth free along the way, its surface painted.

A surface is an array `(T, A, C)`: T places along the tube, A angles around it (column 0 faces the person's front),
C channels. Seen from a side, half of it shows; the light falls on it as on a cylinder.
"""

import functools
from dataclasses import dataclass

import numpy as np

# Steps along and across a tube in which its girth and its light change.
PLACES, COLUMNS = 96, 48
_V = np.linspace(-1, 1, COLUMNS, dtype=np.float32)
_ANGLE = np.arcsin(_V)
_FACING = np.sqrt(np.maximum(0, 1 - _V**2))


@dataclass(frozen=True)
class Light:
    """Direction (screen right, screen down, towards the camera), and the shares of ambient and directed light."""

    direction: tuple[float, float, float]
    ambient: float
    directed: float


@dataclass
class Tube:
    """On the screen: from `start` to `end` in pixels (x, y), with radii in pixels at equal distances between them.

    `caps` say how each end closes: 1 is a half circle, larger is flatter. `turn` is the person's heading in radians.
    `depth` orders tubes from far to near.
    """

    start: tuple[float, float]
    end: tuple[float, float]
    radii: tuple[float, ...]
    surface: np.ndarray  # (T, A, C)
    depth: float
    turn: float = 0.0
    caps: tuple[float, float] = (1.0, 1.0)


def draw(canvas: np.ndarray, tube: Tube, light: Light) -> None:
    """Paint `tube` onto `canvas`, float32 `(H, W, C)`, with smooth edges."""
    (x0, y0), (x1, y1) = tube.start, tube.end
    length = max(0.5, float(np.hypot(x1 - x0, y1 - y0)))
    along = ((x1 - x0) / length, (y1 - y0) / length)
    reach = max(tube.radii) + 1.0
    left, right = _range(min(x0, x1) - reach, max(x0, x1) + reach, canvas.shape[1])
    top, bottom = _range(min(y0, y1) - reach, max(y0, y1) + reach, canvas.shape[0])
    if left >= right or top >= bottom:
        return
    xs = np.arange(left, right, dtype=np.float32) + np.float32(0.5 - x0)
    ys = np.arange(top, bottom, dtype=np.float32)[:, None] + np.float32(0.5 - y0)
    t = xs * np.float32(along[0]) + ys * np.float32(along[1])
    # Across the tube, positive to the screen's right for a tube that hangs down.
    s = xs * np.float32(along[1]) - ys * np.float32(along[0])
    inside = np.clip(t, 0, np.float32(length))
    radii = _profile(tube.radii)
    place = (inside * np.float32((len(radii) - 1) / length)).astype(np.int32)
    radius = radii[place]
    beyond = t - inside
    beyond *= np.where(beyond < 0, np.float32(tube.caps[0]), np.float32(tube.caps[1]))
    cover = radius - np.sqrt(s * s + beyond * beyond)
    cover += np.float32(0.5)
    np.clip(cover, 0, 1, out=cover)
    column = s / np.maximum(radius, np.float32(0.1))
    column *= np.float32((COLUMNS - 1) / 2)
    column += np.float32(COLUMNS / 2)
    column = np.clip(column, 0, COLUMNS - 1).astype(np.int32)
    table = _seen(tube, along, light)
    row = place * np.int32(table.shape[0]) // np.int32(len(radii))
    colour = table.reshape(-1, table.shape[2])[row * np.int32(COLUMNS) + column]
    region = canvas[top:bottom, left:right]
    colour -= region
    colour *= cover[..., None]
    region += colour


def _range(low: float, high: float, size: int) -> tuple[int, int]:
    return max(0, int(np.floor(low))), min(size, int(np.ceil(high)))


def _profile(radii: tuple[float, ...]) -> np.ndarray:
    """`PLACES` radii between the given ones."""
    return (_between(len(radii)) * np.asarray(radii, dtype=np.float32)).sum(axis=1)


@functools.cache
def _between(number: int) -> np.ndarray:
    """Weights `(PLACES, number)` of linear interpolation."""
    places = np.linspace(0, number - 1, PLACES)[:, None]
    return np.maximum(0, 1 - np.abs(places - np.arange(number))).astype(np.float32)


def _seen(tube: Tube, along: tuple[float, float], light: Light) -> np.ndarray:
    """The lit half of the surface that faces the camera: float32 `(T, COLUMNS, C)`."""
    angles = tube.surface.shape[1]
    columns = np.floor((_ANGLE - tube.turn) * (angles / (2 * np.pi)) + 0.5).astype(int) % angles
    x, y, z = light.direction
    slope = x * along[1] - y * along[0]
    shade = light.ambient * (0.55 + 0.45 * _FACING) + light.directed * np.maximum(0, slope * _V + z * _FACING)
    return (tube.surface[:, columns] * shade[:, None]).astype(np.float32)
