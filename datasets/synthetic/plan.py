"""Which image of whom goes where: the paths and lists of a rendered dataset, in the layout of a real one."""

from collections import Counter
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Shot:
    """One image to render: `number` counts the images of one identity under one camera."""

    path: str
    identity: int
    camera: int
    number: int


@dataclass
class Plan:
    """A whole dataset: images, text files by path, cameras by number as (modality, indoor), and its own counts."""

    cameras: dict[int, tuple[str, bool]]
    shots: list[Shot] = field(default_factory=list)
    texts: dict[str, str] = field(default_factory=dict)
    counts: dict[str, dict[str, dict[str, int]]] = field(default_factory=dict)

    def state_counts(self, holdout: str, sides: dict[str, set[int]]) -> None:
        """Enter the counts of the identities on each side, as an expectation for the loader."""
        self.counts[holdout] = {}
        for side, identities in sides.items():
            per = Counter(self.cameras[shot.camera][0] for shot in self.shots if shot.identity in identities)
            counted = {"identities": len(identities), "visible": per["visible"], "infrared": per["infrared"]}
            self.counts[holdout][side] = counted


@dataclass(frozen=True)
class Size:
    """How large a rendered dataset is; `images_per_camera` is exact for RegDB and a mean elsewhere."""

    train_identities: int
    test_identities: int
    images_per_camera: int
