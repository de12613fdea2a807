"""No client prints or logs the token, whatever the registry answers; nor do our function and gateway.

The families that are carried (their credentials go into a redirect's URL) must never show that URL.
Each client runs at its most talkative level against a registry that lets it in and then refuses.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote

import pytest

from chalicelib.settings import RedirectMode
from tests.clients.bench import Account, Bench
from tests.clients.client import CRANE, DOCKER_CLASSIC, DOCKER_CONTAINERD, SKOPEO, Client
from tests.clients.conftest import Start, require
from tests.clients.image import Image
from tests.clients.matrix import Matrix, MatrixRow
from tests.clients.operation import (
    BASE_IMAGE,
    BUILD,
    LOGIN,
    PULL,
    PUSH,
    TAG,
    write_base_context,
    write_build_context,
    write_image,
)
from tests.clients.refusing_registry import NAMES, Kind, Refusal, RefusingRegistry
from tests.clients.registry import USER, registry_token
from tests.clients.row import SMALL, Row
from tests.clients.sandbox import DOMAIN_NAME, Debian, Result
from tests.clients.secret import Secret
from tests.clients.table import ROWS
from tests.standins.certificates import Certificates
from tests.standins.domain import Domain
from tests.standins.http_message import Request, Response
from tests.standins.http_server import HttpServer

_STATUSES = (403, 404, 500)
_KINDS = {
    LOGIN: (Kind.PING,),
    PULL: (Kind.MANIFESTS, Kind.BLOBS),
    BASE_IMAGE: (Kind.MANIFESTS, Kind.BLOBS),
    PUSH: (Kind.BLOBS, Kind.UPLOADS, Kind.MANIFESTS),
    BUILD: (Kind.BLOBS, Kind.UPLOADS, Kind.MANIFESTS),
}
# Docker pushes again after 5 s, 10 s and so on, and says the same each time.
_PATIENCE = 4.0

_REFUSED_ROWS = tuple(
    dataclasses.replace(row, layer_sizes=SMALL)
    for row in ROWS
    if row.operation in _KINDS and row.works_in(RedirectMode.RELAY)
)


@pytest.fixture(scope="module")
def refusing(certificates: Certificates) -> Iterator[RefusingRegistry]:
    with RefusingRegistry(certificates.server_context(*NAMES)) as registry:
        yield registry


@dataclass(frozen=True)
class Logged:
    """A domain and the access log of its gateway: what API Gateway can be told to write of a request."""

    domain: Domain
    access_log: list[str]

    @property
    def authority(self) -> str:
        return self.domain.authority


@pytest.fixture(scope="module")
def refused_domain(refusing: RefusingRegistry, start_domain: Start) -> Iterator[Logged]:
    log: list[str] = []

    def observe(request: Request, response: Response) -> None:
        log.append(f"{request.method} {request.target} {request.value('User-Agent')} {response.status}")

    with start_domain("refused", registry=refusing.authority, observe=observe) as running:
        yield Logged(running, log)


@pytest.mark.parametrize("row", _REFUSED_ROWS, ids=lambda row: row.id)
def test_nothing_shows_the_token(
    row: Row, refused_domain: Logged, refusing: RefusingRegistry, bench: Bench, matrix: Matrix
) -> None:
    require(row.client, bench.sandbox)
    secret = Secret(USER, refusing.token)
    leaks: list[str] = []
    refusals = [Refusal(kind, status) for kind in _KINDS[row.operation] for status in _STATUSES]
    for refusal in refusals:
        result = _refused(row, refusal, refused_domain.authority, refusing, bench)
        places = {
            "its output": result.output,
            "its daemon's log": bench.daemon_log(row.client),
            "the function's log": "\n".join(refused_domain.domain.log),
            "the gateway's log": "\n".join(refused_domain.access_log),
            "the layer bucket's requests": "\n".join(map(str, refusing.bucket.requests)),
        }
        leaks += [
            f"{refusal.kind.value} {refusal.status}: {trace} in {place}"
            for place, text in places.items()
            for trace in secret.traces(text)
        ]
    entered = MatrixRow(
        row.client.name,
        row.client.debian.value,
        bench.version(row.client),
        f"{row.label}, refused by the registry",
        row.credentials,
        relay="fails: it shows the token" if leaks else f"shows no token, {len(refusals)} refusals",
    )
    matrix.add(entered)
    assert not leaks


def _refused(row: Row, refusal: Refusal, authority: str, refusing: RefusingRegistry, bench: Bench) -> Result:
    """Runs the row into the refusal; that it came so far, and no further, is asserted."""
    job = bench.job(authority, row.layer_sizes)
    if row.operation is BASE_IMAGE:
        write_base_context(job)
    if row.operation in (PULL, BASE_IMAGE):
        refusing.put(Image.fresh(*row.layer_sizes), job.repository, TAG)
    elif row.operation is PUSH:
        write_image(job)
    elif row.operation is BUILD:
        write_build_context(job)
    hosts = (authority, refusing.authority) if row.both_hosts else (authority,)
    account = Account(hosts if row.from_helper else (), refusing.token)
    refusing.refused, refusing.refusal = 0, refusal
    result = bench.run(row.client, row.steps, job, account, talkative=True, timeout=_PATIENCE)
    assert refusing.refused, f"nothing was refused:\n{result}"
    return result


@pytest.fixture
def loud(certificates: Certificates) -> Iterator[RefusingRegistry]:
    """A registry with a token of its own, since these tests do bring it into logs."""
    with RefusingRegistry(certificates.server_context(*NAMES)) as registry:
        yield registry


# Their own families, their own ways of printing an error; Docker's goes through its daemon.
@pytest.mark.parametrize(
    "client",
    [SKOPEO[Debian.BOOKWORM], DOCKER_CLASSIC[Debian.BOOKWORM], CRANE],
    ids=lambda client: client.name.split()[0],
)
def test_an_error_that_repeats_the_credentials_is_found(
    client: Client, loud: RefusingRegistry, certificates: Certificates, bench: Bench
) -> None:
    """The search can fail: the same run finds what a registry's own words give away."""
    traces = _traces_when_carried(client, Refusal(Kind.MANIFESTS, 403, aloud=True), loud, certificates, bench)
    assert "the Basic credentials" in traces


@pytest.mark.parametrize(
    "client", [CRANE, DOCKER_CONTAINERD[Debian.TRIXIE]], ids=lambda client: client.name.split()[0]
)
def test_clients_that_are_not_carried_would_show_the_token(
    client: Client, loud: RefusingRegistry, certificates: Certificates, bench: Bench
) -> None:
    """Why the client table carries containers/image alone: these print a redirect's URL with all it holds."""
    traces = _traces_when_carried(client, Refusal(Kind.MANIFESTS, 403), loud, certificates, bench)
    assert "a part of the token" in traces


def _traces_when_carried(
    client: Client, refusal: Refusal, loud: RefusingRegistry, certificates: Certificates, bench: Bench
) -> list[str]:
    require(client, bench.sandbox)
    row = next(row for row in _REFUSED_ROWS if row.client is client and row.operation is PULL)
    with _carrying_front(loud, certificates) as front:
        result = _refused(row, refusal, front.authority, loud, bench)
    return Secret(USER, loud.token).traces(result.output)


def _carrying_front(refusing: RefusingRegistry, certificates: Certificates) -> HttpServer:
    """A domain that puts everybody's credentials into the redirect's URL."""
    user_info = f"{USER}:{quote(refusing.token, safe='')}"

    def answer(request: Request) -> Response:
        if request.value("Authorization") is None:
            return Response(401, (("WWW-Authenticate", 'Basic realm="everybody"'),))
        return Response(307, (("Location", f"https://{user_info}@{refusing.authority}{request.target}"),))

    return HttpServer(answer, context=certificates.server_context(DOMAIN_NAME), name=DOMAIN_NAME)


@pytest.mark.parametrize("form", list(Secret(USER, "t").forms()))
def test_every_form_is_found(form: str) -> None:
    secret = Secret(USER, registry_token())
    assert form in secret.traces(f'level=debug msg="GET {secret.forms()[form]} refused"')


def test_what_holds_no_credential_has_no_traces() -> None:
    assert Secret(USER, registry_token()).traces("https://AWS:xxxxx@localhost/v2/ 403") == []
