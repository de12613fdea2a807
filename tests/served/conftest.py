"""Packages, made by Chalice once per run: the service, and a small application to try the stand-ins on."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.standins.package import Package, package

SAMPLE = Path(__file__).with_name("sample_app")
PROJECT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def service_package(tmp_path_factory: pytest.TempPathFactory) -> Package:
    """The redirect service's production stage."""
    return package(PROJECT, "production", tmp_path_factory.mktemp("service"))


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Package:
    directory = tmp_path_factory.mktemp("sample")
    project = directory / "project"
    (project / ".chalice").mkdir(parents=True)
    (project / "app.py").write_bytes((SAMPLE / "app.py").read_bytes())
    (project / "requirements.txt").touch()
    (project / ".chalice" / "config.json").write_bytes((SAMPLE / "config.json").read_bytes())
    return package(project, "dev", directory / "package")
