"""How many requests a pull or push is: at the domain in each mode, and straight at the registry.

Recording runs store the numbers; in others the numbers at the domain may not have grown.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from typing import NamedTuple

import pytest

from chalicelib.settings import RedirectMode
from tests.clients import client as c
from tests.clients.bench import Bench
from tests.clients.conftest import RECORDING, DomainStarter
from tests.clients.cost import LAYERS, Cost, Service, read_costs, write_costs
from tests.clients.operation import BUILD, PULL, PUSH, REPULL, Job
from tests.clients.registry import Registry
from tests.clients.row import SMALL, Row
from tests.clients.sandbox import Debian
from tests.clients.table import ROWS
from tests.standins.cloudfront.passage import Passage
from tests.standins.domain import Domain
from tests.standins.http_message import HttpRequest

_MEASURED = [
    row
    for row in ROWS
    if (row.client.newest or row.client is c.ORAS_PY)
    and row.client is not c.BUILDAH[Debian.TESTING]  # it is podman's code
    and row.operation in (PULL, REPULL, PUSH, BUILD)
    and row.works_in(RedirectMode.RELAY)
]
_PULL_BY_ANOTHER = Row(c.CRANE, PULL, ("crane pull {reference} {work}/by-another.tar",))
# Clients that work in parallel send more requests or fewer before they know of the challenge.
_SLACK = 1.2


@dataclass(frozen=True)
class Counted:
    """A domain in one mode, and the requests that came to it."""

    domain: Domain
    passages: list[Passage]
    at_gateway: list[HttpRequest]

    @property
    def seconds(self) -> float:
        """In the function so far."""
        return sum(sum(function.durations) for function in self.domain.functions.values())


class Requests(NamedTuple):
    """How many one operation is."""

    edge: int
    edge_registry: int
    service: Service


@pytest.fixture(scope="module")
def counted(registry: Registry, start_domain: DomainStarter) -> Iterator[Mapping[RedirectMode, Counted]]:
    with ExitStack() as stack:

        def start(mode: RedirectMode) -> Counted:
            passages: list[Passage] = []
            at_gateway: list[HttpRequest] = []
            domain = start_domain(
                f"counted-{mode.value}",
                mode,
                registry=registry.authority,
                observe=lambda request, _: at_gateway.append(request),
                observe_edge=passages.append,
            )
            return Counted(stack.enter_context(domain), passages, at_gateway)

        yield {mode: start(mode) for mode in (RedirectMode.EDGE, RedirectMode.RELAY)}


@pytest.fixture(scope="module")
def measured() -> Iterator[list[Cost]]:
    costs: list[Cost] = []
    yield costs
    if RECORDING and len(costs) == len(_MEASURED):
        write_costs(costs)


@pytest.mark.parametrize("row", _MEASURED, ids=lambda row: row.id)
def test_no_operation_takes_more_requests_than_it_did(
    row: Row,
    counted: Mapping[RedirectMode, Counted],
    registry: Registry,
    bench: Bench,
    measured: list[Cost],
) -> None:
    bench.require(row.client)
    row = dataclasses.replace(row, layer_sizes=SMALL * LAYERS)
    version = bench.version(row.client)  # starts its daemon
    edge = counted[RedirectMode.EDGE]
    cold, warm = _requests(row, edge, registry, bench), _requests(row, edge, registry, bench, warm=True)
    relay = _requests(row, counted[RedirectMode.RELAY], registry, bench).service
    cost = Cost(
        row.client.name,
        version,
        row.operation.name,
        _straight(row, registry, bench) if RECORDING else 0,
        cold.edge,
        cold.edge_registry,
        cold.service,
        warm.service,
        relay,
    )
    if RECORDING:
        measured.append(cost)
        return
    stored = read_costs()[cost.key]
    assert cost.edge <= stored.edge * _SLACK
    assert cost.cold.requests <= stored.cold.requests * _SLACK
    assert cost.warm.requests <= stored.warm.requests * _SLACK + 1
    assert cost.relay.requests <= stored.relay.requests * _SLACK


def _requests(
    row: Row, counted: Counted, registry: Registry, bench: Bench, *, warm: bool = False
) -> Requests:
    domain = counted.domain
    job = bench.job(row, domain.authority, registry)
    last_step = _prepared(row, job, registry, bench)
    if domain.cloudfront is not None and not warm:
        domain.cloudfront.cache.forget()
    if warm and row.operation in (PULL, REPULL):
        by_another = bench.run(_PULL_BY_ANOTHER, job)
        assert by_another.ok, by_another
    before = len(counted.passages), len(counted.at_gateway), counted.seconds
    last_step()
    passages = counted.passages[before[0] :]
    return Requests(
        len(passages),
        sum(each.viewer_request.path.startswith("/_registry/") for each in passages),
        Service(len(counted.at_gateway) - before[1], round(counted.seconds - before[2], 4)),
    )


def _straight(row: Row, registry: Registry, bench: Bench) -> int:
    last_step = _prepared(row, bench.job(row, registry.straight, registry), registry, bench)
    before = registry.requests
    last_step()
    return registry.requests - before


def _prepared(row: Row, job: Job, registry: Registry, bench: Bench) -> Callable[[], None]:
    """Does all but the last step; what is given back does that one."""
    content = row.operation.prepare(job, registry.put)
    for step in row.steps[:-1]:
        before = bench.run(dataclasses.replace(row, steps=(step,)), job)
        assert before.ok, before

    def last_step() -> None:
        result = bench.run(dataclasses.replace(row, steps=row.steps[-1:]), job)
        assert result.ok, result
        row.operation.verify(job, content, registry, result)

    return last_step
