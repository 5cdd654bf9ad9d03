"""Recipes: every hyperparameter of a method with its value, unit, range and source, read without importing torch.

A recipe stands beside its method as `methods/<name>.yaml`:

    name, paper      what the method is called and where it was published
    keys             {key: {value, unit?, min?, max?, choices?, needs?, source}}; a key of common.yaml may be given
                     another value and source; `needs` is an expression over the keys without which the key has no
                     effect, and overriding it is refused
    datasets         {layout: {key: {value, source}}}: what differs by dataset
    budgets          {budget: {source, values: {key: value}}}: what a budget changes beyond common.yaml
    refuse           [{key, when, why}]: combinations that make no sense; `when` is an expression over the keys
    variants         {label: {run, features?, source?}}: the networks that the paper names, the default among them, and
                     the length of the test feature that it states

A run is written `method[@budget][+key=value…]`, for example `maum@shared+bank.dt=5`; the budget `published` is not
written. Values are laid over one another in this order: common keys; host, method (each with its dataset section);
budget (common, host, method); overrides.
"""

import difflib
import functools
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import yaml

FOLDER = Path(__file__).parent
PUBLISHED = "published"
LARGEST = 1e9  # of any number in a recipe
LONGEST = 200  # characters of a run, which names a folder


class RecipeError(Exception):
    """A run that cannot be trained as written; the message names the key and the nearest valid one."""


@dataclass(frozen=True)
class Run:
    """A run as it is written in a path: method, budget and overrides (text by key)."""

    method: str
    budget: str
    overrides: dict[str, str]


class Recipe(dict):
    """The resolved values of a run by key.

    Attributes:
        method, name: the method's file and what it is called.
        entries: value, unit, range and source of each key as the recipe files state them; the source of an overridden
            key says so.
        weights: path of the ImageNet weights, which a configuration and no recipe knows.
    """

    method: str
    name: str
    entries: dict[str, dict]
    weights: str


def names() -> list[str]:
    """The methods that have a recipe, sorted."""
    return sorted(path.stem for path in FOLDER.glob("*.yaml") if path.stem != "common")


def variants(name: str) -> dict[str, dict]:
    """The networks of a method that its paper names: `{label: {run, features?, source?}}`, at least the default."""
    own = read(name)
    return own.get("variants", {own["name"]: {"run": name}})


def title(name: str) -> str:
    """What a method is called."""
    return read(name)["name"]


def paper(name: str) -> str:
    """Where a method was published."""
    return read(name)["paper"]


@functools.cache
def read(name: str) -> dict:
    """A recipe file as it stands; `common` is the one of the keys that every method has."""
    return yaml.safe_load((FOLDER / f"{name}.yaml").read_text(encoding="utf-8"))


def parse(run: str) -> Run:
    """Split `method[@budget][+key=value…]`.

    Raises:
        RecipeError: if an override has no `=` or a key is given twice.
    """
    head, *parts = run.split("+")
    method, _, budget = head.partition("@")
    overrides: dict[str, str] = {}
    for part in parts:
        key, equals, text = part.partition("=")
        if not equals or not text:
            raise RecipeError(f"run {run!r}: override {part!r} must be written key=value")
        if key in overrides:
            raise RecipeError(f"run {run!r}: key {key!r} is given twice")
        overrides[key] = text
    return Run(method, budget or PUBLISHED, overrides)


def resolve(run: str, layout: str) -> Recipe:
    """The values that a run trains with on a dataset of this layout.

    Raises:
        RecipeError: for an unknown method, budget or key, a value out of range, or a refused combination.
    """
    written = parse(run)
    recipe = _defaults(written, layout)
    for key, text in written.overrides.items():
        if key not in recipe.entries:
            raise RecipeError(f"run {run!r}: unknown key {key!r}{nearest(key, recipe.entries)}")
        entry = recipe.entries[key]
        recipe[key] = _typed(run, key, text, entry)
        recipe.entries[key] = entry | {"source": f"this run; {text_of(entry['value'])} by {entry['source']}"}
    for key, value in recipe.items():
        _check_range(run, key, value, recipe.entries[key])
    _check_combinations(run, recipe, _layers(written))
    _check_needs(run, recipe, _changed(written, recipe))
    return recipe


def canonical(run: str, layout: str) -> str:
    """The one way to write a run: overrides sorted, those that change nothing left out.

    Raises:
        RecipeError: as `resolve`, or if it is too long to name a folder.
    """
    written = parse(run)
    recipe = resolve(run, layout)
    kept = [f"{key}={text_of(recipe[key])}" for key in _changed(written, recipe)]
    budget = "" if written.budget == PUBLISHED else f"@{written.budget}"
    text = "+".join([written.method + budget, *kept])
    if len(text) > LONGEST:
        raise RecipeError(
            f"run {text!r}: {len(text)} characters, but at most {LONGEST} can name a folder; "
            f"put the values into a budget of methods/{written.method}.yaml"
        )
    return text


def _changed(written: Run, recipe: Recipe) -> list[str]:
    """The overridden keys whose value is not their default, sorted."""
    return [key for key in sorted(written.overrides) if recipe[key] != recipe.entries[key]["value"]]


def text_of(value: object) -> str:
    """A value as it is written in a run: `on`, `off`, numbers in their shortest form, lists joined by commas."""
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, float):  # no plus sign, which separates overrides
        return repr(value).removesuffix(".0").replace("e+", "e")
    if isinstance(value, list):
        return ",".join(text_of(item) for item in value)
    return str(value)


def _layers(written: Run) -> list[dict]:
    """The recipe files that a run draws on, lowest first: common, host if it has one, method."""
    if written.method not in names():
        raise RecipeError(f"unknown method {written.method!r}{nearest(written.method, names())}")
    own = read(written.method)
    layers = [read("common"), own]
    if "host" in own["keys"]:
        entry = own["keys"]["host"]
        host = written.overrides.get("host", entry["value"])
        if host not in entry["choices"]:
            raise RecipeError(f"{written.method}: host={host!r}{nearest(host, entry['choices'])}")
        layers.insert(1, read(host))
    return layers


def _defaults(written: Run, layout: str) -> Recipe:
    layers = _layers(written)
    recipe = Recipe()
    recipe.method, recipe.name, recipe.entries = written.method, layers[-1]["name"], {}
    for layer in layers:
        _lay(recipe, layer["keys"])
        _lay(recipe, layer.get("datasets", {}).get(layout, {}))
    known = {PUBLISHED}.union(*(layer.get("budgets", {}) for layer in layers))
    if written.budget not in known:
        raise RecipeError(f"unknown budget {written.budget!r}{nearest(written.budget, known)}")
    for layer in layers:
        budget = layer.get("budgets", {}).get(written.budget, {"values": {}})
        _lay(
            recipe,
            {key: {"value": value, "source": budget["source"]} for key, value in budget["values"].items()},
        )
    return recipe


def _lay(recipe: Recipe, entries: dict[str, dict]) -> None:
    for key, entry in entries.items():
        recipe.entries[key] = recipe.entries.get(key, {}) | entry
        recipe[key] = entry["value"]


def _typed(run: str, key: str, text: str, entry: dict) -> object:
    """An override's text as a value of the key's own type."""
    default = entry["value"]
    try:
        if isinstance(default, list):
            return [_converted(item, default[0]) for item in text.split(",")]
        return _converted(text, default)
    except (ValueError, KeyError):
        one = default[0] if isinstance(default, list) else default
        wanted = {bool: "on or off", int: "a whole number", float: "a number"}[type(one)]
        several = "a list of values, each " if isinstance(default, list) else ""
        raise RecipeError(
            f"run {run!r}: {key}={text!r} must be {several}{wanted}, like its default {text_of(default)}"
        ) from None


def _converted(text: str, like: Any) -> object:
    """Text as a value of the type of `like`; ValueError or KeyError if it is none."""
    if isinstance(like, bool):
        return {"on": True, "true": True, "off": False, "false": False}[text]
    if isinstance(like, float):
        return float(text) + 0.0  # makes -0 the same run as 0
    return type(like)(text)


def _check_range(run: str, key: str, value: Any, entry: dict) -> None:
    if "choices" in entry and value not in entry["choices"]:
        valid = [text_of(choice) for choice in entry["choices"]]
        raise RecipeError(
            f"run {run!r}: {key}={text_of(value)} is none of {', '.join(valid)}{nearest(text_of(value), valid)}"
        )
    low, high = entry.get("min"), entry.get("max")
    for item in value if isinstance(value, list) else [value]:
        if not isinstance(item, str) and not abs(item) <= LARGEST:
            raise RecipeError(f"run {run!r}: {key}={item} is not a number between {-LARGEST:g} and {LARGEST:g}")
        if low is not None and item < low:
            raise RecipeError(
                f"run {run!r}: {key}={text_of(item)} is below its least value; the nearest valid is {text_of(low)}"
            )
        if high is not None and item > high:
            raise RecipeError(
                f"run {run!r}: {key}={text_of(item)} is above its greatest value; the nearest valid is {text_of(high)}"
            )


def _check_combinations(run: str, recipe: Recipe, layers: list[dict]) -> None:
    for layer in layers:
        for rule in layer.get("refuse", []):
            if _holds(rule["when"], recipe):
                key = rule["key"]
                allowed = _nearest_allowed(key, rule["when"], recipe)
                remedy = "" if allowed is None else f"; the nearest valid is {key}={text_of(allowed)}"
                raise RecipeError(f"run {run!r}: {key}={text_of(recipe[key])} is refused: {rule['why']}{remedy}")


def _check_needs(run: str, recipe: Recipe, changed: list[str]) -> None:
    for key in changed:
        needs = recipe.entries[key].get("needs")
        if needs and not _holds(needs, recipe):
            raise RecipeError(
                f"run {run!r}: {key}={text_of(recipe[key])} has no effect without {needs}; leave it at "
                f"{text_of(recipe.entries[key]['value'])}"
            )


def _holds(expression: str, values: dict) -> bool:
    """Evaluate a `when` expression of a recipe file, with `a.b` standing for the key `a.b`."""
    scope: dict[str, object] = {"__builtins__": {}, "sorted": sorted, "min": min, "max": max, "any": any}
    for key, value in values.items():
        group, _, leaf = key.partition(".")
        if leaf:
            setattr(scope.setdefault(group, SimpleNamespace()), leaf, value)
        else:
            scope[group] = value
    return bool(eval(expression, scope))


def _nearest_allowed(key: str, expression: str, recipe: Recipe) -> object | None:
    """The value closest to the refused one that the rule accepts, if the key has few enough candidates to try."""
    entry, value = recipe.entries[key], recipe[key]
    if "choices" in entry:
        candidates = [choice for choice in entry["choices"] if choice != value]
    elif isinstance(value, bool):
        candidates = [not value]
    elif isinstance(value, int):
        span = range(max(entry.get("min", 0), value - 64), min(entry.get("max", value + 64), value + 64) + 1)
        candidates = sorted(span, key=lambda candidate: abs(candidate - value))
    elif isinstance(value, list):
        candidates = [sorted(value), *([item for item in value if item != left_out] for left_out in value)]
    else:
        candidates = []
    return next((c for c in candidates if not _holds(expression, recipe | {key: c})), None)


def nearest(word: str, valid: Iterable[str]) -> str:
    """`; the nearest valid is 'x'`, for the end of a message."""
    close = difflib.get_close_matches(word, sorted(valid), n=1, cutoff=0.0)
    return f"; the nearest valid is {close[0]!r}" if close else ""
