"""A small Chalice application, packaged by Chalice, to try the stand-ins for Lambda and the gateway on."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.standins.package import Package, package

SAMPLE = Path(__file__).with_name("sample_app")


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Package:
    directory = tmp_path_factory.mktemp("sample")
    project = directory / "project"
    (project / ".chalice").mkdir(parents=True)
    (project / "app.py").write_bytes((SAMPLE / "app.py").read_bytes())
    (project / "requirements.txt").touch()
    (project / ".chalice" / "config.json").write_bytes((SAMPLE / "config.json").read_bytes())
    return package(project, "dev", directory / "package")
