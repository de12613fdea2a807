"""Fixtures of the clients ring: sandbox, registry, domain, bench, and the matrix after the run."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path

import pytest

from chalicelib.settings import REDIRECT_MODE, RedirectMode
from tests.clients.bench import Bench, end
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
            end("clients run in a mount namespace, which takes Linux and root")
        yield sandbox


@pytest.fixture(scope="session")
def registry(
    sandbox: Sandbox, certificates: Certificates, work: Path, watch: CredentialWatch
) -> Iterator[Registry]:
    for binary in ("docker-registry", "htpasswd"):
        if not sandbox.has(binary, Debian.BOOKWORM):
            end(f"{binary} is not installed")
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


class DomainStarter:
    """Starts the service as it is deployed, and looks at all that passes for credentials."""

    def __init__(
        self, package: Package, certificates: Certificates, work: Path, watch: CredentialWatch
    ) -> None:
        self._package = package
        self._certificates = certificates
        self._work = work
        self._watch = watch

    @contextmanager
    def __call__(
        self,
        name: str,
        mode: RedirectMode,
        *,
        registry: str | None = None,
        token: str | None = None,
        observe: Observer | None = None,
        observe_registry: Observer | None = None,
        observe_edge: PassageObserver | None = None,
        unknowns: Unknowns | None = None,
    ) -> Iterator[Domain]:
        """A domain in front of `registry`; without one, in front of a fake ECR with `token`.

        In mode EDGE a CloudFront is in front of its gateway.
        """
        directory = self._work / name
        directory.mkdir()
        domain = running_domain(
            directory,
            self._package,
            registry=registry,
            token=token,
            variables={REDIRECT_MODE: mode.value},
            name=DOMAIN_NAME,
            observe=self._watch.at_gateway(mode, observe),
            observe_registry=observe_registry,
            observe_edge=self._watch.at_edge(observe_edge),
            unknowns=unknowns,
            certificates=self._certificates,
        )
        with domain as running, self._watch.over(running):
            self._watch.know(Secret(USER, running.ecr.token))
            yield running


@pytest.fixture(scope="session")
def start_domain(
    service_package: Package,
    certificates: Certificates,
    tmp_path_factory: pytest.TempPathFactory,
    watch: CredentialWatch,
) -> DomainStarter:
    return DomainStarter(service_package, certificates, tmp_path_factory.mktemp("domains"), watch)


DomainIn = Callable[[RedirectMode], Domain]
"""The domain in a mode, started when it is first wanted, for the whole run."""


@pytest.fixture(scope="session")
def domain_in(registry: Registry, start_domain: DomainStarter) -> Iterator[DomainIn]:
    """In front of the real registry."""
    with ExitStack() as stack:
        yield cache(
            lambda mode: stack.enter_context(start_domain(mode.value, mode, registry=registry.authority))
        )


@pytest.fixture(scope="session")
def ecr_domain_in(start_domain: DomainStarter) -> Iterator[DomainIn]:
    """In front of a fake ECR, whose token is as long as ECR's longest."""
    token = authorization_token(5000)
    with ExitStack() as stack:
        yield cache(lambda mode: stack.enter_context(start_domain(f"{mode.value}-ecr", mode, token=token)))


@pytest.fixture
def domain(mode: RedirectMode, domain_in: DomainIn) -> Domain:
    """The domain in the mode that the test is parametrized with."""
    return domain_in(mode)


@pytest.fixture
def ecr_domain(mode: RedirectMode, ecr_domain_in: DomainIn) -> Domain:
    return ecr_domain_in(mode)
