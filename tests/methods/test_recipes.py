"""Recipes: what is read, resolved and refused, and that the message helps; no torch in sight."""

import string
import subprocess
import sys

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from methods import recipes
from methods.recipes import RecipeError, canonical, parse, resolve, text_of

LAYOUTS = ("sysu_mm01", "regdb", "llcm")
NAMES = recipes.names()
RUNS = [variant["run"] for name in NAMES for variant in recipes.variants(name).values()]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A recipe folder of our own: `write(name, recipe)` adds a method to the real common keys."""
    (tmp_path / "common.yaml").write_text((recipes.FOLDER / "common.yaml").read_text(encoding="utf-8"))
    monkeypatch.setattr(recipes, "FOLDER", tmp_path)
    recipes.read.cache_clear()

    def write(name: str, recipe: dict) -> None:
        (tmp_path / f"{name}.yaml").write_text(yaml.safe_dump(recipe))

    yield write
    recipes.read.cache_clear()


def test_reading_recipes_does_not_import_torch():
    code = (
        "import sys; from methods import recipes; recipes.resolve('maum', 'regdb'); assert 'torch' not in sys.modules"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_parse():
    run = parse("maum@demo+head.parts=6+schedule.milestones=7,9")
    assert (run.method, run.budget) == ("maum", "demo")
    assert run.overrides == {"head.parts": "6", "schedule.milestones": "7,9"}
    assert parse("maum").budget == "published"


@pytest.mark.parametrize("run", RUNS)
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("budget", ["", "@shared", "@demo"])
def test_every_named_run_resolves_under_every_budget(run, layout, budget):
    head, plus, rest = run.partition("+")
    recipe = resolve(head + budget + plus + rest, layout)
    assert recipe.method == head
    assert all(entry["source"] for entry in recipe.entries.values())
    assert recipe.keys() == recipe.entries.keys()


def test_the_order_of_the_layers():
    assert resolve("maum", "sysu_mm01")["bank.visible"] == 3000
    assert resolve("maum", "regdb")["bank.visible"] == 1500
    assert resolve("maum@demo", "regdb")["bank.visible"] == 200
    assert resolve("maum@demo+bank.visible=7", "regdb")["bank.visible"] == 7
    assert resolve("maum@demo", "regdb")["optimizer.name"] == "adam"
    assert resolve("maum", "regdb")["batch.pairing"] == "free"


def test_a_plug_in_is_laid_over_its_host_and_its_host_over_the_common_keys(folder):
    host = {
        "name": "Host",
        "keys": {"pooling.p": {"value": 3.0, "source": "s"}, "optimizer.lr": {"value": 0.2, "source": "s"}},
        "datasets": {"regdb": {"pooling.p": {"value": 10.0, "source": "s"}}},
        "budgets": {"demo": {"source": "s", "values": {"pooling.p": 1.0}}},
    }
    folder("host", host)
    folder("other", host | {"keys": {"pooling.p": {"value": 5.0, "source": "s"}}})
    plug = {
        "host": {"value": "host", "choices": ["host", "other"], "source": "s"},
        "own": {"value": 1, "min": 0, "source": "s"},
    }
    folder("plug", {"name": "Plug", "keys": plug})
    assert resolve("plug", "sysu_mm01")["pooling.p"] == 3.0
    assert resolve("plug", "sysu_mm01")["optimizer.lr"] == 0.2
    assert resolve("plug", "regdb")["pooling.p"] == 10.0
    assert resolve("plug@demo", "regdb")["pooling.p"] == 1.0
    assert resolve("plug+host=other", "sysu_mm01")["pooling.p"] == 5.0
    assert resolve("plug+host=other", "sysu_mm01")["optimizer.lr"] == 0.1
    assert canonical("plug+host=other+own=1", "sysu_mm01") == "plug+host=other"
    with pytest.raises(RecipeError, match="plug: host='hist'; the nearest valid is 'host'"):
        resolve("plug+host=hist", "sysu_mm01")


def test_an_overridden_key_says_so():
    entry = resolve("maum+bank.dt=5", "sysu_mm01").entries["bank.dt"]
    assert entry["source"] == "this run; 10 by section 3.3 and Fig. 4b"
    assert resolve("maum", "sysu_mm01").entries["bank.dt"]["source"] == "section 3.3 and Fig. 4b"


@pytest.mark.parametrize(
    ("run", "layout", "expected"),
    [
        ("maum+head.parts=6+bank.dt=5", "sysu_mm01", "maum+bank.dt=5+head.parts=6"),
        ("maum+bank.visible=1500", "regdb", "maum"),
        ("maum+bank.visible=1500", "sysu_mm01", "maum+bank.visible=1500"),
        ("maum@published", "regdb", "maum"),
        ("maum@demo+um=false", "regdb", "maum@demo+um=off"),
        ("maum+optimizer.lr=.0001", "regdb", "maum+optimizer.lr=0.0001"),
        ("maum+optimizer.lr=0.123456789", "regdb", "maum+optimizer.lr=0.123456789"),
        ("maum+loss.visible=-0", "regdb", "maum+loss.visible=0"),
        ("maum+schedule.milestones=7,09", "regdb", "maum+schedule.milestones=7,9"),
    ],
)
def test_canonical(run, layout, expected):
    assert canonical(run, layout) == expected


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (True, "on"),
        (False, "off"),
        (0.1, "0.1"),
        (1.0, "1"),
        (1e-05, "1e-05"),
        (1e16, "1e16"),
        ([7, 9], "7,9"),
        ("a", "a"),
    ],
)
def test_text_of(value, text):
    assert text_of(value) == text


@pytest.mark.parametrize(
    ("run", "message"),
    [
        ("maumm", "unknown method 'maumm'; the nearest valid is 'maum'"),
        ("", "unknown method ''"),
        ("maum@dema", "unknown budget 'dema'; the nearest valid is 'demo'"),
        ("maum+bank.tt=1", "run 'maum+bank.tt=1': unknown key 'bank.tt'; the nearest valid is 'bank.t0'"),
        ("maum+bank.dt", "run 'maum+bank.dt': override 'bank.dt' must be written key=value"),
        ("maum+bank.dt=", "run 'maum+bank.dt=': override 'bank.dt=' must be written key=value"),
        ("maum+bank.dt=1+bank.dt=2", "run 'maum+bank.dt=1+bank.dt=2': key 'bank.dt' is given twice"),
        ("maum+bank.dt=x", "run 'maum+bank.dt=x': bank.dt='x' must be a whole number, like its default 10"),
        ("maum+bank.dt=1.5", "run 'maum+bank.dt=1.5': bank.dt='1.5' must be a whole number, like its default 10"),
        ("maum+um=yes", "run 'maum+um=yes': um='yes' must be on or off, like its default on"),
        ("maum+optimizer.lr=fast",
         "run 'maum+optimizer.lr=fast': optimizer.lr='fast' must be a number, like its default 0.1"),
        ("maum+schedule.milestones=1,b",
         "run 'maum+schedule.milestones=1,b': schedule.milestones='1,b' must be a list of values, each a whole number, "
         "like its default 20,50"),
        ("maum+bank.dt=0", "run 'maum+bank.dt=0': bank.dt=0 is below its least value; the nearest valid is 1"),
        ("maum+augment.flip=1.5",
         "run 'maum+augment.flip=1.5': augment.flip=1.5 is above its greatest value; the nearest valid is 1"),
        ("maum+optimizer.lr=nan",
         "run 'maum+optimizer.lr=nan': optimizer.lr=nan is not a number between -1e+09 and 1e+09"),
        ("maum+optimizer.lr=inf",
         "run 'maum+optimizer.lr=inf': optimizer.lr=inf is not a number between -1e+09 and 1e+09"),
        ("maum+bank.mode=curent",
         "run 'maum+bank.mode=curent': bank.mode=curent is none of queue, current; the nearest valid is 'current'"),
        ("maum+backbone.split=3",
         "run 'maum+backbone.split=3': backbone.split=3 is none of 1, 2; the nearest valid is '2'"),
        ("maum+head.parts=4",
         "run 'maum+head.parts=4': head.parts=4 is refused: the strips must divide the height of the last map; "
         "the nearest valid is head.parts=3"),
        ("maum+image.height=290",
         "run 'maum+image.height=290': image.height=290 is refused: the backbone divides height and width by 16; "
         "the nearest valid is image.height=288"),
        ("maum+schedule.milestones=50,20",
         "run 'maum+schedule.milestones=50,20': schedule.milestones=50,20 is refused: milestones must ascend; "
         "the nearest valid is schedule.milestones=20,50"),
        ("maum+um=off+bank.dt=5",
         "run 'maum+um=off+bank.dt=5': bank.dt=5 has no effect without um and bank.mode == 'queue'; leave it at 10"),
    ],
)  # fmt: skip
def test_refusals(run, message):
    with pytest.raises(RecipeError) as raised:
        resolve(run, "sysu_mm01")
    assert str(raised.value).startswith(message)


def test_a_run_too_long_to_name_a_folder():
    changed = [key for key, entry in resolve("maum", "regdb").entries.items() if type(entry["value"]) is float]
    run = "maum" + "".join(f"+{key}=0.987654321" for key in changed)
    with pytest.raises(
        RecipeError, match=r"characters, but at most 200 can name a folder; put the values into a budget"
    ):
        canonical(run, "regdb")


WORDS = st.text(string.printable + "é٣∞", max_size=8)
KEYS = st.sampled_from(sorted({key for name in NAMES for key in resolve(name, "regdb")}))
VALUES = (
    WORDS
    | st.integers().map(str)
    | st.floats().map(str)
    | st.sampled_from(["on", "off", "none", "1,2", "1e999", "9" * 5000])
)
WRITTEN = st.builds(
    lambda method, budget, parts: "+".join([method + budget, *(f"{key}={value}" for key, value in parts)]),
    st.sampled_from(NAMES) | WORDS,
    st.sampled_from(["", "@demo", "@shared"]) | WORDS,
    st.lists(st.tuples(KEYS | WORDS, VALUES), max_size=4),
)


@settings(deadline=None)  # the first example reads the files
@given(WRITTEN, st.sampled_from(LAYOUTS))
@example("maum+batch.identities=9999999999999999999999", "regdb")
@example("../maum", "regdb")
def test_any_text_is_a_run_or_a_recipe_error(run, layout):
    try:
        name = canonical(run, layout)
    except RecipeError as error:
        assert str(error)
        return
    assert canonical(name, layout) == name
    assert set(name) <= set(string.ascii_letters + string.digits + "@+=.,_-")
    assert dict(resolve(name, layout)) == dict(resolve(run, layout))
