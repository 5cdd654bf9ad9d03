"""A body's joints in space: x to the wearer's left, y up from the ground, z forward, in average body heights."""

import math
import random
from dataclasses import dataclass

from datasets.synthetic.person import Person

Point = tuple[float, float, float]
SIDES = {"left": 1, "right": -1}


@dataclass(frozen=True)
class Pose:
    """How one image shows a person: heading (0 = facing the camera, radians), step phase and amplitude, and so on."""

    heading: float
    phase: float
    amplitude: float
    """0 = standing, 1 = the person's full stride."""
    bend: float
    """Elbow bend, radians."""
    spread: float
    """How far arms and feet stand out, radians."""
    nod: float


def draw_pose(rng: random.Random, spread: float, heading: float) -> Pose:
    """A pose around the heading that the camera usually sees, varied by `spread` from 0 to 1."""
    return Pose(
        heading=spread * 2 * (heading + rng.gauss(0, 0.45)) if spread < 0.5 else heading + rng.gauss(0, 0.9 * spread),
        phase=rng.uniform(0, 2 * math.pi),
        amplitude=min(1.0, spread * 2) * (rng.uniform(0.35, 1.0) if rng.random() < 0.8 else 0.05),
        bend=rng.uniform(0.1, 0.25 + 0.9 * spread),
        spread=rng.uniform(0.03, 0.06 + 0.16 * spread),
        nod=rng.uniform(-0.3, 0.3) * spread,
    )


def joints(person: Person, pose: Pose) -> dict[str, Point]:
    """Named points of the skeleton, standing on y = 0."""
    points: dict[str, Point] = {}
    tall, leg = person.height, person.legs
    hip_height, torso = 0.5 * leg * tall, 0.31 * tall
    lean = person.lean
    for side, sign in SIDES.items():
        cycle = pose.phase + (0 if sign > 0 else math.pi)
        hip = (sign * 0.05 * person.hips, hip_height, 0.0)
        swing = pose.amplitude * person.stride * math.sin(cycle)
        flex = pose.amplitude * (0.12 + 0.75 * max(0.0, math.cos(cycle)) ** 2) * (0.6 + person.stride)
        knee = _reach(hip, 0.245 * leg * tall, swing + 0.3 * flex, sign * pose.spread * 0.35)
        ankle = _reach(knee, 0.225 * leg * tall, swing - 0.7 * flex, sign * pose.spread * 0.2)
        points |= {f"{side} hip": hip, f"{side} knee": knee, f"{side} ankle": ankle}
        points[f"{side} toe"] = _foot(ankle, swing - 0.7 * flex, sign)
        shoulder = (sign * 0.09 * person.shoulders, hip_height + 0.85 * torso, lean * torso)
        swing = -pose.amplitude * person.swing * math.sin(cycle)
        out = sign * (pose.spread + 0.06)
        elbow = _reach(shoulder, 0.165 * tall, swing + lean, out)
        hand = _reach(elbow, 0.15 * tall, swing + pose.bend, out * 0.4)
        points |= {f"{side} shoulder": shoulder, f"{side} elbow": elbow, f"{side} hand": hand}
    points["pelvis"] = (0.0, hip_height, 0.0)
    points["neck"] = (0.0, hip_height + torso, lean * torso)
    points["chin"] = (0.0, hip_height + torso + 0.035 * tall, lean * torso + 0.01)
    points["crown"] = (0.0, hip_height + torso + 0.17 * tall * person.head, lean * torso + 0.015 + 0.04 * pose.nod)
    ground = min(points["left ankle"][1], points["right ankle"][1]) - 0.035
    return {name: (x, y - ground, z) for name, (x, y, z) in points.items()}


def _reach(start: Point, length: float, forward: float, out: float) -> Point:
    """The far end of a limb that hangs down, swung forward and outward by angles."""
    down = length * math.cos(forward)
    return (start[0] + length * math.sin(out), start[1] - down * math.cos(out), start[2] + length * math.sin(forward))


def _foot(ankle: Point, shin: float, sign: int) -> Point:
    """The toe's place: forward of the ankle, lifted with the shin."""
    pitch = min(0.2, max(-0.9, shin))
    return (
        ankle[0] + sign * 0.015,
        ankle[1] - 0.024 + 0.085 * math.sin(pitch) * 0.8,
        ankle[2] + 0.085 * math.cos(pitch),
    )
