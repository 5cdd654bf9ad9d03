"""The tubes of head, torso, skirts, coats and bags."""

from datasets.synthetic.body import Figure
from datasets.synthetic.pose import Point


def _between(a: Point, b: Point, share: float) -> Point:
    return tuple(p + (q - p) * share for p, q in zip(a, b, strict=True))


def add_torso(figure: Figure) -> None:
    """Neck, torso from shoulders to hip, and the part of the top that hangs below the hip."""
    person, points = figure.person, figure.points
    g, sh, hips = person.girth, person.shoulders, person.hips
    bulk = {"jacket": 1.08, "coat": 1.12, "open": 1.05, "vest": 0.97}.get(person.top_kind, 1.0)
    neck, pelvis = points["neck"], points["pelvis"]
    figure.add(points["chin"], _between(neck, pelvis, 0.1), (0.031 * figure.view.scale,) * 2, "skin", -0.005)
    belly = 0.5 + 0.5 * g
    half = [
        figure.girth(0.045 * sh, 0.05),
        figure.girth(0.105 * sh, 0.062 * belly),
        figure.girth(0.108 * sh * bulk * (0.75 + 0.25 * g), 0.074 * belly * bulk),
        figure.girth(0.1 * sh * bulk * belly, 0.076 * belly * bulk),
        figure.girth(0.09 * bulk * g, 0.072 * g * bulk),
        figure.girth(0.093 * bulk * hips * (0.5 + 0.5 * g), 0.075 * g * bulk),
        figure.girth(0.1 * bulk * hips * (0.5 + 0.5 * g), 0.08 * g * bulk),
    ]
    end = _between(neck, pelvis, 1.0 + min(0.0, person.hem) * 1.6 + 0.04)
    figure.add(_between(neck, pelvis, 0.03), end, tuple(half), "torso", 0.012, caps=(1.6, 4.0))
    if person.hem > 0.0 and person.bottom_kind != "dress":
        low = (pelvis[0], pelvis[1] * (1 - person.hem), pelvis[2] + 0.01)
        flare = 1.0 + 0.45 * person.hem
        radii = (half[-1], half[-1] * (1 + flare) / 2, half[-1] * flare + figure.view.scale * 0.01)
        figure.add(pelvis, low, radii, "coat", 0.045, caps=(3.0, 5.0))


def add_lower(figure: Figure) -> None:
    """Hips, and a skirt or a dress below them."""
    person, pelvis = figure.person, figure.points["pelvis"]
    g = 0.5 + 0.5 * person.girth
    top = (pelvis[0], pelvis[1] + 0.05, pelvis[2])
    hips = (figure.girth(0.085 * g, 0.066 * g), figure.girth(0.1 * person.hips * g, 0.076 * person.girth))
    if person.bottom_kind in ("skirt", "dress"):
        low = (pelvis[0], pelvis[1] * (1 - 0.92 * person.bottom_length), pelvis[2])
        flare = 1.15 + 0.35 * person.bottom_length
        radii = (hips[0], hips[1], hips[1] * (1 + flare) / 2, hips[1] * flare + 0.012 * figure.view.scale)
        figure.add(top, low, radii, "skirt", 0.03, caps=(2.0, 6.0))
    else:
        figure.add(top, (pelvis[0], pelvis[1] - 0.035, pelvis[2]), hips, "hips", 0.004)


def add_head(figure: Figure) -> None:
    """Head with its hair, and a hat."""
    person, scale = figure.person, figure.view.scale
    crown, chin = figure.points["crown"], figure.points["chin"]
    size = person.head
    r = (figure.girth(0.047, 0.056) * size, figure.girth(0.051, 0.062) * size, figure.girth(0.036, 0.045) * size)
    top = _between(crown, chin, 0.3)
    low = _between(crown, chin, 0.86)
    figure.add(top, low, r, "head", 0.03, caps=(1.15, 1.0))
    behind = (0.0, 0.0, -0.035)

    def back(share: float, more: float = 0.0) -> Point:
        x, y, z = _between(crown, chin, share)
        return (x + behind[0], y, z + behind[2] - more)

    style = person.hair_style
    if style in ("bob", "long", "ponytail", "bun"):
        figure.add(back(0.32), back(0.62), (0.053 * size * scale, 0.052 * size * scale), "hair", 0.0)
    if style == "bob":
        figure.add(
            back(0.4),
            back(1.0),
            (0.06 * size * scale, 0.066 * size * scale, 0.058 * size * scale),
            "hair",
            -0.02,
            caps=(1.0, 3.0),
        )
    if style == "long":
        figure.add(
            back(0.4),
            back(1.85),
            (0.06 * size * scale, 0.068 * size * scale, 0.05 * size * scale),
            "hair",
            -0.02,
            caps=(1.0, 2.0),
        )
    if style == "ponytail":
        figure.add(back(0.3, 0.03), back(1.35, 0.05), (0.022 * scale, 0.03 * scale, 0.012 * scale), "hair", -0.06)
    if style == "bun":
        figure.add(back(0.05, 0.02), back(0.15, 0.02), (0.032 * scale,) * 2, "hair", -0.03)
    _add_hat(figure, crown, chin, r[0])


def _add_hat(figure: Figure, crown: Point, chin: Point, radius: float) -> None:
    hat, scale = figure.person.hat, figure.view.scale
    if hat == "none":
        return
    top, rim = _between(crown, chin, 0.16), _between(crown, chin, 0.36)
    figure.add(top, rim, (radius * 1.0, radius * 1.12), "hat", 0.04, caps=(1.0 if hat == "beanie" else 1.4, 5.0))
    if hat == "cap":
        front = (rim[0], rim[1] + 0.004, rim[2] + 0.1)
        figure.add((rim[0], rim[1], rim[2] + 0.03), front, (0.035 * scale, 0.026 * scale), "hat", 0.05, caps=(2.5, 2.5))
    if hat == "brim":
        brim = (rim[0], rim[1] + 0.012, rim[2])
        figure.add(rim, brim, (radius * 1.75, radius * 1.75), "hat", 0.05, caps=(6.0, 6.0))


def add_bag(figure: Figure) -> None:
    """A backpack behind, a bag at the hip, or one in the hand."""
    person, points, scale = figure.person, figure.points, figure.view.scale
    size = person.bag_size
    neck, pelvis = points["neck"], points["pelvis"]
    if person.bag == "backpack":
        x, y, z = _between(neck, pelvis, 0.14)
        deep = 0.1 + 0.03 * size
        wide = (
            figure.girth(0.07 * size, 0.05 * size),
            figure.girth(0.088 * size, 0.062 * size),
            figure.girth(0.09 * size, 0.066 * size),
        )
        figure.add((x, y, z - deep), (x, y - 0.22 * size, pelvis[2] - deep), wide, "bag", -0.02, caps=(1.5, 2.5))
    if person.bag == "shoulder":
        x, y = -person.bag_side * 0.0 + person.bag_side * 0.13 * person.hips, pelvis[1] + 0.03
        wide = (figure.girth(0.035, 0.08 * size), figure.girth(0.04, 0.088 * size))
        figure.add((x, y, -0.01), (x, y - 0.1 * size, -0.01), wide, "bag", 0.05, caps=(4.0, 3.0))
    if person.bag == "handbag":
        hand = points["left hand" if person.bag_side > 0 else "right hand"]
        wide = (figure.girth(0.03, 0.06 * size), figure.girth(0.035, 0.085 * size))
        figure.add(
            (hand[0], hand[1] - 0.05, hand[2]),
            (hand[0], hand[1] - 0.05 - 0.1 * size, hand[2]),
            wide,
            "bag",
            0.025,
            caps=(4.0, 4.0),
        )
