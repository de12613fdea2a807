"""How many requests a pull or push is: at the domain in each mode, and straight at the registry.

Recording runs store the numbers; in others the numbers at the domain may not have grown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial

import pytest

from chalicelib.settings import RedirectMode
from tests.clients import client as c
from tests.clients.bench import Bench, ClientCredentials
from tests.clients.conftest import RECORDING, Start, require
from tests.clients.cost import LAYERS, Cost, Service, read_costs, write_costs
from tests.clients.operation import BUILD, PULL, PUSH, REPULL, Job
from tests.clients.registry import Registry
from tests.clients.row import SMALL, Row
from tests.clients.sandbox import Debian
from tests.clients.table import ROWS
from tests.standins.cloudfront.passage import Passage
from tests.standins.domain import Domain
from tests.standins.http_message import HttpRequest, HttpResponse

_MEASURED = [
    row
    for row in ROWS
    if (row.client.newest or row.client is c.ORAS_PY)
    and row.client is not c.BUILDAH[Debian.TESTING]  # it is podman's code
    and row.operation in (PULL, REPULL, PUSH, BUILD)
    and row.works_in(RedirectMode.RELAY)
]
# Clients that work in parallel send more requests or fewer before they know of the challenge.
_SLACK = 1.2


@dataclass
class Counted:
    """A domain in one mode, and how many requests came to it."""

    domain: Domain
    passages: list[Passage] = field(default_factory=list)
    at_gateway: list[HttpRequest] = field(default_factory=list)

    @property
    def seconds(self) -> float:
        """In the function so far."""
        return sum(sum(function.durations) for function in self.domain.functions.values())


@dataclass(frozen=True)
class Run:
    """The requests of one operation."""

    edge: int
    edge_registry: int
    service: Service


@pytest.fixture(scope="module")
def edge_counted(registry: Registry, start_domain: Start) -> Iterator[Counted]:
    yield from _counted(RedirectMode.EDGE, registry, start_domain)


@pytest.fixture(scope="module")
def relay_counted(registry: Registry, start_domain: Start) -> Iterator[Counted]:
    yield from _counted(RedirectMode.RELAY, registry, start_domain)


def _counted(mode: RedirectMode, registry: Registry, start_domain: Start) -> Iterator[Counted]:
    passages: list[Passage] = []
    at_gateway: list[HttpRequest] = []

    def observe(request: HttpRequest, response: HttpResponse) -> None:
        at_gateway.append(request)

    with start_domain(
        f"counted-{mode.value}",
        registry=registry.authority,
        mode=mode,
        observe=observe,
        observe_edge=passages.append if mode is RedirectMode.EDGE else None,
    ) as domain:
        yield Counted(domain, passages, at_gateway)


@pytest.fixture(scope="module")
def measured() -> Iterator[list[Cost]]:
    costs: list[Cost] = []
    yield costs
    if RECORDING and len(costs) == len(_MEASURED):
        write_costs(costs)


@pytest.mark.parametrize("row", _MEASURED, ids=lambda row: row.id)
def test_no_operation_takes_more_requests_than_it_did(
    row: Row,
    edge_counted: Counted,
    relay_counted: Counted,
    registry: Registry,
    bench: Bench,
    measured: list[Cost],
) -> None:
    require(row.client, bench.sandbox)
    bench.version(row.client)  # starts its daemon
    measure = partial(_measure, row, registry=registry, bench=bench)
    cold, warm = measure(edge_counted), measure(edge_counted, warm=True)
    relay = measure(relay_counted)
    cost = Cost(
        row.client.name,
        bench.version(row.client),
        row.operation.name,
        _straight(row, registry, bench) if RECORDING else 0,
        cold.edge,
        cold.edge_registry,
        cold.service,
        warm.service,
        relay.service,
    )
    if RECORDING:
        measured.append(cost)
        return
    stored = read_costs()[cost.key]
    assert cost.edge <= stored.edge * _SLACK
    assert cost.cold.requests <= stored.cold.requests * _SLACK
    assert cost.warm.requests <= stored.warm.requests * _SLACK + 1
    assert cost.relay.requests <= stored.relay.requests * _SLACK


def _measure(row: Row, counted: Counted, *, registry: Registry, bench: Bench, warm: bool = False) -> Run:
    domain = counted.domain
    job = bench.job(domain.authority, SMALL * LAYERS)
    operation = _prepared(row, job, registry, bench)
    if domain.cloudfront is not None and not warm:
        domain.cloudfront.cache.forget()
    if warm and row.operation in (PULL, REPULL):
        _pull_by_another(job, registry, bench)
    before = len(counted.passages), len(counted.at_gateway), counted.seconds
    operation()
    passages = counted.passages[before[0] :]
    return Run(
        len(passages),
        sum(each.viewer_request.path.startswith("/_registry/") for each in passages),
        Service(len(counted.at_gateway) - before[1], round(counted.seconds - before[2], 4)),
    )


def _straight(row: Row, registry: Registry, bench: Bench) -> int:
    operation = _prepared(row, bench.job(registry.straight, SMALL * LAYERS), registry, bench)
    before = registry.requests
    operation()
    return registry.requests - before


def _prepared(row: Row, job: Job, registry: Registry, bench: Bench) -> Callable[[], None]:
    """Does all but the last step; what is given back does that one."""
    account = ClientCredentials(
        (job.domain, registry.authority) if row.both_hosts else (job.domain,), registry.token
    )
    task = row.operation.prepare(job, registry)
    for step in row.steps[:-1]:
        before = bench.run(row.client, (step,), job, account)
        assert before.ok, before

    def finish() -> None:
        result = bench.run(row.client, row.steps[-1:], job, account)
        assert result.ok, result
        task.verify(result)

    return finish


def _pull_by_another(job: Job, registry: Registry, bench: Bench) -> None:
    step = "crane pull {reference} {work}/by-another.tar"
    result = bench.run(c.CRANE, (step,), job, ClientCredentials((job.domain,), registry.token))
    assert result.ok, result
