"""What a person wears, painted: one surface for each part of the body, per modality."""

import functools

import numpy as np

from datasets.synthetic.materials import Material
from datasets.synthetic.person import Person
from datasets.synthetic.surface import A, T, folds, pattern, plain, reflect

DARK = Material((0.05, 0.04, 0.05), 0.12)
# Thighs lie in the shade of what hangs over them.
SHADED = np.clip(0.72 + 0.6 * T, 0, 1).astype(np.float32)[..., None]
LIPS = Material((0.55, 0.25, 0.22), 0.55)


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
    bare = plain() + 2
    sleeve = pattern(person.top, 0.55)
    return {
        "head": paint(_head(person), [person.skin, person.hair, DARK, LIPS, person.hat_cloth]),
        "hair": paint(plain(), [person.hair], 0.5),
        "hat": paint(plain(), [person.hat_cloth], 0.1),
        "skin": paint(plain(), [person.skin]),
        "neck": paint(plain(), [person.skin]) * np.float32(0.78),
        "torso": paint(_torso(person), cloth, 0.3),
        "coat": paint(_coat(person), cloth, 0.3),
        "sleeve": paint(sleeve, cloth, 0.35) if person.sleeve != "none" else paint(plain(), [person.skin]),
        "cuff": paint(sleeve if long_sleeve else plain() + 3, cloth, 0.35 if long_sleeve else 0.0),
        "thigh": paint(leg if trousers else bare, legs, 0.35 if trousers else 0.0) * SHADED,
        "shin": paint(_shin(person, leg) if trousers else bare, legs, 0.35 if trousers else 0.0),
        "hips": paint(leg, legs, 0.3),
        "skirt": paint(pattern(below, 1.2 * person.bottom_length + 0.2), skirt, 0.4),
        "shoe": paint(plain(), [person.shoes]),
        "bag": paint(_bag(), [person.bag_cloth, DARK], 0.2),
    }


def _head(person: Person) -> np.ndarray:
    """From crown (row 0) to chin: hair around and behind a face with eyes and mouth."""
    index = plain()
    if person.hair_style != "bald":
        hairline = 0.26 + 0.03 * np.cos(A)
        index[(hairline > T) | ((np.abs(A) > 1.25) & (T < 0.72))] = 1
    eyes = (np.abs(np.abs(A) - 0.42) < 0.2) & (np.abs(T - 0.5) < 0.05)
    if person.glasses:
        eyes |= (np.abs(A) < 0.95) & (np.abs(T - 0.5) < 0.025) | (np.abs(np.abs(A) - 0.42) < 0.27) & (
            np.abs(T - 0.52) < 0.07
        )
    index[eyes] = 2
    index[(np.abs(A) < 0.3) & (np.abs(T - 0.79) < 0.035)] = 3
    if person.beard and person.hair_style in ("short", "bald"):
        index[(np.abs(A) < 1.3) & (T > 0.72) & ~((np.abs(A) < 0.3) & (np.abs(T - 0.79) < 0.03))] = 1
    if person.hat != "none":
        index[T + 0 * A < 0.33] = 4
    return index


def _torso(person: Person) -> np.ndarray:
    """From neck to hip: the pattern, a neckline, an open front, and the straps of a bag."""
    index = pattern(person.top, 1.0)
    neck = 0.11 - 0.09 * np.abs(A) > T
    if person.top_kind in ("jacket", "coat"):
        index[(np.abs(A) < 0.05) & (T > 0.05)] = 2
        neck = 0.2 - 0.3 * np.abs(A) > T
        index[neck] = 2
        neck = T < 0.05
    if person.top_kind == "open":
        index[np.abs(A) < 0.34 + 0.15 * T] = 2
    index[neck + 0 * index > 0] = 3
    return _straps(index, person)


def _straps(index: np.ndarray, person: Person) -> np.ndarray:
    if person.bag == "backpack":
        index[(np.abs(np.abs(A) - 0.75) < 0.13) & (T < 0.55)] = 4
    if person.bag == "shoulder":
        centre = person.bag_side * (1.9 * T - 0.75)
        index[(np.abs(A - centre) < 0.15) & (np.abs(A) < np.pi / 2)] = 4
        turned = (A + np.pi) % (2 * np.pi) - np.pi
        index[(np.abs(np.abs(turned) - np.pi + np.abs(centre)) < 0.15) & (np.abs(A) > np.pi / 2)] = 4
    return index


def _coat(person: Person) -> np.ndarray:
    """What hangs below the hip, from there down; an open front goes on."""
    index = np.roll(pattern(person.top, 1.0), 0, axis=0)
    if person.top.pattern in ("yoke", "band", "print"):
        index = plain()
    if person.top_kind == "open":
        index[np.abs(A) < 0.45 + 0 * T] = 2
    if person.top_kind in ("jacket", "coat"):
        index[np.abs(A) < 0.05 + 0 * T] = 2
    return index


def _shin(person: Person, leg: np.ndarray) -> np.ndarray:
    """The lower trouser leg; cuffs of the second material if the pattern is one."""
    if person.bottom.pattern != "cuffs":
        return leg
    return (T + 0 * A > 0.7).astype(np.intp)


def _bag() -> np.ndarray:
    """A flap, and a dark edge beneath it."""
    index = plain()
    index[np.abs(T + 0 * A - 0.36) < 0.035] = 1
    return index
