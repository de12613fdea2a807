"""Real clients do their work at the custom domain, against a real private registry."""

from __future__ import annotations

import dataclasses

import pytest

from tests.clients.bench import Account, Bench, last_words
from tests.clients.conftest import require
from tests.clients.matrix import Matrix, Outcome
from tests.clients.operation import LOGIN
from tests.clients.registry import Registry
from tests.clients.table import ROWS, SMALL, Expectation, Row
from tests.standins.domain import Domain


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_client(row: Row, domain: Domain, registry: Registry, bench: Bench, matrix: Matrix) -> None:
    _drive(row, "auto", row.expected, domain.gateway.authority, registry, bench, matrix)


@pytest.mark.parametrize("row", [row for row in ROWS if row.plain], ids=lambda row: row.id)
def test_client_with_plain_redirects(
    row: Row, plain_domain: Domain, registry: Registry, bench: Bench, matrix: Matrix
) -> None:
    """REDIRECT_MODE=plain: what the field's other redirectors do, and why `auto` is the default."""
    assert row.plain is not None
    small = dataclasses.replace(row, layer_sizes=SMALL)
    _drive(small, "plain", row.plain, plain_domain.gateway.authority, registry, bench, matrix)


def _drive(
    row: Row,
    mode: str,
    expected: Expectation,
    domain: str,
    registry: Registry,
    bench: Bench,
    matrix: Matrix,
) -> None:
    require(row.client, bench.sandbox)
    hosts = (domain, registry.authority) if row.both_hosts else (domain,)
    account = Account(() if row.operation is LOGIN else hosts, registry.token)
    job = bench.job(domain, row.layer_sizes)
    task = row.operation.prepare(job, registry)
    result = bench.run(row.client, row.steps, job, account, digest=task.digest)
    words = "works" if result.ok else last_words(result)
    as_expected = result.ok is expected.works and (result.ok or expected.describes(result.output))
    version = bench.version(row.client)
    matrix.add(Outcome(row.client.name, version, row.label, mode, words, as_expected))
    assert as_expected, f"expected {expected}, got:\n{result}"
    if result.ok:
        task.verify(result)
