"""What a person wears, painted: one surface for each part of the body, per modality."""

import functools

import numpy as np

from datasets.synthetic.materials import Material
from datasets.synthetic.person import Person
from datasets.synthetic.surface import A, T, folds, pattern, plain, reflect

DARK = Material((0.05, 0.04, 0.05), 0.12)
LIPS = Material((0.55, 0.25, 0.22), 0.55)
# Places in a head's and a torso's list of materials.
HAIR, EYES, MOUTH, HAT = 1, 2, 3, 4
INNER, SKIN, STRAP = 2, 3, 4
# Patterns that a garment shows once, high up.
ONCE = ("yoke", "band", "print")
# Thighs lie in the shade of what hangs over them.
SHADED = np.clip(0.72 + 0.6 * T, 0, 1).astype(np.float32)[..., None]


@functools.lru_cache(maxsize=16)
def wardrobe(person: Person, modality: str) -> dict[str, np.ndarray]:
    """Surfaces `(T, A, C)` by the name of the part: head, torso, coat, sleeve, thigh, shin, skirt and so on."""
    cloth = [person.top.first, person.top.second, person.inner, person.skin, person.bag_cloth]
    legs = [person.bottom.first, person.bottom.second, person.skin]

    def paint(index: np.ndarray, materials: list[Material], crease: float = 0.0) -> np.ndarray:
        surface = reflect(index, materials, modality)
        return surface * folds(person.name, crease) if crease else surface

    long_sleeve = person.sleeve == "long"
    dress = person.bottom_kind == "dress"
    below = person.top if dress else person.bottom
    skirt = [below.first, below.second]
    trousers = person.bottom_kind in ("trousers", "wide")
    leg = pattern(person.bottom, 0.8)
    bare = np.full_like(leg, 2)
    sleeve = plain() if person.top.pattern == "print" else pattern(person.top, 0.55)
    hanging = plain() if below.pattern in ONCE else pattern(below, 1.2 * person.bottom_length + 0.2)
    return {
        "head": paint(_head(person), [person.skin, person.hair, DARK, LIPS, person.hat_cloth]),
        "hair": paint(plain(), [person.hair], 0.5),
        "hat": paint(plain(), [person.hat_cloth], 0.1),
        "skin": paint(plain(), [person.skin]),
        "neck": paint(plain(), [person.skin]) * np.float32(0.78),
        "torso": paint(_torso(person), cloth, 0.3),
        "coat": paint(_coat(person), cloth, 0.3),
        "sleeve": paint(sleeve, cloth, 0.35) if person.sleeve != "none" else paint(plain(), [person.skin]),
        "cuff": paint(sleeve if long_sleeve else np.full_like(leg, SKIN), cloth, 0.35 if long_sleeve else 0.0),
        "thigh": paint(leg if trousers else bare, legs, 0.35 if trousers else 0.0) * SHADED,
        "shin": paint(_shin(person, leg) if trousers else bare, legs, 0.35 if trousers else 0.0),
        "hips": paint(leg, legs, 0.3),
        "skirt": paint(hanging, skirt, 0.4),
        "shoe": paint(plain(), [person.shoes]),
        "bag": paint(_bag(), [person.bag_cloth, DARK], 0.2),
    }


def _head(person: Person) -> np.ndarray:
    """From crown (row 0) to chin: hair around and behind a face with eyes and mouth."""
    index = plain()
    side = np.abs(A)
    if person.hair_style != "bald":
        index[(0.26 + 0.03 * np.cos(A) > T) | ((side > 1.25) & (T < 0.72))] = HAIR
    index[(np.abs(side - 0.42) < 0.2) & (np.abs(T - 0.5) < 0.05)] = EYES
    if person.glasses:
        index[(side < 0.95) & (np.abs(T - 0.5) < 0.025)] = EYES
        index[(np.abs(side - 0.42) < 0.27) & (np.abs(T - 0.52) < 0.07)] = EYES
    if person.beard and person.hair_style in ("short", "bald"):
        index[(side < 1.3) & (T > 0.72)] = HAIR
    index[(side < 0.3) & (np.abs(T - 0.79) < 0.035)] = MOUTH
    if person.hat != "none":
        index[T < 0.33] = HAT
    return index


def _torso(person: Person) -> np.ndarray:
    """From neck to hip: the pattern, a neckline, an open front, and the straps of a bag."""
    index = pattern(person.top, 1.0)
    side = np.abs(A)
    if person.top_kind in ("jacket", "coat"):
        index[((side < 0.05) & (T > 0.05)) | (0.2 - 0.3 * side > T)] = INNER
        index[T < 0.05] = SKIN
        return _straps(index, person)
    if person.top_kind == "open":
        index[side < 0.34 + 0.15 * T] = INNER
    index[0.11 - 0.09 * side > T] = SKIN
    return _straps(index, person)


def _straps(index: np.ndarray, person: Person) -> np.ndarray:
    """Two straps over the shoulders for a backpack, one across front and back for a shoulder bag."""
    side = np.abs(A)
    if person.bag == "backpack":
        index[(np.abs(side - 0.75) < 0.13) & (T < 0.55)] = STRAP
    if person.bag == "shoulder":
        across = person.bag_side * (1.9 * T - 0.75)
        index[(np.abs(A - across) < 0.15) & (side < np.pi / 2)] = STRAP
        from_behind = A - np.pi * np.sign(A)
        index[(np.abs(from_behind + across) < 0.15) & (side > np.pi / 2)] = STRAP
    return index


def _coat(person: Person) -> np.ndarray:
    """What hangs below the hip, from there down; an open front goes on."""
    index = plain() if person.top.pattern in ONCE else pattern(person.top, 1.0)
    opening = {"open": 0.45, "jacket": 0.05, "coat": 0.05}.get(person.top_kind, 0.0)
    index[np.abs(A) < opening] = INNER
    return index


def _shin(person: Person, leg: np.ndarray) -> np.ndarray:
    """The lower trouser leg; cuffs of the second material if the pattern is one."""
    return (T > 0.7).astype(np.intp) if person.bottom.pattern == "cuffs" else leg


def _bag() -> np.ndarray:
    """A flap, and a dark edge beneath it."""
    return (np.abs(T - 0.36) < 0.035).astype(np.intp)
