"""What the project promises to contributors: CI, issue forms, hooks, versions."""

from __future__ import annotations

import re
from importlib.metadata import metadata
from pathlib import Path
from typing import Any

import pytest
import yaml

import chalicelib
import credhelper
from tests.docs.json_schema import schema_errors
from tests.docs.markdown_page import ROOT

GITHUB = ROOT / ".github"
FORMS = sorted((GITHUB / "ISSUE_TEMPLATE").glob("*.yml"))
_RELEASE = re.compile(r"^## \[(?P<version>[\w.]+)\](?: - (?P<date>\d{4}-\d\d-\d\d))?$", re.M)
_REFERENCE = re.compile(r"^\[(?P<version>[\w.]+)\]: \S+$", re.M)


def _read(path: Path) -> Any:  # noqa: ANN401
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def _workflow() -> dict[str, Any]:
    workflow: dict[str, Any] = _read(GITHUB / "workflows" / "ci.yml")
    return workflow


def test_the_workflow_fits_githubs_schema() -> None:
    assert schema_errors("vendor.github-workflows", _workflow()) == []


def test_the_workflow_pins_its_actions_and_may_write_nothing() -> None:
    steps = [step for job in _workflow()["jobs"].values() for step in job["steps"]]
    used = [step["uses"] for step in steps if "uses" in step]
    assert [action for action in used if not re.fullmatch(r"[\w/-]+@[0-9a-f]{40}", action)] == []
    assert _workflow()["permissions"] == {"contents": "read"}


def test_the_workflow_runs_the_gate_and_every_ring_without_root() -> None:
    commands = [step["run"] for step in _workflow()["jobs"]["check"]["steps"] if "run" in step]
    assert "make check PYTHON=python" in commands
    (rings,) = [line for line in commands if line.startswith(".venv/bin/pytest")]
    left_out = set(re.findall(r"--ignore (\S+)", rings))
    check = (ROOT / "Makefile").read_text().partition("\ncheck:")[2].partition("\n\n")[0]
    in_the_gate = set(re.findall(r"tests/\w+", check))
    assert left_out == in_the_gate | {"tests/clients"}


def test_every_python_that_is_supported_is_tested() -> None:
    """The project from 3.10 on; the helper may support what its machines still have."""
    package = metadata("docker-credential-ecr-custom")
    classified = re.findall(r":: (3\.\d+)$", "\n".join(package.get_all("Classifier") or []), re.M)
    tested = _workflow()["jobs"]["check"]["strategy"]["matrix"]["python"]
    assert tested == classified[classified.index("3.10") :]
    assert package["Requires-Python"] == f">={classified[0]}"


@pytest.mark.parametrize("path", FORMS, ids=lambda path: path.stem)
def test_issue_forms_fit_githubs_schema(path: Path) -> None:
    schema = "vendor.github-issue-config" if path.stem == "config" else "vendor.github-issue-forms"
    assert schema_errors(schema, _read(path)) == []


def test_a_problem_comes_with_what_both_doctors_say() -> None:
    labels = {
        item["attributes"].get("label") for item in _read(GITHUB / "ISSUE_TEMPLATE/problem.yml")["body"]
    }
    assert {"docker-credential-ecr-custom doctor --json", ".venv/bin/ecr-domain doctor --json"} <= labels


def test_the_hooks_are_the_checks_of_the_gate_with_its_own_tools() -> None:
    hooks = [hook for repo in _read(ROOT / ".pre-commit-config.yaml")["repos"] for hook in repo["hooks"]]
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8").replace("$(BIN)", ".venv/bin")
    for hook in hooks:
        assert hook["language"] == "system"
        assert hook["entry"] in makefile


def test_the_changelog_has_dates_in_order_and_ends_with_the_version_of_the_code() -> None:
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    releases = [(release["version"], release["date"]) for release in _RELEASE.finditer(text)]
    assert releases[0] == ("Unreleased", None)
    dates = [date for _, date in releases[1:]]
    assert dates == sorted(dates, reverse=True)
    assert releases[1][0] == credhelper.VERSION == chalicelib.VERSION
    recipes = (ROOT / "docs/recipes.md").read_text(encoding="utf-8")
    assert set(re.findall(r"-([\w.]+)-py3-none-any\.whl", recipes)) == {credhelper.VERSION}
    assert {each["version"] for each in _REFERENCE.finditer(text)} == {version for version, _ in releases}
