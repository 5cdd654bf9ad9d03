"""LLCM: one image of each identity and camera of one modality, drawn in each trial, against all of the other."""

from types import MappingProxyType
from typing import Literal

from eval.protocol import Protocol

CAMERAS = MappingProxyType({"visible": tuple(range(1, 10)), "infrared": tuple(range(1, 10))})


def _protocol(name: str, query: str, gallery: str, drawn: Literal["gallery", "query"]) -> Protocol:
    return Protocol(
        name=name,
        cameras=CAMERAS,
        query_modality=query,
        query_cameras=CAMERAS[query],
        gallery_modality=gallery,
        gallery_cameras=CAMERAS[gallery],
        drawn=drawn,
        shots=1,
        official_draws=False,
        skip_rule="same-identity-and-camera",
        skip_pairs=(),
        cmc_level="identity",
        distance="cosine",
    )


PROTOCOLS = (
    _protocol("llcm-infrared-to-visible", "infrared", "visible", "gallery"),
    _protocol("llcm-visible-to-infrared", "visible", "infrared", "gallery"),
    _protocol("llcm-visible-to-infrared-as-coded", "infrared", "visible", "query"),
)
