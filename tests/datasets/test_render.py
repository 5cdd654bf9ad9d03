"""The renderer: same seed, same bytes; what stays with a person, what a camera sees, and what the knobs do."""

import hashlib
import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from datasets.__main__ import main
from datasets.synthetic.camera import make_camera
from datasets.synthetic.knobs import Knobs
from datasets.synthetic.materials import CLOTH, CONTRAST, Material, draw_contrasting, luminance
from datasets.synthetic.person import Person, draw_person
from datasets.synthetic.plan_sysu_mm01 import make_official_plan
from datasets.synthetic.render import render as render_image
from datasets.synthetic.wardrobe import wardrobe
from tests.datasets.conftest import RENDERED, render

KNOBS = Knobs(seed=11, height=64, width=32)


def digests(root: Path) -> dict[str, str]:
    files = sorted(file for file in root.rglob("*") if file.is_file())
    return {str(file.relative_to(root)): hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


@pytest.mark.parametrize("layout", RENDERED)
def test_the_number_of_processes_leaves_no_trace(layout, rendered, tmp_path):
    again = render(layout, tmp_path / layout, "--jobs", "3")
    assert digests(again) == digests(rendered[layout])
    assert again.with_name(f"{layout}.json").read_bytes() == rendered[layout].with_name(f"{layout}.json").read_bytes()


def test_another_seed_gives_other_people(rendered, tmp_path):
    other = render("regdb", tmp_path / "other", "--seed", "4")
    assert not set(digests(other).values()) & {
        digest for path, digest in digests(rendered["regdb"]).items() if path.endswith(".bmp")
    }


def test_an_earlier_rendering_is_replaced_and_anything_else_left_alone(tmp_path, capsys):
    root = render("regdb", tmp_path / "set")
    (root / "Visible/1/stray.bmp").write_bytes(b"")
    assert not (render("regdb", root) / "Visible/1/stray.bmp").exists()
    precious = tmp_path / "mine"
    precious.mkdir()
    size = ["--train-identities", "2", "--test-identities", "1", "--images-per-camera", "1"]
    assert main(["render", "--layout", "regdb", "--out", str(precious), "--seed", "0", *size]) == 1
    assert "was not rendered by this command" in capsys.readouterr().err
    assert precious.is_dir()


def test_images_have_the_size_asked_for():
    person, camera = draw_person("1", KNOBS), make_camera(1, "visible", True, KNOBS)
    for height, width in ((64, 32), (50, 21), (256, 128)):
        knobs = replace(KNOBS, height=height, width=width)
        image = render_image(person, camera, 1, knobs)
        assert (image.size, image.mode) == ((width, height), "RGB")


def test_an_infrared_camera_gives_grey_and_a_visible_one_colour():
    person = draw_person("1", KNOBS)
    grey = np.asarray(render_image(person, make_camera(3, "infrared", True, KNOBS), 1, KNOBS))
    assert (grey == grey[..., :1]).all() and grey.std() > 10
    colour = np.asarray(render_image(person, make_camera(1, "visible", True, KNOBS), 1, KNOBS)).astype(int)
    assert np.abs(colour[..., 0] - colour[..., 2]).mean() > 3


def cloths(leak: float) -> np.ndarray:
    """Luminance and infrared reflectance of 400 garments, `(400, 2)`."""
    people = [draw_person(str(n), Knobs(seed=0, colour_leak=leak)) for n in range(400)]
    return np.array([(luminance(p.inner.colour), p.inner.infrared) for p in people])


def test_infrared_reflectance_is_independent_of_colour_unless_it_leaks():
    assert abs(np.corrcoef(cloths(0.0).T)[0, 1]) < 0.12
    assert np.corrcoef(cloths(0.5).T)[0, 1] > 0.5
    np.testing.assert_allclose(*cloths(1.0).T)


def test_a_pattern_shows_in_both_modalities():
    for n in range(200):
        cloth = draw_person(str(n), KNOBS).top
        assert abs(luminance(cloth.first.colour) - luminance(cloth.second.colour)) > CONTRAST
        assert abs(cloth.first.infrared - cloth.second.infrared) > CONTRAST - 1e-9


@pytest.mark.parametrize("infrared", [0.0, *np.linspace(*CLOTH, 9), 1.0])
@pytest.mark.parametrize("grey", [0.0, 0.3, 0.5, 0.7, 1.0])
def test_something_always_contrasts(infrared, grey):
    for seed in range(20):
        cloth = draw_contrasting(random.Random(seed), Material((grey, grey, grey), infrared), 0.0)
        assert CLOTH[0] <= cloth.infrared <= CLOTH[1] and abs(cloth.infrared - infrared) >= CONTRAST - 1e-9


def test_people_are_alike_when_asked_for():
    def kinds(alike: float) -> set[tuple]:
        people = [draw_person(str(n), Knobs(seed=0, identity_similarity=alike)) for n in range(40)]
        return {(p.height, p.girth, p.hair_style, p.top_kind, p.bottom_kind, p.bag, p.top.pattern) for p in people}

    assert len(kinds(0.0)) == 40 and len(kinds(1.0)) == 1


def test_infrared_noise_grows_with_its_knob():
    def roughness(noise: float) -> float:
        knobs = replace(KNOBS, infrared_noise=noise)
        image = render_image(draw_person("1", knobs), make_camera(6, "infrared", False, knobs), 1, knobs)
        return float(np.abs(np.diff(np.asarray(image)[..., 0].astype(float), axis=0)).mean())

    assert roughness(0.0) < roughness(0.3) < roughness(1.0)


def test_poses_vary_with_their_knob():
    def spread(knob: float) -> float:
        knobs = replace(KNOBS, pose_spread=knob, infrared_noise=0.0)
        camera = make_camera(6, "infrared", False, knobs)
        images = [np.asarray(render_image(draw_person("1", knobs), camera, n, knobs), float) for n in range(12)]
        upper = [(image / image.mean())[10:40, 8:24] for image in images]
        return float(np.std(upper, axis=0).mean())

    assert spread(0.0) < spread(1.0)


@pytest.mark.parametrize("modality", ["visible", "infrared"])
def test_every_part_of_every_garment_can_be_painted(modality):
    channels = 3 if modality == "visible" else 1
    seen: set[str] = set()
    for n in range(120):
        person: Person = draw_person(str(n), KNOBS)
        seen |= {person.top.pattern, person.bottom.pattern, person.top_kind, person.bottom_kind, person.hat, person.bag}
        for name, surface in wardrobe(person, modality).items():
            assert surface.shape[2] == channels and surface.min() >= 0, name
    assert {"camo", "dots", "cuffs", "coat", "vest", "dress", "wide", "brim", "backpack"} <= seen


def test_the_official_plan_has_the_real_counts():
    plan = make_official_plan(seed=0)
    assert plan.counts["test"] == {
        "train": {"identities": 395, "visible": 22258, "infrared": 11909},
        "test": {"identities": 96, "visible": 6775, "infrared": 3803},
    }
    sizes = [len(plan.texts[f"exp/{name}_id.txt"].split(",")) for name in ("train", "val", "test", "available")]
    assert sizes == [296, 99, 96, 491]


@pytest.mark.parametrize(
    ("flags", "complaint"),
    [
        (["--colour-leak", "2"], "colour_leak = 2.0, expected a number from 0 to 1"),
        (["--height", "3"], "height = 3, expected a whole number of at least 16"),
        (["--train-identities", "1"], "--train-identities: found 1, expected a number of at least 2"),
        (["--official-counts"], "--official-counts goes with"),
        (["--layout", "sysu"], "unknown dataset layout 'sysu', did you mean 'sysu_mm01'?"),
        (["--jobs", "0"], "jobs = 0, expected at least 1"),
    ],
)
def test_an_impossible_request_is_refused(flags, complaint, tmp_path, capsys):
    usual = ["--layout", "regdb", "--train-identities", "2", "--test-identities", "1", "--images-per-camera", "1"]
    assert main(["render", "--out", str(tmp_path / "set"), "--seed", "0", *usual, *flags]) == 1
    assert complaint in capsys.readouterr().err
    assert not (tmp_path / "set").exists()
