"""The tubes of legs and arms."""

import math

from datasets.synthetic.figure import Figure, between
from datasets.synthetic.pose import SIDES

# Legs are told apart by depth, but both lie behind what hangs over them.
LEG_DEPTH = 0.1


def add_leg(figure: Figure, side: str) -> None:
    """Thigh, shin and shoe; trouser legs, shorts or boots over them."""
    person = figure.person
    hip, knee, ankle = (figure.points[f"{side} {joint}"] for joint in ("hip", "knee", "ankle"))
    g = 0.5 + 0.5 * person.girth
    wide = {"wide": 1.35, "trousers": 1.12}.get(person.bottom_kind, 0.95)
    cuff = {"wide": 0.046, "trousers": 0.03}.get(person.bottom_kind, 0.019)
    calf = 0.036 if person.bottom_kind in ("wide", "trousers") else 0.033
    figure.add(hip, knee, (0.054 * g * wide, 0.05 * g * wide, 0.036 * g * wide), "thigh", depth_share=LEG_DEPTH)
    shin = (0.034 * g * wide, calf * g * wide, (calf + cuff) / 2 * g, cuff * g)
    figure.add(knee, between(knee, ankle, 1.02), shin, "shin", -0.0005, depth_share=LEG_DEPTH, caps=(1.0, 2.0))
    if person.bottom_kind == "shorts":
        end = between(hip, knee, min(1.0, person.bottom_length * 2))
        figure.add(hip, end, (0.058 * g, 0.057 * g), "hips", 0.002, depth_share=LEG_DEPTH, caps=(1.0, 4.0))
    if person.boots and person.bottom_kind != "wide":
        figure.add(
            between(knee, ankle, 0.45), ankle, (0.039 * g, 0.03), "shoe", 0.001, depth_share=LEG_DEPTH, caps=(4.0, 1.0)
        )
    figure.add(ankle, figure.points[f"{side} toe"], (0.026, 0.02), "shoe", 0.0008, depth_share=LEG_DEPTH)


def add_arm(figure: Figure, side: str) -> None:
    """Upper arm, forearm and hand, sleeved or bare."""
    person = figure.person
    shoulder, elbow, hand = (figure.points[f"{side} {joint}"] for joint in ("shoulder", "elbow", "hand"))
    g = 0.55 + 0.45 * person.girth
    thick = {"jacket": 1.18, "coat": 1.22, "open": 1.12, "vest": 0.82}.get(person.top_kind, 1.0)
    wrist = 0.018 * thick if person.sleeve == "long" else 0.016
    forearm = 0.026 * g * (thick if person.sleeve == "long" else 0.9)
    # The far arm lies behind the torso, the near one before it, whatever their swing.
    order = 0.02 * math.copysign(1, -SIDES[side] * math.sin(figure.pose.heading))
    figure.add(elbow, hand, (forearm, forearm * 0.95, wrist), "cuff", order, caps=(1.0, 2.0))
    upper = (0.034 * g * thick, 0.035 * g * thick, 0.032 * g * thick, 0.028 * g * thick)
    figure.add(shoulder, elbow, upper, "sleeve", order + 0.002, caps=(1.25, 1.0))
    figure.add(hand, between(elbow, hand, 1.16), (0.018, 0.014), "skin", order + 0.003)
