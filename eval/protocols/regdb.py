"""RegDB: all images of one modality against all of the other, in both directions."""

from types import MappingProxyType

from eval.protocol import Protocol

CAMERAS = MappingProxyType({"visible": (1,), "infrared": (2,)})


def _protocol(query: str, gallery: str) -> Protocol:
    return Protocol(
        name=f"regdb-{query}-to-{gallery}",
        cameras=CAMERAS,
        query_modality=query,
        query_cameras=CAMERAS[query],
        gallery_modality=gallery,
        gallery_cameras=CAMERAS[gallery],
        drawn="none",
        shots=None,
        official_draws=False,
        skip_rule="none",
        skip_pairs=(),
        cmc_level="image",
        distance="cosine",
    )


PROTOCOLS = (_protocol("visible", "infrared"), _protocol("infrared", "visible"))
