"""In `edge` it does not matter what CloudFront does where Amazon's documentation says nothing.

The other tests drive clients through what is most likely; these through the opposite of each of it.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from chalicelib.settings import RedirectMode
from tests.clients import client as c
from tests.clients.bench import Bench
from tests.clients.conftest import DomainStarter
from tests.clients.operation import BUILD, PULL, PUSH
from tests.clients.registry import Registry
from tests.clients.row import LARGE, Row
from tests.clients.table import ROWS
from tests.standins.cloudfront.unknowns import OPPOSITE
from tests.standins.domain import Domain

_ROWS = [
    row
    for row in ROWS
    if row.client in c.ONE_PER_FAMILY
    and row.operation in (PULL, PUSH, BUILD)
    and row.works_in(RedirectMode.EDGE)
    and sum(row.layer_sizes) <= sum(LARGE)
]


@pytest.fixture(scope="module")
def opposite_domain(registry: Registry, start_domain: DomainStarter) -> Iterator[Domain]:
    with start_domain(
        "opposite", RedirectMode.EDGE, registry=registry.authority, unknowns=OPPOSITE
    ) as running:
        yield running


@pytest.mark.parametrize("row", _ROWS, ids=lambda row: row.id)
def test_client_at_the_opposite_of_what_is_likely(
    row: Row, opposite_domain: Domain, registry: Registry, bench: Bench
) -> None:
    bench.must_work(row, opposite_domain.authority, registry)
