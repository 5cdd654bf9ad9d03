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
    with pytest.raises(
        SystemExit, match=f"resnet50-19c8e357.pth: its checksum begins with {sha256(path)[:8]}, expected 19"
    ):
        main([str(path), "--out", str(tmp_path / "sum")])
    assert not (tmp_path / "sum").exists()


def test_missing_weights_name_the_remedy(tmp_path):
    with pytest.raises(
        SystemExit, match=r"w.pth: no ImageNet weights; fetch them .*w.pth --fetch.* [+]backbone.init=random"
    ):
        main([str(tmp_path / "w.pth"), "--out", str(tmp_path / "sum")])


def test_weights_are_fetched_from_where_torchvision_has_its_own(tmp_path, monkeypatch):
    served = tmp_path / "served"
    served.mkdir()
    (served / "w").write_bytes(b"weights")
    name = f"resnet50-{sha256(served / 'w')[:8]}.pth"
    (served / "w").rename(served / name)
    (served / "resnet50-00000000.pth").write_bytes(b"other")
    origin = type("Weights", (), {"IMAGENET1K_V1": type("Entry", (), {"url": f"{served.as_uri()}/any.pth"})})
    monkeypatch.setattr("torchvision.models.ResNet50_Weights", origin)
    main([str(tmp_path / "data" / name), "--fetch"])
    assert (tmp_path / "data" / name).read_bytes() == b"weights"
    for wrong, message in (("resnet50-00000000.pth", "expected 00000000"), ("absent.pth", "absent.pth")):
        with pytest.raises(SystemExit, match=message):
            main([str(tmp_path / "data" / wrong), "--fetch"])
        assert not (tmp_path / "data" / wrong).exists()
