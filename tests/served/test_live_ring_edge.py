"""The live ring against the domain with CloudFront in front of it, in both ways in which bodies may pass."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.served.edge_client import edge_before
from tests.served.test_live_ring import REPOSITORY, LiveRun, helper_for, run_live_ring
from tests.standins.cloudfront.unknowns import Bodies, Unknowns
from tests.standins.domain import running_domain
from tests.standins.ecr import ACCOUNT, USER
from tests.standins.package import Package


@pytest.fixture(scope="module", params=list(Bodies), ids=lambda bodies: bodies.value)
def edge_run(
    request: pytest.FixtureRequest, service_package: Package, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[LiveRun, str]]:
    """The run, and the token that it used."""
    directory = tmp_path_factory.mktemp("live-edge")
    with (
        running_domain(directory, service_package, variables={"REDIRECT_MODE": "edge"}) as domain,
        edge_before(
            domain.certificates,
            domain.ecr.authority,
            domain.gateway.server.port,
            unknowns=Unknowns(bodies=request.param),
        ) as (cloudfront, _),
    ):
        helper_for(directory, cloudfront.authority, USER, domain.ecr.token)
        run = run_live_ring(
            directory,
            DOMAIN=cloudfront.authority,
            REPOSITORY=REPOSITORY,
            SSL_CERT_FILE=str(domain.certificates.authority_pem),
            LIVE_SLOW_SECONDS="1",
        )
        yield run, domain.ecr.token


def test_the_ring_passes_in_mode_edge(edge_run: tuple[LiveRun, str]) -> None:
    run, _ = edge_run
    assert run.status == 0, run.output
    assert run.report["mode"] == "edge"


def test_the_first_question_is_answered(edge_run: tuple[LiveRun, str]) -> None:
    """A layer in chunks, which is how Docker's classic image store sends it."""
    facts = edge_run[0].report["facts"]
    assert facts["PATCH in chunks"]["status"] == 201
    assert facts["a layer of 12000000 bytes"]["status"] == 201
    assert facts["a slow upload"]["status"] == 201
    assert facts["PUT after chunks"]["status"] == 201


def test_no_secret_and_no_account_is_in_the_report(edge_run: tuple[LiveRun, str]) -> None:
    run, token = edge_run
    assert token not in run.output + json.dumps(run.report)
    assert ACCOUNT not in json.dumps(run.report)
