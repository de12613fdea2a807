"""What the served ring runs: both fronts with a registry behind them, and a small application for the
stand-ins' own tests. Chalice packages each once per run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.served.fronts import Front
from tests.standins.chalice_local import ChaliceLocal
from tests.standins.domain import Domain, running_domain
from tests.standins.ecr import FakeEcr
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


@pytest.fixture(scope="session")
def chalice_local(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    """`chalice local` speaks plain HTTP, and so does the registry behind it here."""
    log_file = tmp_path_factory.mktemp("chalice-local") / "log"
    with FakeEcr(None) as ecr, ChaliceLocal(ecr.origin, log_file) as server:
        yield Front(server.origin, ecr, lambda: server.log)


@pytest.fixture(scope="session")
def local_edge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    """`chalice local` in mode `edge`."""
    log_file = tmp_path_factory.mktemp("chalice-local-edge") / "log"
    with FakeEcr(None) as ecr, ChaliceLocal(ecr.origin, log_file, mode="edge") as server:
        yield Front(server.origin, ecr, lambda: server.log)


@pytest.fixture(scope="session")
def domain(service_package: Package, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Domain]:
    with running_domain(tmp_path_factory.mktemp("domain"), service_package) as running:
        yield running


@pytest.fixture(scope="session")
def gateway(domain: Domain) -> Front:
    """The packaged zip behind the REST API, TLS throughout."""
    tls = domain.certificates.client_context()
    return Front(domain.gateway.origin, domain.ecr, lambda: "\n".join(domain.log), tls)


@pytest.fixture(params=["chalice_local", "gateway"])
def front(request: pytest.FixtureRequest) -> Front:
    front: Front = request.getfixturevalue(request.param)
    front.ecr.faults.clear()
    return front
