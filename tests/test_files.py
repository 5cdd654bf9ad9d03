"""Files appear whole, on the disk and readable, or not at all; what went wrong is told as it was."""

import errno
import os
from pathlib import Path

import psutil
import pytest

from files import write_whole


def test_a_file_is_on_the_disk_before_it_has_its_name(tmp_path, monkeypatch):
    path = tmp_path / "deep" / "er" / "a.txt"
    synced = []
    monkeypatch.setattr(os, "fsync", lambda handle: synced.append((os.fstat(handle).st_ino, path.exists())))
    before = psutil.Process().num_fds()
    with write_whole(path) as temporary:
        temporary.write_text("whole")
    assert synced == [(path.stat().st_ino, False)]
    assert path.read_text() == "whole" and list(path.parent.iterdir()) == [path]
    assert psutil.Process().num_fds() == before


def test_whom_the_umask_lets_read_may_read(tmp_path):
    before = os.umask(0o027)
    try:
        with write_whole(tmp_path / "a"):
            pass
        assert os.umask(0o027) == 0o027
    finally:
        os.umask(before)
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (OSError(errno.ENOSPC, "full"), "full; free some and start again: '{path}'"),
        (OSError(errno.ENOSPC, "full", "other"), "full: 'other'"),
        (OSError(errno.EIO, "broken"), "broken"),
        (ValueError("wrong"), "wrong"),
    ],
)
def test_an_error_leaves_the_old_file_and_is_told(tmp_path, error, said):
    path: Path = tmp_path / "a"
    path.write_text("old")
    with pytest.raises(type(error)) as caught, write_whole(path) as temporary:
        temporary.write_text("ne")
        raise error
    assert str(caught.value).endswith(said.format(path=path))
    assert path.read_text() == "old" and list(tmp_path.iterdir()) == [path]
