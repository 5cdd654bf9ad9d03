"""The tubes of what people carry."""

from datasets.synthetic.figure import Figure, between


def add_bag(figure: Figure) -> None:
    """A backpack behind, a bag at the hip, or one in the hand; straps are painted on the torso."""
    person, points = figure.person, figure.points
    size, pelvis = person.bag_size, points["pelvis"]
    if person.bag == "backpack":
        x, y, z = between(points["neck"], pelvis, 0.14)
        far = 0.1 + 0.03 * size
        radii = tuple(
            figure.girth(wide * size, deep * size) for wide, deep in ((0.066, 0.045), (0.085, 0.06), (0.088, 0.064))
        )
        figure.add((x, y, z - far), (x, y - 0.22 * size, pelvis[2] - far), radii, "bag", -0.02, caps=(1.5, 2.5))
    if person.bag == "shoulder":
        x, y = person.bag_side * 0.125 * person.hips, pelvis[1] + 0.03
        radii = (figure.girth(0.035, 0.08 * size), figure.girth(0.04, 0.088 * size))
        figure.add((x, y, -0.01), (x, y - 0.1 * size, -0.01), radii, "bag", 0.05, caps=(4.0, 3.0))
    if person.bag == "handbag":
        x, y, z = points["left hand" if person.bag_side > 0 else "right hand"]
        radii = (figure.girth(0.028, 0.06 * size), figure.girth(0.033, 0.085 * size))
        figure.add((x, y - 0.05, z), (x, y - 0.05 - 0.1 * size, z), radii, "bag", 0.025, caps=(4.0, 4.0))
