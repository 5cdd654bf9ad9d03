"""A rendered SYSU-MM01: cam1 .. cam6 and exp/, at any size or with the real set's counts."""

import json
import random
from pathlib import Path

from datasets.synthetic.plan import Plan, Shot, Size

CAMERAS = {
    1: ("visible", True),
    2: ("visible", True),
    3: ("infrared", True),
    4: ("visible", False),
    5: ("visible", False),
    6: ("infrared", False),
}
SUFFIX = ".jpg"
# Shares of the real set's identities seen by cameras 3, 4 and 5; cameras 1 and 2 share the indoor half, 6 sees all.
SEEN = {3: 0.97, 4: 0.97, 5: 0.98}
INDOOR = 0.6
OFFICIAL = Path(__file__).parents[1] / "sysu_mm01_counts.json"


def make_plan(size: Size, seed: int) -> Plan:
    """A dataset of `size`; as in the real one, not everybody appears under every camera."""
    rng = random.Random(f"{seed}/plan/sysu_mm01")
    total = size.train_identities + size.test_identities
    order = rng.sample(range(1, total + 1), total)
    cells: dict[tuple[int, int], int] = {}
    for identity in range(1, total + 1):
        for camera in _seen_by(rng):
            mean = size.images_per_camera
            cells[camera, identity] = max(1, mean + rng.randint(-(mean // 4), mean // 4))
    return _lay_out(cells, set(order[: size.test_identities]), rng)


def make_official_plan(seed: int) -> Plan:
    """395 + 96 identities with the real set's numbers and its count in each camera; the validation list is drawn."""
    facts = json.loads(OFFICIAL.read_text(encoding="utf-8"))
    cells = {(int(c), int(i)): n for c, table in facts["cells"].items() for i, n in table.items()}
    return _lay_out(cells, set(facts["test_identities"]), random.Random(f"{seed}/plan/sysu_mm01"))


def _seen_by(rng: random.Random) -> list[int]:
    indoor = rng.random() < INDOOR
    seen = [camera for camera, share in SEEN.items() if rng.random() < share]
    if indoor or not {4, 5} & set(seen):
        seen += [1, 2]
    return sorted([*seen, 6])


def _lay_out(cells: dict[tuple[int, int], int], test: set[int], rng: random.Random) -> Plan:
    plan = Plan(CAMERAS)
    for (camera, identity), count in sorted(cells.items()):
        for number in range(1, count + 1):
            plan.shots.append(Shot(f"cam{camera}/{identity:04d}/{number:04d}{SUFFIX}", identity, camera, number))
    learn = sorted({identity for _, identity in cells} - test)
    # The real set keeps 99 of 395 identities for validation.
    val = set(rng.sample(learn, max(1, round(len(learn) * 99 / 395))))
    train = set(learn) - val
    lists = {"train": train, "val": val, "test": test, "available": train | val | test}
    for name, identities in lists.items():
        plan.texts[f"exp/{name}_id.txt"] = ",".join(map(str, sorted(identities))) + "\n"
    plan.state_counts("test", {"train": train | val, "test": test})
    plan.state_counts("validation", {"train": train, "test": val})
    plan.state_counts("both", {"train": train, "validation": val, "test": test})
    return plan
