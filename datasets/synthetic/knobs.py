"""What a caller decides about a rendered dataset."""

from dataclasses import dataclass, fields

from datasets import DatasetError


@dataclass(frozen=True)
class Knobs:
    """Size of the images and how hard they are; the four difficulties lie between 0 and 1."""

    seed: int
    height: int = 128
    """Pixels."""
    width: int = 64
    """Pixels."""
    colour_leak: float = 0.0
    """Share of visible luminance in a material's infrared reflectance; 0 = drawn independently of colour."""
    infrared_noise: float = 0.12
    """Strength of the infrared sensor's noise; 1 = a standard deviation of a quarter of full scale."""
    pose_spread: float = 0.5
    """0 = everybody stands and faces the camera; 1 = any direction, full strides."""
    identity_similarity: float = 0.0
    """0 = people as different as the wardrobe allows; 1 = all alike."""

    def __post_init__(self) -> None:
        for name in ("colour_leak", "infrared_noise", "pose_spread", "identity_similarity"):
            if not 0 <= getattr(self, name) <= 1:
                raise DatasetError(f"{name} = {getattr(self, name)}, expected a number from 0 to 1")
        for name, least in (("seed", 0), ("height", 16), ("width", 8)):
            if not least <= getattr(self, name) <= 2**31:
                raise DatasetError(f"{name} = {getattr(self, name)}, expected a whole number of at least {least}")

    def as_dict(self) -> dict[str, float]:
        """Names and values, for the description beside the images."""
        return {field.name: getattr(self, field.name) for field in fields(self)}
