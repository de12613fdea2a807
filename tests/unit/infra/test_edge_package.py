"""`make package REGISTRIES=...`: the edge's template, or one line and no file."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.standins.project import ROOT

EDGE = Path("build/cloudformation/edge.json")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """What the target reads, with a `chalice` that makes its directories alone."""
    if shutil.which("make") is None:
        pytest.skip("make is not installed")
    shutil.copy(ROOT / "Makefile", tmp_path)
    for name in ("infra", "chalicelib"):
        (tmp_path / name).symlink_to(ROOT / name)
    for name in ("pyproject.toml", "locks/deploy.txt", ".venv/installed"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "bin").mkdir()
    for name, line in (
        ("chalice", "mkdir -p build/cloudformation terraform"),
        ("python", f'exec "{sys.executable}" "$@"'),
    ):
        (tmp_path / "bin" / name).write_text(f"#!/bin/sh\n{line}\n")
        (tmp_path / "bin" / name).chmod(0o755)
    return tmp_path


def package(project: Path, registries: str) -> subprocess.CompletedProcess[str]:
    command = ("make", "package", "BIN=bin", f"REGISTRIES={registries}")
    # The tests are run by a make of their own, which must not speak here.
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))
    }
    return subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True, check=False)


def test_a_registry_that_is_named_gets_its_template(project: Path) -> None:
    done = package(project, "123456789012.dkr.ecr.us-west-2.amazonaws.com")
    assert done.returncode == 0, done.stderr
    assert "build/cloudformation" in done.stdout.splitlines()[-1]
    assert "Resources" in json.loads((project / EDGE).read_text())


@pytest.mark.parametrize(
    ("registry", "words"),
    [
        ("https://x/y", "'https://x/y' is not a valid registry host"),
        ("http://localhost:5000", "CloudFront cannot ask 'http://localhost:5000'"),
    ],
)
def test_what_cannot_be_served_is_one_line_and_no_file(project: Path, registry: str, words: str) -> None:
    done = package(project, registry)
    assert done.returncode != 0
    (line,) = [line for line in done.stderr.splitlines() if not line.startswith("make: ")]
    assert words in line
    assert not (project / EDGE).exists()
    assert not list((project / "build").glob("*.partial"))


@pytest.mark.parametrize("registries", ["", "https://x/y"])
def test_the_edge_of_an_earlier_call_does_not_stay(project: Path, registries: str) -> None:
    assert package(project, "123456789012.dkr.ecr.us-west-2.amazonaws.com").returncode == 0
    done = package(project, registries)
    assert not (project / EDGE).exists()
    assert ("without the edge" in done.stdout) is (done.returncode == 0) is (not registries)
