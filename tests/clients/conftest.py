"""Fixtures of the clients ring: sandbox, registry, domain, bench, and the matrix after the run."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import NoReturn, Protocol

import pytest

from chalicelib.settings import REDIRECT_MODE, RedirectMode
from tests.clients.bench import Bench
from tests.clients.client import Client
from tests.clients.credential_helper import InstalledHelper
from tests.clients.credential_watch import CredentialWatch
from tests.clients.deployment import deploy
from tests.clients.matrix import MATRIX_VARIABLE, Matrix, read_rows, write_rows
from tests.clients.registry import USER, Registry
from tests.clients.sandbox import DOMAIN_NAME, Debian, NoNamespace, Sandbox
from tests.clients.secret import Secret
from tests.helper.fake_aws import fake_aws
from tests.standins.certificates import Certificates
from tests.standins.cloudfront.passage import PassageObserver
from tests.standins.cloudfront.unknowns import Unknowns
from tests.standins.domain import Domain, running_domain
from tests.standins.ecr import authorization_token
from tests.standins.http_message import Observer
from tests.standins.package import Package

_REQUIRED = os.environ.get("REQUIRE_CLIENTS") == "1"
_CACHE = Path(os.environ.get("CLIENTS_CACHE", Path(__file__).parents[2] / ".clients"))
_MATRIX = pytest.StashKey[Matrix]()
RECORDING = MATRIX_VARIABLE in os.environ
"""Whether this run's results are to be stored, instead of being compared with what is."""


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_MATRIX] = Matrix([] if RECORDING else read_rows())


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, exitstatus: pytest.ExitCode, config: pytest.Config
) -> None:
    matrix = config.stash[_MATRIX]
    if not matrix.rows:
        return
    terminalreporter.section("clients through the custom domain")
    for line in matrix.lines():
        terminalreporter.write_line(line)
    if RECORDING and exitstatus == pytest.ExitCode.OK:
        write_rows(matrix.rows)


def require(client: Client, sandbox: Sandbox) -> None:
    """Ends the test where the client, or its daemon, is missing."""
    if binary := client.missing(sandbox):
        _end(f"{binary} is not installed")


def _end(reason: str) -> NoReturn:
    """A skip, or a failure where clients are required."""
    if _REQUIRED:
        pytest.fail(f"{reason} (tests/clients/install installs what this ring needs)", pytrace=False)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def matrix(request: pytest.FixtureRequest) -> Matrix:
    return request.config.stash[_MATRIX]


@pytest.fixture(scope="session")
def watch() -> CredentialWatch:
    return CredentialWatch()


@pytest.fixture(autouse=True)
def no_credential_astray(watch: CredentialWatch) -> Iterator[None]:
    """Whatever a test of this ring is about, nothing that passes may show a credential."""
    yield
    assert watch.faults() == []


@pytest.fixture(scope="session")
def work() -> Iterator[Path]:
    """Not pytest's own directory: podman takes no run root of more than 50 characters."""
    with tempfile.TemporaryDirectory(prefix="ecr-", ignore_cleanup_errors=True) as directory:
        yield Path(directory)


@pytest.fixture(scope="session")
def sandbox(work: Path, certificates: Certificates) -> Iterator[Sandbox]:
    with ExitStack() as stack:
        sandbox = Sandbox(work, _CACHE.resolve(), certificates.authority_pem.read_bytes())
        try:
            stack.enter_context(sandbox)
        except (NoNamespace, FileNotFoundError):
            _end("clients run in a mount namespace, which takes Linux and root")
        yield sandbox


@pytest.fixture(scope="session")
def registry(
    sandbox: Sandbox, certificates: Certificates, work: Path, watch: CredentialWatch
) -> Iterator[Registry]:
    for binary in ("docker-registry", "htpasswd"):
        if not sandbox.has(binary, Debian.BOOKWORM):
            _end(f"{binary} is not installed")
    with Registry(sandbox, certificates, work / "registry") as registry:
        watch.know(Secret(USER, registry.token))
        yield registry


@pytest.fixture(scope="session")
def bench(sandbox: Sandbox, work: Path) -> Iterator[Bench]:
    (work / "bench").mkdir()
    with fake_aws() as aws:
        bench = Bench(sandbox, work / "bench", InstalledHelper(sandbox, work / "helper", work, aws))
        try:
            yield bench
        finally:
            bench.stop()


@pytest.fixture(scope="session")
def service_package(tmp_path_factory: pytest.TempPathFactory) -> Package:
    """Not as it is packaged, as in the other rings, but as it is deployed."""
    return deploy(tmp_path_factory.mktemp("deployment"))


class Start(Protocol):
    """Starts a custom domain in front of `registry`; without one, in front of a fake ECR with `token`.

    In mode EDGE a CloudFront is in front of its gateway.
    """

    def __call__(
        self,
        name: str,
        *,
        registry: str | None = None,
        token: str | None = None,
        mode: RedirectMode = RedirectMode.RELAY,
        observe: Observer | None = None,
        observe_registry: Observer | None = None,
        observe_edge: PassageObserver | None = None,
        unknowns: Unknowns | None = None,
    ) -> AbstractContextManager[Domain]: ...


@pytest.fixture(scope="session")
def start_domain(
    service_package: Package,
    certificates: Certificates,
    tmp_path_factory: pytest.TempPathFactory,
    watch: CredentialWatch,
) -> Start:
    @contextmanager
    def start(
        name: str,
        *,
        registry: str | None = None,
        token: str | None = None,
        mode: RedirectMode = RedirectMode.RELAY,
        observe: Observer | None = None,
        observe_registry: Observer | None = None,
        observe_edge: PassageObserver | None = None,
        unknowns: Unknowns | None = None,
    ) -> Iterator[Domain]:
        domain = running_domain(
            tmp_path_factory.mktemp(name),
            service_package,
            registry=registry,
            token=token,
            variables={REDIRECT_MODE: mode.value},
            name=DOMAIN_NAME,
            observe=watch.at_gateway(mode, observe),
            observe_registry=observe_registry,
            observe_edge=watch.at_edge(observe_edge),
            unknowns=unknowns,
            certificates=certificates,
        )
        with domain as running, watch.over(running):
            watch.know(Secret(USER, running.ecr.token))
            yield running

    return start


@pytest.fixture(scope="session")
def edge_domain(registry: Registry, start_domain: Start) -> Iterator[Domain]:
    """The service as `infra up` deploys it, in front of the real registry."""
    with start_domain("edge", registry=registry.authority, mode=RedirectMode.EDGE) as running:
        yield running


@pytest.fixture(scope="session")
def relay_domain(registry: Registry, start_domain: Start) -> Iterator[Domain]:
    """The service as `chalice deploy` deploys it, in front of the real registry."""
    with start_domain("relay", registry=registry.authority) as running:
        yield running


@pytest.fixture(scope="session")
def plain_domain(registry: Registry, start_domain: Start) -> Iterator[Domain]:
    with start_domain("plain", registry=registry.authority, mode=RedirectMode.PLAIN) as running:
        yield running


@pytest.fixture(scope="session")
def edge_ecr_domain(start_domain: Start) -> Iterator[Domain]:
    """In front of the fake ECR, whose token is as long as ECR's longest; so is the next."""
    with start_domain("edge-ecr", token=authorization_token(5000), mode=RedirectMode.EDGE) as running:
        yield running


@pytest.fixture(scope="session")
def relay_ecr_domain(start_domain: Start) -> Iterator[Domain]:
    with start_domain("relay-ecr", token=authorization_token(5000)) as running:
        yield running


@pytest.fixture
def domain(mode: RedirectMode, request: pytest.FixtureRequest) -> Domain:
    """The domain in the mode that the test is parametrized with."""
    found: Domain = request.getfixturevalue(f"{mode.value}_domain")
    return found


@pytest.fixture
def ecr_domain(mode: RedirectMode, request: pytest.FixtureRequest) -> Domain:
    found: Domain = request.getfixturevalue(f"{mode.value}_ecr_domain")
    return found
