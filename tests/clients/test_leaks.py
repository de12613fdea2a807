"""No client prints or logs the token, whatever the registry answers; nor do our function, gateway and edge.

Each client runs at its most talkative level, in both modes, against a registry that lets it in and refuses
one step of what it does: every step and every manner of refusal for every client, so that together the
clients meet every pair of both. CLIENTS_LEAKS=all, which `make leaks` sets, runs every step in every manner
with every client. What passes gateway and CloudFront is looked at by the ring's watch.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from urllib.parse import quote

import pytest

from chalicelib.settings import RedirectMode
from tests.clients.bench import Bench
from tests.clients.client import (
    BUILDAH,
    CRANE,
    DOCKER_CLASSIC,
    DOCKER_CONTAINERD,
    PODMAN,
    SKOPEO,
    Client,
)
from tests.clients.conftest import DomainStarter
from tests.clients.credential_watch import CredentialWatch
from tests.clients.matrix import Matrix, MatrixRow
from tests.clients.operation import (
    PULL,
    PUSH,
    Operation,
)
from tests.clients.refusal_plan import RefusedRun, covering, everything
from tests.clients.refused_client import location_kinds, refused_rows, run_refused
from tests.clients.refusing_registry import NAMES, Manner, PlannedRefusal, RefusedStep, RefusingRegistry
from tests.clients.registry import USER
from tests.clients.row import Row
from tests.clients.sandbox import DOMAIN_NAME, Debian, Result
from tests.clients.secret import Secret
from tests.clients.table import ROWS
from tests.standins.certificates import Certificates
from tests.standins.http_message import HttpRequest, HttpResponse
from tests.standins.http_server import HttpServer

_ALL = os.environ.get("CLIENTS_LEAKS") == "all"
_OURS = (RedirectMode.EDGE, RedirectMode.RELAY)
_AT_A_TIME = 2


_CLIENTS = tuple(dict.fromkeys(row.client for row in ROWS))
_CASES = [
    pytest.param(
        mode, number, id=f"{mode.value}-{client.name}-{client.debian.name.lower()}".replace(" ", "-")
    )
    for mode in _OURS
    for number, client in enumerate(_CLIENTS)
]


@pytest.fixture(scope="module")
def refusing(certificates: Certificates, watch: CredentialWatch) -> Iterator[RefusingRegistry]:
    with RefusingRegistry(certificates.server_context(*NAMES)) as registry:
        watch.know(Secret(USER, registry.token))
        yield registry


@dataclasses.dataclass(frozen=True)
class Logged:
    """A domain, and the access log of its gateway: what API Gateway can write of a request."""

    authority: str
    access_log: list[str]


@pytest.fixture(scope="module")
def refused_domains(
    refusing: RefusingRegistry, start_domain: DomainStarter
) -> Iterator[Mapping[RedirectMode, Logged]]:
    with ExitStack() as stack:

        def start(mode: RedirectMode) -> Logged:
            log: list[str] = []

            def observe(request: HttpRequest, response: HttpResponse) -> None:
                agent = request.value("User-Agent")
                log.append(f"{request.method} {request.target} {agent} {response.status}")

            domain = start_domain(f"refused-{mode.value}", mode, registry=refusing.authority, observe=observe)
            return Logged(stack.enter_context(domain).authority, log)

        yield {mode: start(mode) for mode in _OURS}


@pytest.mark.parametrize(("mode", "number"), _CASES)
def test_nothing_shows_the_token(
    mode: RedirectMode,
    number: int,
    refused_domains: Mapping[RedirectMode, Logged],
    refusing: RefusingRegistry,
    bench: Bench,
    matrix: Matrix,
) -> None:
    client = _CLIENTS[number]
    bench.require(client)
    domain = refused_domains[mode]
    secret = Secret(USER, refusing.token)
    log_before, requests_before = len(bench.daemon_log(client)), len(refusing.bucket.requests)

    def traces(run: Row | RefusedRun, result: Result) -> list[str]:
        lines = result.output.splitlines(keepends=True)
        searched = "".join(line for line in lines if not line.startswith(client.own_credentials))
        return [f"{run}: {trace} in its output:\n{result}" for trace in secret.traces(searched)]

    def refused(run: RefusedRun) -> list[str]:
        result, conversation = run_refused(
            run.row, domain.authority, refusing, bench, run.refusal, run.relative
        )
        assert conversation.refused, f"{run}: nothing was refused:\n{result}"
        return traces(run, result)

    kinds = location_kinds(client, mode)
    leaks: list[str] = []
    requests: dict[Row, dict[RefusedStep, int]] = {}
    for row in refused_rows(client, mode):
        # Without a refusal it works, which shows the steps that there are.
        result, conversation = run_refused(row, domain.authority, refusing, bench, None, relative=kinds[-1])
        assert result.ok, result
        leaks += traces(row, result)
        requests[row] = dict(conversation.requests)
    shift = 3 * number + 5 * (mode is RedirectMode.RELAY)
    runs = everything(requests, kinds) if _ALL else covering(requests, kinds, shift)
    # A ping does not say whose it is.
    pings = [run for run in runs if run.refusal.step is RefusedStep.PING]
    for run in pings:
        leaks += refused(run)
    pool = ThreadPoolExecutor(_AT_A_TIME)
    try:
        for found in pool.map(refused, (run for run in runs if run not in pings)):
            leaks += found
    finally:
        pool.shutdown(cancel_futures=True)
    places = {
        "its daemon's log": bench.daemon_log(client)[log_before:],
        "the gateway's access log": "\n".join(domain.access_log),
        "the layer bucket's requests": "\n".join(map(str, refusing.bucket.requests[requests_before:])),
    }
    leaks += [f"{trace} in {place}" for place, text in places.items() for trace in secret.traces(text)]
    for row in requests:
        count = sum(run.row is row for run in runs)
        cell = (
            "fails: it shows the token"
            if leaks
            else f"shows no token, {count} refusal{'s' if count > 1 else ''}"
        )
        matrix.add(
            MatrixRow(
                client.name,
                client.debian.value,
                bench.version(client),
                f"{row.label}, refused by the registry",
                row.credentials,
                **{mode.value: cell},
            )
        )
    assert not leaks, "\n".join(leaks)


Carrying = tuple[RefusingRegistry, HttpServer]


@pytest.fixture
def carrying(certificates: Certificates) -> Iterator[Carrying]:
    """A domain that puts everybody's credentials into the redirect's URL, and the registry behind it. They
    have a token of their own, since these tests do bring it into logs."""
    with RefusingRegistry(certificates.server_context(*NAMES)) as registry:
        user_info = f"{USER}:{quote(registry.token, safe='')}"

        def respond(request: HttpRequest) -> HttpResponse:
            if request.value("Authorization") is None:
                return HttpResponse(401, (("WWW-Authenticate", 'Basic realm="everybody"'),))
            location = f"https://{user_info}@{registry.authority}{request.target}"
            return HttpResponse(307, (("Location", location),))

        context = certificates.server_context(DOMAIN_NAME)
        with HttpServer(respond, context=context, name=DOMAIN_NAME) as front:
            yield registry, front


def _traces_when_carried(
    client: Client, operation: Operation, refusal: PlannedRefusal, carrying: Carrying, bench: Bench
) -> list[str]:
    registry, front = carrying
    row = next(row for row in refused_rows(client, RedirectMode.EDGE) if row.operation is operation)
    result, conversation = run_refused(row, front.authority, registry, bench, refusal, relative=True)
    assert conversation.refused, f"nothing was refused:\n{result}"
    return Secret(USER, registry.token).traces(result.output)


# Their own families, their own ways of printing an error; Docker's goes through its daemon.
@pytest.mark.parametrize(
    "client",
    [SKOPEO[Debian.BOOKWORM], DOCKER_CLASSIC[Debian.BOOKWORM], CRANE],
    ids=lambda client: client.name.split()[0],
)
def test_an_error_that_repeats_the_credentials_is_found(
    client: Client, carrying: Carrying, bench: Bench
) -> None:
    """The search can fail: the same run finds what a registry's own words give away."""
    refusal = PlannedRefusal(RefusedStep.MANIFEST_GET, Manner.FORBIDDEN, aloud=True)
    assert "the Basic credentials" in _traces_when_carried(client, PULL, refusal, carrying, bench)


# What each says of a redirect's URL that holds the credentials, and of a relative Location under it.
@pytest.mark.parametrize(
    ("client", "operation", "step"),
    [
        pytest.param(CRANE, PULL, RefusedStep.MANIFEST_GET, id="crane-pull"),
        pytest.param(DOCKER_CONTAINERD[Debian.TRIXIE], PULL, RefusedStep.MANIFEST_HEAD, id="docker-pull"),
        *(
            pytest.param(
                client, PUSH, RefusedStep.CLOSING_PUT, id=f"{client.name}-{debian.name.lower()}-push"
            )
            for clients in (SKOPEO, PODMAN, BUILDAH)
            for debian, client in clients.items()
        ),
    ],
)
def test_a_credential_that_is_carried_in_a_url_is_found(
    client: Client, operation: Operation, step: RefusedStep, carrying: Carrying, bench: Bench
) -> None:
    """Why no Location of ours ever holds user info: clients print it, and so the search finds it."""
    refusal = PlannedRefusal(step, Manner.FORBIDDEN)
    assert "a part of the token" in _traces_when_carried(client, operation, refusal, carrying, bench)
