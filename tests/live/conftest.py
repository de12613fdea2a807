"""What the live ring asks, and the report that it writes at the end."""

from __future__ import annotations

import http.client
import os
import ssl
import sys
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest

from chalicelib.registry_host import InvalidRegistry, RegistryHost
from tests.live.live_domain import LiveDomain, LiveMode
from tests.live.live_report import LiveReport
from tests.live.live_repository import LiveRepository
from tests.live.user_credentials import NoCredentials, UserCredentials

REPORT = Path(os.environ.get("LIVE_REPORT") or "build/live-report.json")
_WRITTEN = pytest.StashKey[LiveReport]()


@pytest.fixture(scope="session")
def live() -> LiveDomain:
    """The domain, or a skip where none is named."""
    domain = os.environ.get("DOMAIN")
    if not domain:
        pytest.skip("DOMAIN is not set: make live DOMAIN=ecr.example.com [REPOSITORY=team/live]")
    try:
        authority = RegistryHost.parse(domain).authority
    except InvalidRegistry as error:
        pytest.exit(f"DOMAIN={error.value!r} is not a name; expected HOST, such as ecr.example.com", 2)
    return LiveDomain(authority, ssl.create_default_context())


@pytest.fixture(scope="session")
def mode(live: LiveDomain) -> LiveMode:
    """The domain's mode; where it does not respond, all that follows would fail for that one reason."""
    try:
        return live.mode
    except (OSError, http.client.HTTPException) as error:
        reason = (
            getattr(error, "verify_message", "") or getattr(error, "strerror", "") or type(error).__name__
        )
        pytest.exit(f"{live.authority} does not respond ({reason}); see docs/troubleshooting.md", 2)


@pytest.fixture(scope="session")
def edge(live: LiveDomain, mode: LiveMode) -> str:
    """The path that leads to the registry through CloudFront, or a skip where it is not in front."""
    if mode is not LiveMode.EDGE:
        pytest.skip(f"the domain runs in mode {mode.value}")
    return f"/_registry/{live.registry}"


@pytest.fixture(scope="session")
def report(live: LiveDomain, mode: LiveMode, pytestconfig: pytest.Config) -> Iterator[LiveReport]:
    report = LiveReport(live.authority, os.environ.get("REPOSITORY", ""))
    pytestconfig.stash[_WRITTEN] = report
    yield report
    report.write(REPORT, {"mode": mode.value, "python": sys.version.split()[0]})


@pytest.fixture(scope="session")
def repository(live: LiveDomain, mode: LiveMode, report: LiveReport) -> LiveRepository:
    """A repository that may be written to, or a skip."""
    if mode is LiveMode.PLAIN:
        pytest.skip("in mode plain a push goes to the registry itself")
    name = os.environ.get("REPOSITORY")
    if not name:
        pytest.skip("REPOSITORY is not set, so nothing is pushed")
    try:
        credentials = UserCredentials.of(live.authority)
    except NoCredentials as error:
        pytest.fail(str(error), pytrace=False)
    report.secrets += credentials.secrets
    return LiveRepository(live, name, credentials)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    outcome = yield
    report = item.config.stash.get(_WRITTEN, None)
    if report is not None and (outcome.when == "call" or outcome.skipped):
        report.outcomes[f"{item.path.name}::{item.name}"] = outcome.outcome
    return outcome


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if terminalreporter.config.stash.get(_WRITTEN, None) is not None and REPORT.exists():
        terminalreporter.write_line(f"what AWS does is in {REPORT}; docs/live.md says what to do with it")
