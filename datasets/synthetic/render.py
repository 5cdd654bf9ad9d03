"""One image: a person before a camera."""

import functools
import random

import numpy as np
from PIL import Image

from datasets.synthetic.body import build
from datasets.synthetic.camera import Camera, draw_light, expose
from datasets.synthetic.figure import View
from datasets.synthetic.knobs import Knobs
from datasets.synthetic.person import Person
from datasets.synthetic.pose import draw_pose
from datasets.synthetic.scene import paint_scene
from datasets.synthetic.tube import draw

# People are drawn this many times larger than the image, then averaged down.
OVERSAMPLE = 2


def render(person: Person, camera: Camera, number: int, knobs: Knobs) -> Image.Image:
    """Image `number` of `person` under `camera`, RGB, `knobs.width` x `knobs.height`; the same for equal arguments."""
    rng = random.Random(f"{camera.seed}/{person.name}/{number}")
    height, width = knobs.height * OVERSAMPLE, knobs.width * OVERSAMPLE
    view = View(
        x=width * (0.5 + rng.gauss(0, 0.05)),
        y=height * (0.95 + rng.gauss(0, 0.015)),
        scale=height * rng.uniform(0.84, 0.94),
        tilt=camera.tilt + rng.uniform(-0.03, 0.03),
    )
    heading = camera.heading if rng.random() < 0.6 else camera.heading + np.pi
    pose = draw_pose(rng, knobs.pose_spread, heading)
    canvas = _background(camera, rng, height, width)
    light = draw_light(camera, rng)
    _shadow(canvas, view, light.direction[0], 0.35 if camera.modality == "infrared" else 0.6)
    for tube in build(person, pose, view, camera.modality):
        draw(canvas, tube, light)
    return expose(_average(canvas), camera, rng)


def _average(canvas: np.ndarray) -> np.ndarray:
    """The mean of each square of pixels that were drawn for one."""
    parts = [canvas[y::OVERSAMPLE, x::OVERSAMPLE] for y in range(OVERSAMPLE) for x in range(OVERSAMPLE)]
    return functools.reduce(np.add, parts) / np.float32(len(parts))


@functools.lru_cache(maxsize=16)
def _scene(seed: str, indoor: bool, modality: str, height: int, width: int) -> np.ndarray:
    return paint_scene(seed, indoor, modality, height, width)


def _background(camera: Camera, rng: random.Random, height: int, width: int) -> np.ndarray:
    """A place in the camera's scene, as a copy `(H, W, C)`; what lies behind gets less of an infrared lamp."""
    scene = _scene(camera.seed, camera.indoor, camera.modality, height, width)
    top = rng.randrange(scene.shape[0] - height + 1)
    left = rng.randrange(scene.shape[1] - width + 1)
    brightness = rng.uniform(0.35, 0.65) if camera.modality == "infrared" else rng.uniform(0.75, 1.1)
    crop = scene[top : top + height, left : left + width] * np.float32(brightness)
    return crop[:, ::-1].copy() if rng.random() < 0.5 else crop


def _shadow(canvas: np.ndarray, view: View, slant: float, strength: float) -> None:
    """Darken the ground around the feet, away from the light."""
    height, width, _ = canvas.shape
    x = (np.arange(width, dtype=np.float32) - np.float32(view.x - slant * 0.08 * view.scale)) / np.float32(
        0.15 * view.scale
    )
    y = (np.arange(height, dtype=np.float32)[:, None] - np.float32(view.y)) / np.float32(0.03 * view.scale)
    canvas *= 1 - np.float32(strength) * np.exp(-(x * x + y * y))[..., None]
