"""A posed person on the screen, collected tube by tube."""

import math
from dataclasses import dataclass

from datasets.synthetic.person import Person
from datasets.synthetic.pose import SIDES, Point, Pose, joints
from datasets.synthetic.tube import Tube
from datasets.synthetic.wardrobe import wardrobe


@dataclass(frozen=True)
class View:
    """Where a person stands on the screen: the point between the feet, pixels per body height, downward tilt."""

    x: float
    y: float
    scale: float
    tilt: float


class Figure:
    """Collects the tubes of one person in one pose and view; `points` are the joints, `scale` pixels per height."""

    def __init__(self, person: Person, pose: Pose, view: View, modality: str) -> None:
        self.person, self.pose, self.view, self.scale = person, pose, view, view.scale
        self.surfaces = wardrobe(person, modality)
        self.points = joints(person, pose)
        self.tubes: list[Tube] = []

    def screen(self, point: Point) -> tuple[float, float, float]:
        """Pixel x, pixel y, and nearness to the camera in body heights."""
        x, y, z = point
        c, s = math.cos(self.pose.heading), math.sin(self.pose.heading)
        across, near = x * c + z * s, z * c - x * s
        up = y * math.cos(self.view.tilt) - near * math.sin(self.view.tilt)
        return self.view.x + across * self.scale, self.view.y - up * self.scale, near

    def girth(self, wide: float, deep: float) -> float:
        """Half the apparent width of an upright ellipse with these half axes."""
        c, s = math.cos(self.pose.heading), math.sin(self.pose.heading)
        return math.hypot(wide * c, deep * s)

    def add(
        self,
        start: Point,
        end: Point,
        radii: tuple[float, ...],
        surface: str,
        order: float = 0.0,
        depth_share: float = 1.0,
        caps: tuple[float, float] = (1.0, 1.0),
    ) -> None:
        """A tube between two points in space, `radii` in body heights.

        Tubes are painted from far to near by their middle's nearness times `depth_share`, plus `order`.
        """
        x0, y0, z0 = self.screen(start)
        x1, y1, z1 = self.screen(end)
        scaled = tuple(radius * self.scale for radius in radii)
        depth = (z0 + z1) / 2 * depth_share + order
        self.tubes.append(Tube((x0, y0), (x1, y1), scaled, self.surfaces[surface], depth, self.pose.heading, caps))

    def sideways(self, point: Point, shift: float) -> Point:
        """`point` moved across the screen by `shift` body heights."""
        c, s = math.cos(self.pose.heading), math.sin(self.pose.heading)
        return (point[0] + shift * c, point[1], point[2] + shift * s)

    def leg_span(self, height: float) -> tuple[float, float]:
        """The legs at `height`: how far across from the pelvis their middle is, and half their distance."""
        across = []
        for side in SIDES:
            hip, knee, ankle = (self.points[f"{side} {joint}"] for joint in ("hip", "knee", "ankle"))
            upper, lower = (hip, knee) if height > knee[1] else (knee, ankle)
            share = min(1.0, max(0.0, (upper[1] - height) / max(1e-3, upper[1] - lower[1])))
            across.append((self.screen(between(upper, lower, share))[0] - self.view.x) / self.scale)
        return (across[0] + across[1]) / 2, abs(across[0] - across[1]) / 2


def between(a: Point, b: Point, share: float) -> Point:
    """The point at `share` of the way from `a` to `b`."""
    return (a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share, a[2] + (b[2] - a[2]) * share)
