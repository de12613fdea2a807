"""What every ring shares: one certificate authority and one package of the service per run."""

from __future__ import annotations

import hypothesis
import pytest

from tests.standins.certificates import Certificates
from tests.standins.package import REGION, Package, package
from tests.standins.project import STAGE, make_project, with_chalices_domain

# A busy machine is no failure.
hypothesis.settings.register_profile("ring", deadline=None)
hypothesis.settings.load_profile("ring")


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return Certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="session")
def service_package(tmp_path_factory: pytest.TempPathFactory) -> Package:
    """The redirect service with a custom domain, packaged by Chalice."""
    directory = tmp_path_factory.mktemp("service")
    project = make_project(directory / "project", {STAGE: with_chalices_domain(REGION)})
    return package(project, STAGE, directory)
