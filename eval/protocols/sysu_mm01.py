"""SYSU-MM01: infrared queries against a gallery of the visible cameras, drawn anew in each trial."""

from types import MappingProxyType

from eval.protocol import Protocol

CAMERAS = MappingProxyType({"visible": (1, 2, 4, 5), "infrared": (3, 6)})


def _protocol(mode: str, gallery_cameras: tuple[int, ...], shot: str, shots: int) -> Protocol:
    return Protocol(
        name=f"sysu-mm01-{mode}-{shot}",
        cameras=CAMERAS,
        query_modality="infrared",
        query_cameras=(3, 6),
        gallery_modality="visible",
        gallery_cameras=gallery_cameras,
        drawn="gallery",
        shots=shots,
        official_draws=True,
        skip_rule="camera-pairs",
        skip_pairs=((3, 2),),
        cmc_level="identity",
        distance="cosine",
    )


PROTOCOLS = (
    _protocol("all", (1, 2, 4, 5), "single", 1),
    _protocol("all", (1, 2, 4, 5), "multi", 10),
    _protocol("indoor", (1, 2), "single", 1),
    _protocol("indoor", (1, 2), "multi", 10),
)
