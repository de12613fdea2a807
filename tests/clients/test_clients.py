"""Real clients do their work at the custom domain, against a real private registry, in each mode."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from functools import partial

import pytest
from _pytest.mark import ParameterSet

from chalicelib.settings import RedirectMode
from tests.clients import client as c
from tests.clients.bench import Bench, last_words
from tests.clients.expectation import WORKS, Expectation
from tests.clients.image import Image, store_image
from tests.clients.matrix import Matrix, MatrixRow
from tests.clients.operation import LIST_TAGS, LOGIN, PULL, PUSH, TAG
from tests.clients.registry import Registry
from tests.clients.row import SMALL, Row
from tests.clients.sandbox import Debian, Result
from tests.clients.table import ROWS, oras_referrers
from tests.standins.domain import Domain

_OURS = (RedirectMode.EDGE, RedirectMode.RELAY)


def _cases(wanted: Callable[[Row], bool], *modes: RedirectMode) -> list[ParameterSet]:
    """The rows that are wanted, in the modes in which they are tried; their names begin with the mode."""
    return [
        pytest.param(mode, row, id=f"{mode.value}-{row.id}")
        for mode in modes
        for row in ROWS
        if row.expected(mode) and wanted(row)
    ]


@pytest.mark.parametrize(("mode", "row"), _cases(lambda row: True, *RedirectMode))
def test_client(
    mode: RedirectMode, row: Row, domain: Domain, registry: Registry, bench: Bench, matrix: Matrix
) -> None:
    if mode is RedirectMode.PLAIN:
        row = dataclasses.replace(row, layer_sizes=SMALL)
    job = bench.job(row, domain.authority, registry)
    content = row.operation.prepare(job, registry.put)
    result = bench.run(row, job, digest=content.top.digest)
    expected = row.expected(mode)
    assert expected is not None
    _judge(row, expected, mode, result, bench, matrix)
    if result.ok:
        row.operation.verify(job, content, registry, result)


@pytest.mark.parametrize(
    ("mode", "row"),
    _cases(lambda row: row.operation is LOGIN and not row.from_helper and row.client.newest, *_OURS),
)
def test_a_wrong_password_is_not_a_login(
    mode: RedirectMode, row: Row, domain: Domain, registry: Registry, bench: Bench
) -> None:
    """The login rows mean something: the registry sees the password."""
    job = bench.job(row, domain.authority, registry)
    before = registry.refused_logins
    result = bench.run(row, dataclasses.replace(job, token="wrong"))
    assert not result.ok
    assert registry.refused_logins > before


def _is_usual_pull_or_push(row: Row) -> bool:
    """Not one of the pushes of other sizes."""
    return row.operation in (PULL, PUSH) and row.remark in ("", "small layers")


@pytest.mark.parametrize(
    ("mode", "row"),
    _cases(lambda row: row.client in c.ONE_PER_FAMILY and _is_usual_pull_or_push(row), *_OURS),
)
def test_client_with_a_token_of_5_kb(
    mode: RedirectMode, row: Row, ecr_domain: Domain, bench: Bench, matrix: Matrix
) -> None:
    """Through every header limit on the way, and with ECR's own ways of responding."""
    row = dataclasses.replace(row, layer_sizes=SMALL, remark="token of 5 KB")
    ecr = ecr_domain.ecr
    job = bench.job(row, ecr_domain.authority, ecr)
    row.operation.prepare(job, partial(store_image, ecr.store))
    _judge(row, WORKS, mode, bench.run(row, job), bench, matrix)
    assert TAG in ecr.store.repositories[job.repository].tags


@pytest.mark.parametrize(
    ("mode", "row"),
    _cases(lambda row: row.operation is LIST_TAGS and row.client.debian is not Debian.TRIXIE, *_OURS),
)
def test_client_lists_tags_page_by_page(
    mode: RedirectMode, row: Row, ecr_domain: Domain, bench: Bench, matrix: Matrix
) -> None:
    """The registry's Link leads on, through our host, with the query that it holds."""
    row = dataclasses.replace(row, remark="page by page")
    ecr = ecr_domain.ecr
    job = bench.job(row, ecr_domain.authority, ecr)
    tags = [f"tag-{number}" for number in range(5)]
    store_image(ecr.store, Image.fresh(*SMALL), job.repository, *tags)
    ecr.distribution.tags_per_page = 2
    result = bench.run(row, job)
    # curl follows no Link, since it is not a registry client.
    expected = tags[:2] if row.client is c.CURL else tags
    _judge(row, WORKS, mode, result, bench, matrix)
    assert [tag for tag in tags if tag in result.output] == expected


# The registry itself has no referrers API: oras keeps a list in a tag there, and takes the API at ECR.
@pytest.mark.parametrize("at_ecr", [False, True], ids=["by tag", "by API"])
@pytest.mark.parametrize("client", c.ORAS.values(), ids=lambda client: client.debian.name.lower())
@pytest.mark.parametrize("mode", _OURS, ids=lambda mode: mode.value)
def test_referrers_are_found(
    mode: RedirectMode,
    client: c.Client,
    at_ecr: bool,
    domain: Domain,
    ecr_domain: Domain,
    registry: Registry,
    bench: Bench,
    matrix: Matrix,
) -> None:
    row = dataclasses.replace(oras_referrers(client), remark="by API" if at_ecr else "by tag")
    ecr = ecr_domain.ecr
    ecr.forget()
    job = bench.job(row, (ecr_domain if at_ecr else domain).authority, ecr if at_ecr else registry)
    content = row.operation.prepare(job, partial(store_image, ecr.store) if at_ecr else registry.put)
    result = bench.run(row, job)
    _judge(row, WORKS, mode, result, bench, matrix)
    row.operation.verify(job, content, registry, result)
    assert any("/referrers/" in seen.target for seen in ecr.seen) is at_ecr


def _judge(
    row: Row, expected: Expectation, mode: RedirectMode, result: Result, bench: Bench, matrix: Matrix
) -> None:
    """Enters the result into the matrix, and fails where it is not the expected one."""
    words = "works" if result.ok else expected.words(result.output)
    as_expected = result.ok is expected.works and words is not None
    said = words or last_words(result)
    entry = said if result.ok else f"fails: {said}"
    entered = MatrixRow(
        row.client.name,
        row.client.debian.value,
        bench.version(row.client),
        row.label,
        row.credentials,
        **{mode.value: entry},
        why="" if mode is RedirectMode.PLAIN else expected.why,
        workaround="" if mode is RedirectMode.PLAIN else expected.workaround,
    )
    worse = matrix.add(entered)
    assert as_expected, f"expected {expected}, got:\n{result}"
    assert worse is None, worse
