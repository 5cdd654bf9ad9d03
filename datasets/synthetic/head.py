"""The tubes of head, hair and hat."""

from datasets.synthetic.figure import Figure, between
from datasets.synthetic.pose import Point


def add_head(figure: Figure) -> None:
    """Head with its hair, and a hat."""
    person = figure.person
    crown, chin = figure.points["crown"], figure.points["chin"]
    size = 1.06 * person.head
    radii = (
        figure.girth(0.046, 0.055) * size,
        figure.girth(0.05, 0.06) * size,
        figure.girth(0.046, 0.056) * size,
        figure.girth(0.034, 0.043) * size,
    )
    figure.add(between(crown, chin, 0.3), between(crown, chin, 0.84), radii, "head", 0.03, caps=(1.1, 1.0))
    _add_hair(figure, size)
    _add_hat(figure, radii[0])


def _add_hair(figure: Figure, size: float) -> None:
    """What hangs or sits behind the head; the painted head itself has the rest."""

    def back(share: float, far: float = 0.035) -> Point:
        x, y, z = between(figure.points["crown"], figure.points["chin"], share)
        return (x, y, z - far)

    style = figure.person.hair_style
    if style in ("bob", "long", "ponytail", "bun"):
        figure.add(back(0.32), back(0.62), (0.05 * size, 0.05 * size), "hair", 0.0)
    if style == "bob":
        bob = (0.055 * size, 0.062 * size, 0.056 * size)
        figure.add(back(0.4), back(1.0), bob, "hair", -0.02, caps=(1.0, 3.0))
    if style == "long":
        long = (0.055 * size, 0.064 * size, 0.066 * size, 0.048 * size)
        figure.add(back(0.4), back(1.9), long, "hair", -0.02, caps=(1.0, 2.0))
    if style == "ponytail":
        figure.add(back(0.3, 0.065), back(1.4, 0.085), (0.02, 0.028, 0.024, 0.01), "hair", -0.04)
    if style == "bun":
        figure.add(back(0.02, 0.05), back(0.12, 0.05), (0.031, 0.031), "hair", -0.03)


def _add_hat(figure: Figure, radius: float) -> None:
    hat = figure.person.hat
    crown, chin = figure.points["crown"], figure.points["chin"]
    if hat == "none":
        return
    top, rim = between(crown, chin, 0.16), between(crown, chin, 0.38)
    figure.add(top, rim, (radius, radius * 1.14), "hat", 0.04, caps=(1.0 if hat == "beanie" else 1.4, 5.0))
    if hat == "cap":
        front = (rim[0], rim[1] + 0.004, rim[2] + 0.1)
        figure.add((rim[0], rim[1], rim[2] + 0.03), front, (0.035, 0.026), "hat", 0.05, caps=(2.5, 2.5))
    if hat == "brim":
        brim = (rim[0], rim[1] + 0.012, rim[2])
        figure.add(rim, brim, (radius * 1.75, radius * 1.75), "hat", 0.05, caps=(6.0, 6.0))
