"""locks/ holds what pyproject.toml asks for, every package by its hash: `make lock` writes it anew."""

from __future__ import annotations

import re
from collections.abc import Iterable

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.standins.project import ROOT

EXTRAS = {"deploy": ("deploy",), "tests": ("deploy", "dev")}
ENTRY = re.compile(r"^(?P<name>[a-z0-9][a-z0-9._-]*)==(?P<version>[^ ;\\]+)")


def requirements_of(extras: Iterable[str]) -> list[Requirement]:
    """The requirements of the program itself and of its extras; Python 3.10 has no reader of TOML."""
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    names = ["dependencies", *extras]
    blocks = [re.search(rf"(?ms)^{name} = \[(.*?)\]$", text) for name in names]
    assert all(blocks)
    quoted = [line for block in blocks if block for line in re.findall(r'"([^"]+)"', block[1])]
    return [Requirement(each) for each in quoted]


def locked(name: str) -> dict[str, list[str]]:
    """The versions of each package: there may be one for each of several versions of Python."""
    found: dict[str, list[str]] = {}
    for line in (ROOT / "locks" / f"{name}.txt").read_text(encoding="utf-8").splitlines():
        if (match := ENTRY.match(line)) is not None:
            found.setdefault(canonicalize_name(match["name"]), []).append(match["version"])
    return found


@pytest.mark.parametrize("name", EXTRAS)
def test_what_is_required_is_locked_in_a_version_that_fits(name: str) -> None:
    lock = locked(name)
    required = requirements_of(EXTRAS[name])
    assert len(required) > 5
    unfit = [
        str(each)
        for each in required
        if not lock.get(canonicalize_name(each.name))
        or not all(each.specifier.contains(version) for version in lock[canonicalize_name(each.name)])
    ]
    assert unfit == []


@pytest.mark.parametrize("name", EXTRAS)
def test_every_package_has_its_hashes_and_no_address_is_named(name: str) -> None:
    text = (ROOT / "locks" / f"{name}.txt").read_text(encoding="utf-8")
    entries = re.split(r"(?m)^(?=[a-z0-9])", text)[1:]
    assert len(entries) == sum(map(len, locked(name).values()))
    assert [entry.partition(" ")[0] for entry in entries if "--hash=sha256:" not in entry] == []
    assert "://" not in text
    assert "--index" not in text


def test_the_tests_run_with_the_versions_that_deploy() -> None:
    deploy, tests = locked("deploy"), locked("tests")
    assert {name: tests.get(name) for name in deploy} == deploy


def test_what_deploys_and_demos_needs_none_of_the_large_packages() -> None:
    assert not {"moto", "mypy", "cfn-lint", "hypothesis", "pytest"} & set(locked("deploy"))
