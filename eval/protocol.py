"""A test protocol as data: every point on which code bases disagree is a field (docs/protocol.md, D1 to D14)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from eval.features import FeatureError, FeatureSet


@dataclass(frozen=True)
class Protocol:
    """One way of scoring features.

    `cameras`: the dataset's cameras of each modality; any other camera is an error.
    `query_cameras`, `gallery_cameras`: the cameras that take part.
    `drawn`: which side is sampled anew in each trial, `shots` images for each identity and camera; with "none" both
    sides are whole and there is one trial.
    `official_draws`: published gallery lists exist for this dataset.
    `skip_rule`: gallery images a query ignores: none, those of certain cameras (`skip_pairs` of query and gallery
    camera, whatever the identity), or those that share identity and camera with it.
    `cmc_level`: rank of the first match among identities (first image of each) or among images.
    `distance`: cosine, or Euclidean between the features as they are.
    """

    name: str
    cameras: Mapping[str, tuple[int, ...]] = field(hash=False)
    query_modality: str
    query_cameras: tuple[int, ...]
    gallery_modality: str
    gallery_cameras: tuple[int, ...]
    drawn: Literal["gallery", "query", "none"]
    shots: int | None
    official_draws: bool
    skip_rule: Literal["none", "camera-pairs", "same-identity-and-camera"]
    skip_pairs: tuple[tuple[int, int], ...]
    cmc_level: Literal["identity", "image"]
    distance: Literal["cosine", "euclidean"]

    def queries(self, data: FeatureSet) -> np.ndarray:
        """Rows that may be queries."""
        return np.flatnonzero((data.modalities == self.query_modality) & np.isin(data.cameras, self.query_cameras))

    def pool(self, data: FeatureSet) -> np.ndarray:
        """Rows that may stand in a gallery."""
        return np.flatnonzero((data.modalities == self.gallery_modality) & np.isin(data.cameras, self.gallery_cameras))

    def skipped(self, identity: int, camera: int, identities: np.ndarray, cameras: np.ndarray) -> np.ndarray:
        """Which gallery images a query of this identity and camera ignores, bool like `cameras`."""
        if self.skip_rule == "same-identity-and-camera":
            return (identities == identity) & (cameras == camera)
        if self.skip_rule == "camera-pairs":
            skipped = np.zeros(len(cameras), bool)
            for theirs in (theirs for ours, theirs in self.skip_pairs if ours == camera):
                skipped |= cameras == theirs
            return skipped
        return np.zeros(len(cameras), bool)

    def check(self, data: FeatureSet) -> None:
        """Raise FeatureError when the features cannot be scored under this protocol."""
        for modality, known in self.cameras.items():
            found = set(np.unique(data.cameras[data.modalities == modality]).tolist())
            if not found <= set(known):
                raise FeatureError(
                    f"{data.source}: unknown {modality} cameras {sorted(found - set(known))} for {self.name}; "
                    f"its {modality} cameras are {list(known)}"
                )
        sides = {"query": self.queries(data), "gallery": self.pool(data)}
        for side, rows in sides.items():
            if len(rows) == 0:
                raise FeatureError(
                    f"{data.source}: no {side} image for {self.name}; it needs "
                    f"{getattr(self, side + '_modality')} images of cameras {list(getattr(self, side + '_cameras'))}"
                )
        if not np.isin(data.identities[sides["query"]], data.identities[sides["gallery"]]).any():
            raise FeatureError(
                f"{data.source}: no query with a match under {self.name}; do both modalities share identities?"
            )
