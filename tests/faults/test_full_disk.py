"""A file that cannot grow, as on a full disk: the command's last word names the file; nothing is half written."""

import errno
import os
import resource
import subprocess
import sys

import numpy as np
import pytest

from files import reserve
from tests.training.conftest import RUN


@pytest.fixture
def commands(tiny, intact, index):
    """Commands that write large files, without their --out."""
    train = f"training train --run {RUN} --dataset tiny --layout sysu_mm01 --setting full --split 1 --seed 0"
    train += f" --index {tiny}/images.csv --pixels {tiny}/images.npy --subset {tiny}/subset.csv --weights w.pth"
    corrupt = f"--index {tiny}/images.csv --images {tiny}/images.npy --modality visible --seed 0 --repeat 0"
    return {
        "train": f"{train} --checkpoint-seconds 0",
        "pack": f"datasets pack --index {index} --root {intact['sysu_mm01']} --size 96x48",
        "corrupt": f"eval.corruptions {corrupt}",
    }


@pytest.mark.parametrize(
    ("name", "out", "culprit"),
    [("train", ".", "checkpoint.tmp"), ("pack", "images.npy", "images.npy"), ("corrupt", "images.npy", "images.npy")],
)
def test_the_last_word_is_the_file_that_did_not_fit(name, out, culprit, commands, tmp_path):
    most = 100_000  # bytes a file; a checkpoint and an array are larger
    done = subprocess.run(
        [sys.executable, "-m", *commands[name].split(), "--out", tmp_path / out],
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (most, most)),
        capture_output=True,
        text=True,
        check=False,
    )
    last = done.stderr.splitlines()[-1]
    assert done.returncode != 0
    assert str(tmp_path / culprit) in last
    assert f"{os.strerror(errno.EFBIG)}; free some and start again" in last
    assert not [path for path in tmp_path.iterdir() if path.stat().st_size]


def test_a_mapped_file_has_its_place_on_the_disk_before_it_is_written(tmp_path):
    path = tmp_path / "array.npy"
    np.lib.format.open_memmap(path, "w+", np.uint8, (1000, 1000))
    size = path.stat().st_size
    assert path.stat().st_blocks * 512 < 1_000_000
    reserve(path)
    assert path.stat().st_blocks * 512 >= 1_000_000 and path.stat().st_size == size
