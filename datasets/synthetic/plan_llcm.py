"""A rendered LLCM: vis/ and nir/ for training, test_vis/ and test_nir/ by camera, idx/."""

import random

from datasets.synthetic.plan import Plan, Shot, Size

# Camera k is visible, camera 10 + k its near-infrared counterpart; there is no third near-infrared one.
CAMERAS = {k: ("visible", k > 5) for k in range(1, 10)} | {10 + k: ("infrared", k > 5) for k in range(1, 10) if k != 3}
SUFFIX = ".jpg"


def make_plan(size: Size, seed: int) -> Plan:
    """A dataset of `size`; everybody appears under about half of the cameras."""
    rng = random.Random(f"{seed}/plan/llcm")
    plan = Plan(CAMERAS)
    total = size.train_identities + size.test_identities
    test = set(rng.sample(range(1, total + 1), size.test_identities))
    label = {identity: n for n, identity in enumerate(sorted(set(range(1, total + 1)) - test))}
    lines: dict[str, list[str]] = {"vis": [], "nir": []}
    for identity in range(1, total + 1):
        places = sorted(rng.sample((1, 2, 4, 5, 6, 7, 8, 9), 4))
        for camera in [*places, *(10 + place for place in places)]:
            kind, place = ("vis", camera) if camera < 10 else ("nir", camera - 10)
            for number in range(1, size.images_per_camera + 1):
                name = f"{identity:04d}_c{place:02d}_s{rng.randrange(10**6):06d}_f{number:04d}_{kind}{SUFFIX}"
                if identity in test:
                    path = f"test_{kind}/cam{place}/{identity:04d}/{name}"
                else:
                    path = f"{kind}/{identity:04d}/{name}"
                    lines[kind].append(f"{path} {label[identity]}")
                plan.shots.append(Shot(path, identity, camera, number))
    plan.texts = {f"idx/train_{kind}.txt": "\n".join(text) + "\n" for kind, text in lines.items()}
    plan.texts["idx/test_id.txt"] = ",".join(map(str, sorted(test))) + "\n"
    plan.state_counts("test", {"train": set(label), "test": test})
    return plan
