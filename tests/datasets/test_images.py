"""Images that cannot be used, and images that are grey."""

import contextlib
import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from datasets import DatasetError
from datasets.__main__ import main
from datasets.preparation.images import MAX_BYTES, decode, read_bytes
from datasets.preparation.rows import read_index


def encode(image: Image.Image, form: str) -> bytes:
    data = io.BytesIO()
    image.save(data, form)
    return data.getvalue()


@pytest.fixture
def photo():
    return Image.effect_noise((40, 80), 60).convert("RGB")


@pytest.mark.parametrize("form", ["JPEG", "BMP", "PNG"])
@pytest.mark.parametrize("quick", [True, False])
def test_a_truncated_image_is_refused(form, quick, photo, tmp_path):
    data = encode(photo, form)
    decode(data, tmp_path / "a", quick)
    for keep in (len(data) // 2, 30, 0):
        with pytest.raises(
            DatasetError, match=f"a: found {keep} bytes that are not a complete JPEG, BMP or PNG image .*copy the"
        ):
            decode(data[:keep], tmp_path / "a", quick)


@settings(max_examples=150, deadline=None)
@given(
    form=st.sampled_from(["JPEG", "BMP", "PNG"]),
    places=st.lists(st.tuples(st.floats(0, 0.999), st.integers(0, 255)), min_size=1, max_size=8),
    header=st.booleans(),
)
def test_damaged_bytes_give_an_image_or_an_error(form, places, header):
    data = bytearray(encode(Image.linear_gradient("L").resize((20, 40)).convert("RGB"), form))
    for where, value in places:
        data[int(where * (60 if header else len(data)))] = value
    with contextlib.suppress(DatasetError):
        assert decode(bytes(data), Path("a"))[0].mode == "RGB"


def test_a_bad_image_in_a_folder_is_named(copy, complain):
    root = copy("sysu_mm01")
    files = sorted(root.glob("cam6/*/*.jpg"))[:7]
    for file in files:
        file.write_bytes(file.read_bytes()[:-40])
    message = complain("sysu_mm01", root)
    assert all(str(file) in message for file in files[:5]) and str(files[5]) not in message
    assert "(7 unusable images in all)" in message


def test_something_else_under_an_image_name_is_refused(copy, complain):
    root = copy("regdb")
    file = next(root.glob("Visible/*/*.bmp"))
    file.write_text("<html>404</html>")
    assert f"{file}: found 16 bytes that are not a complete" in complain("regdb", root)


def test_a_folder_under_an_image_name_is_refused(copy, complain):
    root = copy("sysu_mm01")
    folder = next(root.glob("cam6/*")) / "9999.jpg"
    folder.mkdir()
    assert f"{folder}: cannot be read" in complain("sysu_mm01", root)


def bomb(width: int, height: int) -> bytes:
    """A PNG of a few hundred bytes that announces `width` x `height` pixels."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    pixels = zlib.compress(bytes(10_000), 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


@pytest.mark.parametrize("size", [(5000, 5000), (60000, 60000)])
def test_a_decompression_bomb_is_refused_before_it_is_decoded(size, tmp_path):
    with pytest.raises(DatasetError, match=r"a\.jpg: .* expected at most 16000000 .*copy the file"):
        decode(bomb(*size), tmp_path / "a.jpg")


def test_a_file_of_many_bytes_is_refused_unread(tmp_path):
    file = tmp_path / "a.jpg"
    with file.open("wb") as stream:
        stream.truncate(MAX_BYTES + 1)
    with pytest.raises(DatasetError, match=f"{MAX_BYTES + 1} bytes, expected at most {MAX_BYTES}"):
        read_bytes(file)


@pytest.mark.parametrize("mode", ["L", "1", "LA"])
def test_a_grey_image_is_converted_and_reported(mode, photo, tmp_path):
    image, greyscale = decode(encode(photo.convert(mode), "PNG"), tmp_path / "a")
    assert greyscale and image.mode == "RGB"
    red, green, blue = image.split()
    assert red.tobytes() == green.tobytes() == blue.tobytes()


def test_sixteen_bits_are_refused_not_clipped(tmp_path):
    deep = Image.fromarray(np.arange(800, dtype=np.uint16).reshape(40, 20) * 80)
    with pytest.raises(DatasetError, match="a: the image has pixels of mode I;16, expected 8 bits a channel"):
        decode(encode(deep, "PNG"), tmp_path / "a")


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P"])
def test_an_image_with_colours_is_not_called_grey(mode, photo, tmp_path):
    image, greyscale = decode(encode(photo.convert(mode), "PNG"), tmp_path / "a")
    assert not greyscale and image.mode == "RGB"


def test_grey_images_are_counted_not_refused(copy, tmp_path, capsys):
    root = copy("sysu_mm01")
    for file in sorted(root.glob("cam3/*/*.jpg"))[:3]:
        Image.open(file).convert("L").save(file)
    out = tmp_path / "images.csv"
    assert main(["index", "--layout", "sysu_mm01", "--root", str(root), "--holdout", "test", "--out", str(out)]) == 0
    assert "stored without colour: 3 images" in capsys.readouterr().out
    assert sum(row.greyscale for row in read_index(out)) == 3
