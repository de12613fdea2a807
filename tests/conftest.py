"""What every ring shares: one certificate authority and one package of the service per run."""

from __future__ import annotations

from pathlib import Path

import hypothesis
import pytest

from tests.standins.certificates import Certificates
from tests.standins.package import Package, package

_PROJECT = Path(__file__).parents[1]

# A busy machine is no failure.
hypothesis.settings.register_profile("ring", deadline=None)
hypothesis.settings.load_profile("ring")


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return Certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="session")
def service_package(tmp_path_factory: pytest.TempPathFactory) -> Package:
    """The redirect service's production stage, packaged by Chalice."""
    return package(_PROJECT, "production", tmp_path_factory.mktemp("service"))
