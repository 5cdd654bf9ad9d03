"""A posed person as tubes on the screen."""

import math
from dataclasses import dataclass

import numpy as np

from datasets.synthetic.person import Person
from datasets.synthetic.pose import SIDES, Point, Pose, joints
from datasets.synthetic.tube import Tube
from datasets.synthetic.wardrobe import wardrobe


@dataclass(frozen=True)
class View:
    """Where a person stands on the screen: the point between the feet, pixels per body height, camera's downward tilt."""

    x: float
    y: float
    scale: float
    tilt: float


class Figure:
    """Collects the tubes of one person in one pose and view."""

    def __init__(self, person: Person, pose: Pose, view: View, modality: str) -> None:
        self.person, self.pose, self.view = person, pose, view
        self.surfaces = wardrobe(person, modality)
        self.points = joints(person, pose)
        self.tubes: list[Tube] = []

    def screen(self, point: Point) -> tuple[float, float, float]:
        """Pixel x, pixel y, and depth (larger is nearer)."""
        x, y, z = point
        c, s = math.cos(self.pose.heading), math.sin(self.pose.heading)
        across, near = x * c + z * s, z * c - x * s
        up = y * math.cos(self.view.tilt) - near * math.sin(self.view.tilt)
        return self.view.x + across * self.view.scale, self.view.y - up * self.view.scale, near

    def girth(self, wide: float, deep: float) -> float:
        """Half the apparent width, in pixels, of an upright ellipse with these half axes."""
        c, s = math.cos(self.pose.heading), math.sin(self.pose.heading)
        return self.view.scale * math.hypot(wide * c, deep * s)

    def add(
        self,
        start: Point,
        end: Point,
        radii: tuple[float, ...],
        surface: str | np.ndarray,
        bias: float = 0.0,
        **more: object,
    ) -> None:
        """A tube between two points in space; `radii` in pixels; `bias` moves it nearer in the order of painting."""
        x0, y0, z0 = self.screen(start)
        x1, y1, z1 = self.screen(end)
        painted = self.surfaces[surface] if isinstance(surface, str) else surface
        tube = Tube((x0, y0), (x1, y1), radii, painted, (z0 + z1) / 2 + bias, self.pose.heading, **more)
        self.tubes.append(tube)

    def limb(self, start: str, end: str, radii: tuple[float, float], surface: str, bias: float = 0.0) -> None:
        """A round limb between two joints; `radii` in body heights."""
        scaled = tuple(radius * self.view.scale for radius in radii)
        self.add(self.points[start], self.points[end], scaled, surface, bias)


def build(person: Person, pose: Pose, view: View, modality: str) -> list[Tube]:
    """The tubes of `person`, in painting order from far to near."""
    from datasets.synthetic.outfit import add_bag, add_head, add_lower, add_torso

    figure = Figure(person, pose, view, modality)
    for side in SIDES:
        _add_leg(figure, side)
        _add_arm(figure, side)
    add_lower(figure)
    add_torso(figure)
    add_head(figure)
    add_bag(figure)
    return sorted(figure.tubes, key=lambda tube: tube.depth)


def _add_leg(figure: Figure, side: str) -> None:
    person = figure.person
    g = 0.5 + 0.5 * person.girth
    wide = {"wide": 1.35, "trousers": 1.12}.get(person.bottom_kind, 0.95)
    figure.limb(f"{side} hip", f"{side} knee", (0.053 * g * wide, 0.036 * g * wide), "thigh", 0.0)
    ankle = {"wide": 0.046, "trousers": 0.03}.get(person.bottom_kind, 0.019)
    figure.limb(f"{side} knee", f"{side} ankle", (0.035 * g * wide, ankle * g), "shin", -0.002)
    if person.bottom_kind == "shorts":
        hip, knee = figure.points[f"{side} hip"], figure.points[f"{side} knee"]
        reach = min(1.0, person.bottom_length * 2)
        end = tuple(a + (b - a) * reach for a, b in zip(hip, knee, strict=True))
        radii = (0.057 * g * figure.view.scale, 0.053 * g * figure.view.scale)
        figure.add(hip, end, radii, "shorts", 0.004, caps=(1.0, 4.0))
    if person.boots:
        knee, ankle_at = figure.points[f"{side} knee"], figure.points[f"{side} ankle"]
        top = tuple(a + (b - a) * 0.45 for a, b in zip(knee, ankle_at, strict=True))
        radii = (0.036 * g * figure.view.scale, 0.028 * figure.view.scale)
        figure.add(top, ankle_at, radii, "shoe", 0.004, caps=(4.0, 1.0))
    figure.limb(f"{side} ankle", f"{side} toe", (0.027, 0.021), "shoe", 0.003)


def _add_arm(figure: Figure, side: str) -> None:
    person = figure.person
    g = 0.55 + 0.45 * person.girth
    thick = {"jacket": 1.2, "coat": 1.25, "open": 1.15, "vest": 0.85}.get(person.top_kind, 1.0)
    sign = SIDES[side]
    outward = 0.02 * math.copysign(1, -sign * math.sin(figure.pose.heading))
    long = person.sleeve == "long"
    figure.limb(
        f"{side} elbow",
        f"{side} hand",
        (0.026 * g * (thick if long else 0.9), 0.017 * (thick if long else 1)),
        "cuff",
        outward,
    )
    figure.limb(f"{side} shoulder", f"{side} elbow", (0.036 * g * thick, 0.029 * g * thick), "sleeve", outward + 0.002)
    elbow, hand = figure.points[f"{side} elbow"], figure.points[f"{side} hand"]
    tip = tuple(a + (b - a) * 1.16 for a, b in zip(elbow, hand, strict=True))
    figure.add(hand, tip, (0.019 * figure.view.scale, 0.014 * figure.view.scale), "skin", outward + 0.003)
