"""A rendered RegDB: Visible/, Thermal/ and ten random halvings in idx/."""

import random

from datasets.synthetic.plan import Plan, Shot, Size

CAMERAS = {1: ("visible", False), 2: ("infrared", False)}
FOLDERS = {1: "Visible", 2: "Thermal"}
SUFFIX = ".bmp"


def make_plan(size: Size, seed: int) -> Plan:
    """A dataset of `size`, whose ten splits draw anew who is trained on."""
    rng = random.Random(f"{seed}/plan/regdb")
    plan = Plan(CAMERAS)
    paths: dict[tuple[int, int], list[str]] = {}
    identities = range(1, size.train_identities + size.test_identities + 1)
    for identity in identities:
        who = f"{rng.choice(('male', 'female'))}_{rng.choice(('front', 'back'))}"
        for camera, folder in FOLDERS.items():
            frame = rng.randrange(100, 9000)
            for number in range(1, size.images_per_camera + 1):
                frame += rng.randrange(1, 60)
                path = f"{folder}/{identity}/{who}_{folder[0].lower()}_{frame:05d}_{identity}{SUFFIX}"
                plan.shots.append(Shot(path, identity, camera, number))
                paths.setdefault((camera, identity), []).append(path)
    for split in range(1, 11):
        train = set(rng.sample(identities, size.train_identities))
        for side, people in (("train", train), ("test", set(identities) - train)):
            for camera, folder in FOLDERS.items():
                lines = [f"{path} {n}" for n, i in enumerate(sorted(people)) for path in paths[camera, i]]
                plan.texts[f"idx/{side}_{folder.lower()}_{split}.txt"] = "\n".join(lines) + "\n"
    plan.state_counts("test", {"train": train, "test": set(identities) - train})
    return plan
