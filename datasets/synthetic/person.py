"""An identity: everything about a person that each of their images shares."""

import random
from collections.abc import Mapping
from dataclasses import dataclass

from datasets.synthetic.knobs import Knobs
from datasets.synthetic.materials import Material, draw_cloth, draw_contrasting, draw_hair, draw_skin, material

HAIR = {"short": 5, "bald": 1, "bob": 2, "long": 3, "ponytail": 2, "bun": 1}
HATS = {"none": 6, "cap": 1.2, "beanie": 1, "brim": 0.6}
TOPS = {"shirt": 4, "jacket": 2, "open": 2, "coat": 2, "vest": 1}
SLEEVES = {"shirt": ("short", "long"), "jacket": ("long",), "open": ("long",), "coat": ("long",), "vest": ("none",)}
BOTTOMS = {"trousers": 4, "wide": 1.5, "shorts": 2, "skirt": 1.5, "dress": 1.5}
BAGS = {"none": 3, "backpack": 2, "shoulder": 2, "handbag": 1.5}
TOP_PATTERNS = {
    "plain": 2, "bars": 2, "fine": 1, "columns": 1, "checks": 1.5,
    "dots": 1, "yoke": 1.5, "band": 1.5, "print": 2, "camo": 1,
}  # fmt: skip
BOTTOM_PATTERNS = {"plain": 4.5, "side": 1.2, "checks": 1, "camo": 1, "cuffs": 1, "bars": 0.7}


@dataclass(frozen=True)
class Cloth:
    """A garment's pattern over two materials; `scale` is the number of repeats over a torso's length."""

    pattern: str
    scale: float
    first: Material
    second: Material
    seed: str


@dataclass(frozen=True)
class Person:
    """Lengths are shares of an average body height; widths and girths multiply an average figure's."""

    name: str
    height: float
    girth: float
    shoulders: float
    hips: float
    legs: float
    head: float
    stride: float
    swing: float
    lean: float
    hair_style: str
    hat: str
    top_kind: str
    sleeve: str
    hem: float
    """How far the top reaches below the hip joint, as a share of the leg; negative = above it."""
    bottom_kind: str
    bottom_length: float
    """How far shorts, skirt or dress reach, as a share of the leg."""
    boots: bool
    bag: str
    bag_size: float
    bag_side: int
    skin: Material
    hair: Material
    hat_cloth: Material
    top: Cloth
    inner: Material
    bottom: Cloth
    shoes: Material
    bag_cloth: Material
    beard: bool
    glasses: bool


def draw_person(name: str, knobs: Knobs) -> Person:
    """The person called `name` under `knobs.seed`; each attribute has a random stream of its own."""
    alike = knobs.identity_similarity

    def stream(what: str) -> random.Random:
        return random.Random(f"{knobs.seed}/person/{name}/{what}")

    def number(what: str, low: float, high: float) -> float:
        value = stream(what).uniform(low, high)
        return value + alike * ((low + high) / 2 - value)

    def choice(what: str, weights: Mapping[str, float]) -> str:
        rng = stream(what)
        drawn = rng.choices(list(weights), list(weights.values()))[0]
        return next(iter(weights)) if rng.random() < alike else drawn

    top_kind, bottom_kind = choice("top", TOPS), choice("bottom", BOTTOMS)
    hem = {"coat": number("hem", 0.25, 0.55), "jacket": number("hem", -0.02, 0.1), "open": number("hem", 0.0, 0.2)}
    reach = {
        "shorts": number("reach", 0.3, 0.5),
        "skirt": number("reach", 0.3, 0.85),
        "dress": number("reach", 0.35, 0.9),
    }
    leak = knobs.colour_leak
    return Person(
        name=name,
        height=number("height", 0.86, 1.06),
        girth=number("girth", 0.82, 1.32),
        shoulders=number("shoulders", 0.9, 1.14),
        hips=number("hips", 0.88, 1.18),
        legs=number("legs", 0.94, 1.06),
        head=number("head", 0.93, 1.1),
        stride=number("stride", 0.25, 0.55),
        swing=number("swing", 0.15, 0.6),
        lean=number("lean", -0.03, 0.1),
        hair_style=choice("hair style", HAIR),
        hat=choice("hat", HATS),
        top_kind=top_kind,
        sleeve=stream("sleeve").choice(SLEEVES[top_kind]),
        hem=hem.get(top_kind, number("hem", -0.06, 0.06)),
        bottom_kind=bottom_kind,
        bottom_length=reach.get(bottom_kind, 1.0),
        boots=stream("boots").random() < 0.25,
        bag=choice("bag", BAGS),
        bag_size=number("bag size", 0.8, 1.35),
        bag_side=stream("bag side").choice((-1, 1)),
        skin=draw_skin(stream("skin")),
        hair=draw_hair(stream("hair"), leak),
        hat_cloth=draw_cloth(stream("hat cloth"), leak),
        top=_draw_clothing(stream("top cloth"), choice("top pattern", TOP_PATTERNS), leak),
        inner=draw_cloth(stream("inner"), leak),
        bottom=_draw_clothing(stream("bottom cloth"), choice("bottom pattern", BOTTOM_PATTERNS), leak),
        shoes=draw_cloth(stream("shoes"), leak),
        bag_cloth=draw_cloth(stream("bag cloth"), leak),
        beard=stream("beard").random() < 0.15,
        glasses=stream("glasses").random() < 0.2,
    )


def _draw_clothing(rng: random.Random, pattern: str, leak: float) -> Cloth:
    first = draw_cloth(rng, 0.0)
    second = draw_contrasting(rng, first, leak)
    return Cloth(
        pattern, rng.uniform(2.2, 5.0), material(first.colour, first.infrared, leak), second, f"{rng.random()}"
    )
