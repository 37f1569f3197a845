"""What is installed is written down exactly: pins, hashes, and no place to get it from."""

import json
import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LOCKS = ["requirements.lock", "requirements-dev.lock", "tests/servers/rclone.txt"]
PIN = re.compile(r"^([a-z0-9-]+)(?:\[[a-z,]+\])?==([^\s;]+)", re.MULTILINE)


def _pins(name: str) -> dict[str, str]:
    return dict(PIN.findall((ROOT / name).read_text()))


def _declared() -> dict[str, list[str]]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return {"requirements.lock": project["dependencies"], **project["optional-dependencies"]}


@pytest.mark.parametrize("name", LOCKS)
def test_every_package_of_a_lock_has_a_hash_and_no_address(name: str) -> None:
    text = (ROOT / name).read_text()
    entries = re.split(r"\n(?=[a-z])", re.sub(r"^#.*\n", "", text, flags=re.MULTILINE).strip())
    assert [entry.split("\n")[0] for entry in entries if "--hash=sha256:" not in entry] == []
    assert "://" not in text
    assert "--index-url" not in text


def test_every_dependency_is_pinned_and_locked_as_declared() -> None:
    for requirement in [text for group in _declared().values() for text in group]:
        match = PIN.match(requirement)
        assert match, f"{requirement} has no exact pin"
        assert _pins("requirements-dev.lock")[match.group(1)] == match.group(2), "run `make lock`"


def test_tests_run_on_the_versions_that_the_shop_runs_on() -> None:
    shop, tests = _pins("requirements.lock"), _pins("requirements-dev.lock")
    assert {name: tests.get(name) for name in shop} == shop


def test_shop_does_not_install_what_only_tests_need() -> None:
    for requirement in _declared()["dev"]:
        assert requirement.split("==")[0] not in _pins("requirements.lock")


def test_lock_of_lighthouse_is_checked_and_names_no_registry() -> None:
    lock = json.loads((ROOT / "tests/servers/lighthouse/package-lock.json").read_text())
    packages = {name: package for name, package in lock["packages"].items() if name}
    assert [name for name, package in packages.items() if "resolved" in package] == []
    assert [name for name, package in packages.items() if "integrity" not in package] == []
