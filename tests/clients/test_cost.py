"""How many requests a pull or push is, and how long it takes, through the domain and without it.

Recording runs measure all sizes; others count the requests of the middle one, which may not have grown.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest

from chalicelib.settings import RedirectMode
from tests.clients import client as c
from tests.clients.bench import Account, Bench
from tests.clients.conftest import RECORDING, Start, require
from tests.clients.cost import SIZES, Cost, read_costs, write_costs
from tests.clients.operation import BUILD, PULL, PUSH, REPULL
from tests.clients.registry import Registry
from tests.clients.row import SMALL, Row
from tests.clients.sandbox import Debian
from tests.clients.table import ROWS
from tests.standins.domain import Domain
from tests.standins.http_message import Request, Response

_CLIENTS = (
    c.DOCKER_CLASSIC[Debian.TESTING],
    c.DOCKER_CONTAINERD[Debian.TESTING],
    c.BUILDX[Debian.TESTING],
    c.SKOPEO[Debian.TESTING],
    c.PODMAN[Debian.TESTING],
    c.CTR[Debian.TESTING],
    c.CRANE,
    c.ORAS[Debian.TESTING],
    c.ORAS_PY,
)
_MEASURED = [
    row
    for client in _CLIENTS
    for row in ROWS
    if row.client is client
    and row.operation in (PULL, REPULL, PUSH, BUILD)
    and row.works_in(RedirectMode.RELAY)
]
_SLACK = 1.2
"""Clients that work in parallel send more requests or fewer before they know of the challenge."""


@dataclass
class Counted:
    domain: Domain
    requests: list[Request] = field(default_factory=list)


@pytest.fixture(scope="module")
def counted(registry: Registry, start_domain: Start) -> Iterator[Counted]:
    requests: list[Request] = []

    def observe(request: Request, response: Response) -> None:
        requests.append(request)

    with start_domain("counted", registry=registry.authority, observe=observe) as domain:
        yield Counted(domain, requests)


@pytest.fixture(scope="module")
def measured() -> Iterator[list[Cost]]:
    costs: list[Cost] = []
    yield costs
    if RECORDING and len(costs) == len(_MEASURED) * len(SIZES):
        write_costs(costs)


@pytest.mark.parametrize("layers", SIZES if RECORDING else SIZES[1:2])
@pytest.mark.parametrize("row", _MEASURED, ids=lambda row: row.id)
def test_no_operation_takes_more_requests_than_it_did(
    row: Row, layers: int, counted: Counted, registry: Registry, bench: Bench, measured: list[Cost]
) -> None:
    require(row.client, bench.sandbox)
    through: list[float] = []
    straight: list[float] = []
    counts: list[int] = []
    lambdas: list[float] = []
    bench.version(row.client)  # starts its daemon
    for _ in range(3 if RECORDING else 1):
        job = _started(row, layers, counted.domain.authority, registry, bench)
        before = len(counted.requests), _in_lambda(counted.domain)
        through.append(job())
        counts.append(len(counted.requests) - before[0])
        lambdas.append(_in_lambda(counted.domain) - before[1])
        if RECORDING:
            straight.append(_started(row, layers, registry.straight, registry, bench)())
    requests = int(statistics.median(counts))
    if RECORDING:
        measured.append(
            Cost(
                row.client.name,
                bench.version(row.client),
                row.operation.name,
                layers,
                requests,
                round(statistics.median(lambdas), 4),
                round(statistics.median(through), 3),
                round(statistics.median(straight), 3),
            )
        )
    else:
        stored = read_costs()[row.client.name, row.operation.name, layers]
        assert requests <= stored.requests * _SLACK


def _in_lambda(domain: Domain) -> float:
    return sum(sum(function.durations) for function in domain.functions.values())


def _started(row: Row, layers: int, host: str, registry: Registry, bench: Bench) -> Callable[[], float]:
    """Does all but the last step; what is given back does that one, and tells how long it took."""
    job = bench.job(host, SMALL * layers)
    account = Account((host, registry.authority) if row.both_hosts else (host,), registry.token)
    task = row.operation.prepare(job, registry)
    for step in row.steps[:-1]:
        before = bench.run(row.client, (step,), job, account)
        assert before.ok, before

    def finish() -> float:
        started = time.monotonic()
        result = bench.run(row.client, row.steps[-1:], job, account)
        elapsed = time.monotonic() - started
        assert result.ok, result
        task.verify(result)
        return elapsed

    return finish
