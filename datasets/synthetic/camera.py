"""What a camera does to the light: exposure, white balance, falling-off illumination, blur, noise, JPEG."""

import random
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageFilter

from datasets.synthetic.knobs import Knobs
from datasets.synthetic.tube import Light


@dataclass(frozen=True)
class Camera:
    """One camera of a layout; `number` as in the layout, `seed` names its own random streams."""

    number: int
    modality: str
    indoor: bool
    seed: str
    heading: float
    """Direction in which most people pass, radians from facing the camera."""
    tilt: float
    balance: tuple[float, float, float]
    exposure: float
    light: tuple[float, float]
    """Where the light usually stands: screen right, screen down."""
    blur: float
    """Standard deviation in pixels of a 128-pixel crop."""
    noise: float
    quality: int
    falloff: float
    """Strength of the fall-off of active illumination from the picture's middle; 0 for ambient light."""


def make_camera(number: int, modality: str, indoor: bool, knobs: Knobs) -> Camera:
    """The camera `number` of a dataset rendered with `knobs`; its constants depend on the seed alone."""
    seed = f"{knobs.seed}/camera/{number}"
    rng = random.Random(seed)
    infrared = modality == "infrared"
    return Camera(
        number=number,
        modality=modality,
        indoor=indoor,
        seed=seed,
        heading=rng.uniform(-1.2, 1.2),
        tilt=rng.uniform(0.02, 0.2),
        balance=(1.0, 1.0, 1.0)
        if infrared
        else (rng.uniform(0.82, 1.15), rng.uniform(0.92, 1.05), rng.uniform(0.78, 1.15)),
        exposure=rng.uniform(0.95, 1.2) if infrared else rng.uniform(0.8, 1.15),
        light=(rng.uniform(-0.7, 0.7), rng.uniform(-0.6, -0.1)),
        blur=rng.uniform(0.2, 0.5) + 0.15 * infrared,
        noise=0.25 * knobs.infrared_noise if infrared else rng.uniform(0.006, 0.018),
        quality=rng.randint(72, 92),
        falloff=rng.uniform(0.45, 0.8) if infrared else 0.0,
    )


def draw_light(camera: Camera, rng: random.Random) -> Light:
    """The light on one image: from the lens for an infrared camera, from above and aside otherwise."""
    if camera.modality == "infrared":
        return Light((0.0, 0.0, 1.0), 0.22, 0.85)
    x, y = camera.light[0] + rng.gauss(0, 0.25), camera.light[1] + rng.gauss(0, 0.15)
    length = (x * x + y * y + 1) ** 0.5
    ambient = rng.uniform(0.4, 0.65)
    return Light((x / length, y / length, 1 / length), ambient, 1.05 - ambient * 0.8)


def expose(light: np.ndarray, camera: Camera, rng: random.Random) -> Image.Image:
    """The picture that `camera` takes of the light field `(H, W, C)`, C = 3 or 1: an RGB image."""
    height, width, _ = light.shape
    gain = camera.exposure * rng.uniform(0.72, 1.25)
    light = light * np.float32(gain) * np.asarray(camera.balance[: light.shape[2]], dtype=np.float32)
    if camera.falloff:
        light *= _illumination(camera, rng, height, width)
    light = np.clip(light, 0, 1) ** np.float32(rng.uniform(0.78, 0.98))
    pixels = np.round(light * 255).astype(np.uint8)
    image = Image.fromarray(pixels if pixels.shape[2] == 3 else pixels[..., 0])
    sigma = (camera.blur + abs(rng.gauss(0, 0.2))) * height / 128
    image = image.filter(ImageFilter.GaussianBlur(sigma))
    noise = np.random.default_rng(rng.getrandbits(63)).standard_normal((height, width), dtype=np.float32)
    noisy = np.asarray(image, dtype=np.float32)
    noisy = noisy + (255 * camera.noise) * (noise if noisy.ndim == 2 else noise[..., None])
    return Image.fromarray(np.clip(np.round(noisy), 0, 255).astype(np.uint8)).convert("RGB")


def _illumination(camera: Camera, rng: random.Random, height: int, width: int) -> np.ndarray:
    """The spot of an infrared lamp, brightest near the middle, `(H, W, 1)`."""
    y = np.linspace(-1, 1, height, dtype=np.float32)[:, None] - np.float32(rng.uniform(-0.45, 0.3))
    x = np.linspace(-1, 1, width, dtype=np.float32)[None, :] - np.float32(rng.uniform(-0.4, 0.4))
    spot = np.exp(-(x * x * np.float32(0.6) + y * y) * np.float32(camera.falloff))
    return (np.float32(rng.uniform(0.85, 1.3)) * spot)[..., None]
