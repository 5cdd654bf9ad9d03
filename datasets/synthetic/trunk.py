"""The tubes of neck, torso, hips, skirts and coats."""

from datasets.synthetic.figure import Figure, between

BULK = {"jacket": 1.06, "coat": 1.1, "open": 1.05, "vest": 0.96}


def add_torso(figure: Figure) -> None:
    """Neck, torso from shoulders to hip, and the part of the top that hangs below the hip."""
    person, points = figure.person, figure.points
    neck, pelvis = points["neck"], points["pelvis"]
    bulk = BULK.get(person.top_kind, 1.0)
    figure.add(points["chin"], between(neck, pelvis, 0.1), (0.029, 0.031, 0.036), "neck", -0.005)
    profile = _profile(figure, bulk)
    end = between(neck, pelvis, 1.04 + min(0.0, person.hem) * 1.6)
    figure.add(between(neck, pelvis, 0.02), end, profile, "torso", 0.012, caps=(1.3, 4.0))
    if person.hem > 0 and person.bottom_kind != "dress":
        hang(figure, person.hem, profile[-1], profile[-1] * (1.04 + 0.4 * person.hem), "coat", 0.05)


def _profile(figure: Figure, bulk: float) -> tuple[float, ...]:
    """Apparent half widths of the torso from the neck's root to the hips."""
    person = figure.person
    g, s, h = person.girth, person.shoulders, person.hips
    belly = 0.5 + 0.5 * g
    return (
        figure.girth(0.038, 0.045),
        figure.girth(0.084 * s, 0.058),
        figure.girth(0.099 * s, 0.064 * belly),
        figure.girth(0.103 * s * bulk, 0.071 * belly * bulk),
        figure.girth(0.1 * s * bulk * (0.75 + 0.25 * g), 0.076 * belly * bulk),
        figure.girth(0.095 * s * bulk * belly, 0.075 * belly * bulk),
        figure.girth(0.088 * bulk * belly, 0.072 * g * bulk),
        figure.girth(0.084 * bulk * g, 0.071 * g * bulk),
        figure.girth(0.089 * bulk * h * belly, 0.075 * g * bulk),
        figure.girth(0.097 * bulk * h * belly, 0.079 * g * bulk),
    )


def add_lower(figure: Figure) -> None:
    """Hips, and a skirt or a dress below them."""
    person, pelvis = figure.person, figure.points["pelvis"]
    g = 0.5 + 0.5 * person.girth
    waist, hips = figure.girth(0.083 * g, 0.066 * g), figure.girth(0.096 * person.hips * g, 0.076 * person.girth)
    top = (pelvis[0], pelvis[1] + 0.05, pelvis[2])
    if person.bottom_kind in ("skirt", "dress"):
        figure.add(top, pelvis, (waist, hips), "skirt", 0.005)
        hang(figure, person.bottom_length * 0.92, hips, hips * (1.12 + 0.35 * person.bottom_length), "skirt", 0.03)
    else:
        figure.add(top, (pelvis[0], pelvis[1] - 0.03, pelvis[2]), (waist, hips), "hips", 0.004)


def hang(figure: Figure, reach: float, top: float, bottom: float, surface: str, order: float) -> None:
    """Cloth that hangs from the pelvis over `reach` of the leg, wide enough for the step beneath it."""
    pelvis = figure.points["pelvis"]
    shift, _ = figure.leg_span(pelvis[1] * (1 - reach))
    radii = [top]
    for share in (0.25, 0.5, 0.75, 1.0):
        across, half = figure.leg_span(pelvis[1] * (1 - reach * share))
        leg = half + abs(across - shift * share) + 0.048 * figure.person.girth
        radii.append(max(radii[-1], top + (bottom - top) * share, leg))
    end = figure.sideways((pelvis[0], pelvis[1] * (1 - reach), pelvis[2]), shift)
    figure.add(pelvis, end, tuple(radii), surface, order, depth_share=0.1, caps=(1.0, 5.0))
