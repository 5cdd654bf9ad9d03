"""Names in words that a reader sees: protocols, settings, metrics."""

import re

SETTINGS = {
    "ir_per_id": ("{n} infrared image per identity", "{n} infrared images per identity"),
    "ir_ids": ("infrared images for {n} identity", "infrared images for {n} identities"),
    "vis_per_id": ("{n} visible image per identity", "{n} visible images per identity"),
    "vis_ids": ("visible images for {n} identity", "visible images for {n} identities"),
}
AXES = {
    "ir_per_id": "infrared training images per identity",
    "ir_ids": "identities with infrared training images",
    "vis_per_id": "visible training images per identity",
    "vis_ids": "identities with visible training images",
}
SELECTIONS = {
    "best-validation": "best epoch on validation",
    "best-on-test": "best epoch on test, optimistic",
}
RAISED = str.maketrans("ADGIPVa-", "ᴬᴰᴳᴵᴾⱽᵃ⁻")
METRICS = {"rank-1": "R-1", "rank-5": "R-5", "rank-10": "R-10", "rank-20": "R-20", "mAP": "mAP", "mINP": "mINP"}


def label(text: str) -> str:
    """A row label, or a sentence with labels in it, with ^G, ^P and ^- as raised letters."""
    return re.sub(r"\^([ADGIPVa-])(?![A-Za-z0-9])", lambda found: found[1].translate(RAISED), text)


def selection(run: str) -> str:
    """How a run chose its epoch, in words; empty for the last epoch."""
    rule = re.search(r"\+selection\.rule=([^+]*)", run)
    return SELECTIONS[rule[1]] if rule else ""


def setting(name: str) -> str:
    """A setting in words."""
    if name == "full":
        return "full data"
    axis, _, number = name.partition("=")
    if axis not in SETTINGS:
        return name
    one, many = SETTINGS[axis]
    return (one if number == "1" else many).format(n=number)


def protocol(name: str) -> str:
    """A protocol in words, without its dataset."""
    for arrow in ("visible-to-infrared", "infrared-to-visible"):
        if name.endswith(arrow):
            return arrow.replace("-", " ")
    *_, mode, shot = name.rsplit("-", 2)
    return f"{mode}-search, {shot}-shot" if shot in ("single", "multi") else name


def dataset(name: str) -> str:
    """A dataset as it is printed."""
    known = {"sysu-mm01": "SYSU-MM01", "regdb": "RegDB", "llcm": "LLCM"}
    known |= {"demo-sysu": "demo (SYSU layout)", "demo-regdb": "demo (RegDB layout)"}
    return f"{dataset(name[:-2])}, corrupted" if name.endswith("-c") else known.get(name, name)


def metric(name: str) -> str:
    """A metric's short name."""
    return METRICS.get(name, name)


def number(setting_name: str) -> float | None:
    """The number on the axis of an imbalance setting; None for full data."""
    _, _, value = setting_name.partition("=")
    return float(value) if value else None
