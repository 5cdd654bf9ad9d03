"""What every recipe file must keep to, whoever wrote it: parametrised over the files found."""

import ast

import pytest

from methods import recipes

FILES = ["common", *recipes.names()]
ENTRY = {"value", "unit", "min", "max", "choices", "needs", "source"}
SECTIONS = {"name", "paper", "keys", "datasets", "budgets", "refuse", "variants"}


def entries(name: str):
    """Every (key, entry) of a file: its own keys and what its datasets change."""
    own = recipes.read(name)
    yield from own["keys"].items()
    for section in own.get("datasets", {}).values():
        yield from section.items()


@pytest.mark.parametrize("name", FILES)
def test_sections_and_fields_are_known(name):
    assert set(recipes.read(name)) <= SECTIONS
    for key, entry in entries(name):
        assert set(entry) <= ENTRY, key


@pytest.mark.parametrize("name", FILES)
def test_every_value_has_a_source(name):
    for key, entry in entries(name):
        assert entry.get("source"), key
    for budget in recipes.read(name).get("budgets", {}).values():
        assert budget["source"]


@pytest.mark.parametrize("name", recipes.names())
def test_values_are_of_one_type_and_within_their_range(name):
    for layout in ("sysu_mm01", "regdb", "llcm"):
        for key, entry in recipes.resolve(name, layout).entries.items():
            value = entry["value"]
            if key.startswith("loss."):
                assert type(value) is float, f"{key}: an override such as 0.5 must be possible"
            if type(value) is str:
                assert "choices" in entry, f"{key}: free text would be a path of the results"
            if type(value) is int:
                assert "min" in entry or "choices" in entry, f"{key}: a whole number has a least value"
            for choice in entry.get("choices", []):
                assert type(choice) is type(value), f"{key}: YAML reads the choice {choice!r} as another type"


@pytest.mark.parametrize("name", recipes.names())
def test_budgets_change_only_keys_that_exist(name):
    known = recipes.resolve(name, "regdb").entries
    for file in ("common", name):
        for budget in recipes.read(file).get("budgets", {}).values():
            assert set(budget["values"]) <= set(known)
            for key, value in budget["values"].items():
                assert type(value) is type(known[key]["value"]), key


@pytest.mark.parametrize("name", recipes.names())
def test_expressions_name_only_keys_of_the_recipe(name):
    own = recipes.read(name)
    known = set(recipes.resolve(name, "regdb"))
    conditions = [rule["when"] for rule in own.get("refuse", [])]
    conditions += [entry["needs"] for _, entry in entries(name) if "needs" in entry]
    for condition in conditions:
        tree = ast.parse(condition, mode="eval")
        dotted = {ast.unparse(node) for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
        assert dotted <= known, condition
    for rule in own.get("refuse", []):
        assert rule["key"] in known
        assert rule["why"]


@pytest.mark.parametrize("name", recipes.names())
def test_the_default_is_one_of_the_variants(name):
    runs = [variant["run"] for variant in recipes.variants(name).values()]
    assert name in runs
    for run in runs:
        assert recipes.canonical(run, "sysu_mm01") == run
