"""pyproject.toml, requirements.lock and environment.yml describe one environment."""

import re
import sys
import tomllib
from importlib.metadata import distributions, packages_distributions
from pathlib import Path

import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from workflow import imports

LOCK = Path("requirements.lock").read_text(encoding="utf-8")
PIN = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[a-z,]+\])?==(\S+)", re.MULTILINE)
PINNED = dict(PIN.findall(LOCK))


def declared() -> list[Requirement]:
    project = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))["project"]
    return [Requirement(r) for r in project["dependencies"] + project["optional-dependencies"]["test"]]


def test_every_declared_package_is_pinned_within_its_range():
    for requirement in declared():
        version = PINNED.get(canonicalize_name(requirement.name))
        assert version is not None, f"{requirement.name} is not in requirements.lock"
        assert requirement.specifier.contains(version), f"{requirement} against {version}"


def test_what_is_imported_is_declared():
    rooms = {*imports.ROOMS, "tests"}
    provided = packages_distributions()
    used = {name.split(".")[0] for room in rooms for path in imports.sources(room) for name in imports.imports(path)}
    outside = used - rooms - sys.stdlib_module_names
    names = {canonicalize_name(requirement.name) for requirement in declared()}
    missing = {name for name in outside if not names & {canonicalize_name(d) for d in provided.get(name, [name])}}
    assert missing == set()


def test_everything_pinned_has_hashes():
    lines = LOCK.replace("\\\n", " ").splitlines()
    pins = [line for line in lines if PIN.match(line)]
    assert len(pins) == len(PINNED)
    assert all("--hash=sha256:" in line for line in pins)


def test_an_extra_that_a_package_asks_for_is_pinned_with_it():
    """A pin without the extra lets pip look for the newest release, which has no hash here."""
    asked = {
        canonicalize_name(requirement.name): requirement.extras
        for package in distributions()
        for requirement in map(Requirement, package.requires or [])
        if requirement.extras and (requirement.marker is None or requirement.marker.evaluate({"extra": ""}))
        if not any(specifier.operator == "==" for specifier in requirement.specifier)
    }
    lines = [Requirement(line.split(" \\")[0]) for line in LOCK.splitlines() if PIN.match(line)]
    pinned = {canonicalize_name(requirement.name): requirement.extras for requirement in lines}
    assert asked, "nothing asks for an extra any more: this test has no subject"
    assert {name: extras for name, extras in asked.items() if not extras <= pinned[name]} == {}


def test_the_lock_names_no_index():
    assert not re.search(r"--(extra-)?index-url|--find-links|--trusted-host|https?://|file://", LOCK)


def test_conda_installs_the_lock_and_the_same_python():
    environment = yaml.safe_load(Path("environment.yml").read_text(encoding="utf-8"))
    project = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))["project"]
    *packages, pip = environment["dependencies"]
    assert pip == {"pip": ["-r requirements.lock"]}
    assert f"python{project['requires-python']}" in packages
