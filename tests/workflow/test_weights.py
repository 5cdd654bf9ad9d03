"""The ImageNet weights are checked before anything is submitted."""

import pytest

from files import sha256
from workflow.weights import main


def test_sound_weights_leave_their_checksum(tmp_path):
    path = tmp_path / "resnet50.pth"
    path.write_bytes(b"weights")
    named = tmp_path / f"resnet50-{sha256(path)[:8]}.pth"
    path.rename(named)
    main([str(named), "--out", str(tmp_path / "sum")])
    assert (tmp_path / "sum").read_text() == f"{sha256(named)}  {named.name}\n"


def test_weights_that_are_not_what_their_name_says(tmp_path):
    path = tmp_path / "resnet50-19c8e357.pth"
    path.write_bytes(b"other")
    with pytest.raises(SystemExit, match=r"resnet50-19c8e357.pth: its checksum begins with .*, expected 19c8e357"):
        main([str(path), "--out", str(tmp_path / "sum")])
    assert not (tmp_path / "sum").exists()


def test_missing_weights_name_the_remedy(tmp_path):
    with pytest.raises(SystemExit, match=r"w.pth: no ImageNet weights; put torchvision.s .* [+]backbone.init=random"):
        main([str(tmp_path / "w.pth"), "--out", str(tmp_path / "sum")])
