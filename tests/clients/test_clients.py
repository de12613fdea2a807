"""Real clients do their work at the custom domain, against a real private registry."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import pytest

from tests.clients import client as c
from tests.clients.bench import Account, Bench, last_words
from tests.clients.conftest import Start, require
from tests.clients.image import Image
from tests.clients.matrix import Matrix, MatrixRow
from tests.clients.operation import INSPECT, LIST_TAGS, LOGIN, PULL, PULL_INDEX, PUSH, TAG, Task, write_image
from tests.clients.registry import Registry
from tests.clients.sandbox import Result
from tests.clients.stored_image import store_image
from tests.clients.table import ROWS, SMALL, WORKS, Expectation, Row, oras_referrers
from tests.standins.domain import Domain
from tests.standins.ecr import authorization_token
from tests.standins.gateway import Behaviour, HeadLength

_RELAYED_CLIENTS = (c.DOCKER_CONTAINERD, c.BUILDX, c.CTR, c.CRANE, c.ORAS, c.CURL)


def _named(row: Row) -> str:
    return row.id


@pytest.mark.parametrize("row", ROWS, ids=_named)
def test_client(row: Row, domain: Domain, registry: Registry, bench: Bench, matrix: Matrix) -> None:
    result, task = _run(row, domain, registry, bench)
    _judge(row, row.expected, "ours", result, bench, matrix)
    if result.ok:
        task.verify(result)


@pytest.mark.parametrize("row", [row for row in ROWS if row.plain], ids=_named)
def test_client_with_plain_redirects(
    row: Row, plain_domain: Domain, registry: Registry, bench: Bench, matrix: Matrix
) -> None:
    """REDIRECT_MODE=plain: what the field's other redirectors do, and why it is not the default."""
    assert row.plain is not None
    small = dataclasses.replace(row, layer_sizes=SMALL)
    result, task = _run(small, plain_domain, registry, bench)
    _judge(row, row.plain, "plain", result, bench, matrix)
    if result.ok:
        task.verify(result)


@pytest.mark.parametrize(
    "row", [row for row in ROWS if row.operation is LOGIN and not row.from_helper], ids=_named
)
def test_a_wrong_password_is_no_login(row: Row, domain: Domain, registry: Registry, bench: Bench) -> None:
    """The login rows mean something: the registry is asked."""
    require(row.client, bench.sandbox)
    job = bench.job(domain.gateway.authority, SMALL)
    before = registry.refused_logins
    result = bench.run(row.client, row.steps, job, Account((), "wrong"))
    assert not result.ok
    assert registry.refused_logins > before


@pytest.fixture(
    scope="module", params=[HeadLength.PASSED, HeadLength.ZERO], ids=lambda each: each.name.lower()
)
def head_domain(request: pytest.FixtureRequest, domain: Domain) -> Iterator[Domain]:
    """The domain behind a gateway that answers HEAD in the other ways that are possible."""
    usual = domain.gateway.behaviour
    domain.gateway.behaviour = Behaviour(head_length=request.param)
    yield domain
    domain.gateway.behaviour = usual


@pytest.mark.parametrize(
    "row",
    [
        row
        for row in ROWS
        if row.client in _RELAYED_CLIENTS
        and row.operation in (PULL, PULL_INDEX, PUSH, INSPECT)
        and row.expected is WORKS
    ],
    ids=_named,
)
def test_client_whatever_the_length_of_a_head_answer(
    row: Row, head_domain: Domain, registry: Registry, bench: Bench
) -> None:
    result, task = _run(dataclasses.replace(row, layer_sizes=SMALL), head_domain, registry, bench)
    assert result.ok, result
    task.verify(result)


@pytest.fixture(scope="module")
def ecr_domain(start_domain: Start) -> Iterator[Domain]:
    """The domain in front of the fake ECR, whose token is as long as ECR's longest."""
    with start_domain("ecr", token=authorization_token(5000)) as running:
        yield running


@pytest.mark.parametrize(
    "row", [row for row in ROWS if row.operation in (PULL, PUSH) and row.expected is WORKS], ids=_named
)
def test_client_with_a_token_of_5_kb(row: Row, ecr_domain: Domain, bench: Bench, matrix: Matrix) -> None:
    """Through every header limit on the way, and with ECR's own ways of answering."""
    require(row.client, bench.sandbox)
    ecr = ecr_domain.ecr
    job = bench.job(ecr_domain.gateway.authority, SMALL)
    if row.operation is PULL:
        store_image(ecr.store, Image.fresh(*SMALL), job.repository, TAG)
    else:
        write_image(job)
    result = bench.run(row.client, row.steps, job, Account((job.domain,), ecr.token))
    named = dataclasses.replace(row, remark="token of 5 KB")
    _judge(named, WORKS, "ours", result, bench, matrix)
    assert TAG in ecr.store.repositories[job.repository].tags


@pytest.mark.parametrize("row", [row for row in ROWS if row.operation is LIST_TAGS], ids=_named)
def test_client_lists_tags_page_by_page(row: Row, ecr_domain: Domain, bench: Bench, matrix: Matrix) -> None:
    """The registry's Link leads on, through our host, with the query that it holds."""
    require(row.client, bench.sandbox)
    ecr = ecr_domain.ecr
    job = bench.job(ecr_domain.gateway.authority, SMALL)
    tags = [f"tag-{number}" for number in range(5)]
    image = Image.fresh(*SMALL)
    for tag in tags:
        store_image(ecr.store, image, job.repository, tag)
    ecr.distribution.tags_per_page = 2
    result = bench.run(row.client, row.steps, job, Account((job.domain,), ecr.token))
    paged = dataclasses.replace(row, remark="page by page")
    # curl is no registry client: it follows no Link.
    expected = tags[:2] if row.client is c.CURL else tags
    _judge(paged, WORKS, "ours", result, bench, matrix)
    assert [tag for tag in tags if tag in result.output] == expected


# The registry itself has no referrers API: oras keeps a list in a tag there, and takes the API at ECR.
@pytest.mark.parametrize("at_ecr", [False, True], ids=["by tag", "by API"])
def test_referrers_are_found(
    at_ecr: bool, domain: Domain, ecr_domain: Domain, registry: Registry, bench: Bench, matrix: Matrix
) -> None:
    row = dataclasses.replace(oras_referrers(c.ORAS), remark="by API" if at_ecr else "by tag")
    require(row.client, bench.sandbox)
    chosen = ecr_domain if at_ecr else domain
    ecr_domain.ecr.forget()
    job = bench.job(chosen.gateway.authority, SMALL)
    task = row.operation.prepare(job, registry)
    if at_ecr:
        store_image(ecr_domain.ecr.store, Image.fresh(*SMALL), job.repository, TAG)
    token = ecr_domain.ecr.token if at_ecr else registry.token
    result = bench.run(row.client, row.steps, job, Account((job.domain,), token))
    _judge(row, WORKS, "ours", result, bench, matrix)
    task.verify(result)
    assert any("/referrers/" in seen.target for seen in ecr_domain.ecr.seen) is at_ecr


def _run(row: Row, domain: Domain, registry: Registry, bench: Bench) -> tuple[Result, Task]:
    require(row.client, bench.sandbox)
    job = bench.job(domain.gateway.authority, row.layer_sizes)
    hosts = (job.domain, registry.authority) if row.both_hosts else (job.domain,)
    account = Account(hosts if row.from_helper else (), registry.token)
    task = row.operation.prepare(job, registry)
    return bench.run(row.client, row.steps, job, account, digest=task.digest), task


def _judge(row: Row, expected: Expectation, mode: str, result: Result, bench: Bench, matrix: Matrix) -> None:
    """Enters the result into the matrix, and fails where it is not the expected one."""
    words = "works" if result.ok else expected.words(result.output)
    as_expected = result.ok is expected.works and words is not None
    said = words if as_expected and words else last_words(result)
    entry = said if result.ok else f"fails: {said}"
    entered = MatrixRow(
        row.client.name,
        row.client.debian.value,
        bench.version(row.client),
        row.label,
        row.credentials,
        **{mode: entry},
        why=expected.why,
        workaround=expected.workaround,
    )
    worse = matrix.add(entered)
    assert as_expected, f"expected {expected}, got:\n{result}"
    assert worse is None, worse
