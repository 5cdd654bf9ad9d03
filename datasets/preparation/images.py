"""Opening one image of a dataset: bounded, complete, RGB, or a `DatasetError` that names the file."""

import hashlib
import io
import warnings
from pathlib import Path

from PIL import Image, UnidentifiedImageError

from datasets import DatasetError
from files import sha256

# A crop of one person: the largest known in these datasets is 485x877. The header is read before any pixel is.
MAX_PIXELS = 16_000_000
MAX_BYTES = 64_000_000
# Pillow would clip deeper pixels to 255.
MODES = ("1", "L", "LA", "P", "PA", "RGB", "RGBA", "CMYK", "YCbCr")
FORMATS = ("JPEG", "BMP", "PNG")
COPY = "copy the file anew from the dataset"


def read_bytes(file: Path) -> bytes:
    """The file's bytes; `DatasetError` if it cannot be read or is larger than any image of a person."""
    try:
        if (size := file.stat().st_size) > MAX_BYTES:
            raise DatasetError(f"{file}: the file has {size} bytes, expected at most {MAX_BYTES}; {COPY}")
        return file.read_bytes()
    except OSError as error:
        raise DatasetError(f"{file}: cannot be read ({error.strerror}); {COPY}") from error


def sha256_of(data: bytes) -> str:
    """SHA-256 of `data` as 64 hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()


def folder_sha256(root: str | Path) -> str:
    """SHA-256 over the names and contents of all files below `root`, in the order of their names."""
    whole = hashlib.sha256()
    for name, file in sorted((p.relative_to(root).as_posix(), p) for p in Path(root).rglob("*") if p.is_file()):
        whole.update(f"{sha256(file)}  {name}\n".encode())
    return whole.hexdigest()


def read_verified(root: str | Path, path: str, expected: str) -> bytes:
    """An image's bytes, which must have the checksum that the index holds."""
    file = Path(root) / path
    data = read_bytes(file)
    if (found := sha256_of(data)) != expected:
        raise DatasetError(
            f"{file}: changed since indexed (checksum {found[:12]}, the index has {expected[:12]}); "
            "restore the file or make the index again"
        )
    return data


def decode(data: bytes, file: Path, quick: bool = False) -> tuple[Image.Image, bool]:
    """The image in `data` as RGB, and whether it was stored without colour channels (then its grey is repeated).

    `quick` decodes a JPEG at an eighth of its size, enough to know that it is complete. `file` is for messages only.
    Raises `DatasetError` for data that are no image, end too early, or announce more pixels than `MAX_PIXELS`.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            image = Image.open(io.BytesIO(data), formats=FORMATS)
        width, height = image.size
        if width * height > MAX_PIXELS:
            raise DatasetError(
                f"{file}: the image is {width}x{height} pixels, expected at most {MAX_PIXELS} in all: it is no crop of "
                f"a person, and decoding it could exhaust the memory; {COPY}"
            )
        if image.mode not in MODES:
            raise DatasetError(
                f"{file}: the image has pixels of mode {image.mode}, expected 8 bits a channel ({', '.join(MODES)}): "
                "convert it, choosing the range, before indexing"
            )
        if quick:
            image.draft(None, (max(1, width // 8), max(1, height // 8)))
        greyscale = "R" not in image.getbands() and image.mode != "P"
        return image.convert("RGB"), greyscale
    except Image.DecompressionBombError as error:
        raise DatasetError(f"{file}: {error}; expected at most {MAX_PIXELS} pixels; {COPY}") from error
    except (OSError, ValueError, SyntaxError, EOFError, KeyError, IndexError, TypeError, OverflowError) as error:
        reason = "the header is none of an image" if isinstance(error, UnidentifiedImageError) else error
        raise DatasetError(
            f"{file}: found {len(data)} bytes that are not a complete JPEG, BMP or PNG image ({reason}); {COPY}"
        ) from error
