"""One name in two regions, without the edge: each with its own registry, each taken down alone."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from infra.outside import Reply
from tests.deploy.deployer import DOMAIN, REGION, Deployer
from tests.deploy.other_deployer import create_foreign_stack
from tests.standins.certificates import Certificates
from tests.standins.ecr import FakeEcr

EAST = "us-east-1"


@pytest.fixture
def eastern_ecr(certificates: Certificates) -> Iterator[FakeEcr]:
    with FakeEcr(certificates.server_context("127.0.0.1", "127.0.0.2")) as running:
        yield running


def names(deployer: Deployer) -> list[tuple[str, str]]:
    records = [each for each in deployer.records() if each["Name"] == f"{DOMAIN}."]
    return sorted((record["Type"], record["Region"]) for record in records)


def seen(deployer: Deployer, near: str) -> Reply:
    deployer.internet.near = near
    return deployer.internet.get(f"https://{DOMAIN}", "/any/other/path", {"User-Agent": "anyone"})


def test_two_regions_live_side_by_side(bare_deployer: Deployer, eastern_ecr: FakeEcr) -> None:
    deployer = bare_deployer
    before = deployer.resources(REGION, EAST)
    west = deployer.registry
    assert deployer.init("--edge", "off").status == 0
    deployer.registry = f"https://{eastern_ecr.authority}"
    assert deployer.init("--edge", "off", region=EAST).status == 0
    assert {"production", "production-us-east-1"} <= set(deployer.configuration()["stages"])

    for region in (REGION, EAST):
        deployer.internet.near = region
        up = deployer.run("up", "--region", region, "--yes")
        assert up.status == 0, up.err
    assert names(deployer) == [("A", REGION), ("A", EAST), ("AAAA", REGION), ("AAAA", EAST)]
    for region, registry in ((REGION, west), (EAST, deployer.registry)):
        deployer.succeed("plan", "--region", region)
        assert seen(deployer, region).headers["location"] == f"{registry}/any/other/path"

    deployer.succeed("down", "--region", REGION, "--yes")
    assert names(deployer) == [("A", EAST), ("AAAA", EAST)]
    assert seen(deployer, EAST).status == 307
    deployer.succeed("down", "--stage", "production-us-east-1", "--yes")
    assert deployer.resources(REGION, EAST) == before


def test_the_edge_serves_one_region(deployer: Deployer) -> None:
    before = deployer.configuration()
    outcome = deployer.init("--edge", "on", region=EAST)
    assert "the edge serves one region" in outcome.refusal()
    assert deployer.configuration() == before


def test_a_region_that_is_not_set_up_is_refused(deployer: Deployer) -> None:
    outcome = deployer.run("up", "--region", EAST, "--yes")
    assert outcome.status == 1
    command = f".venv/bin/ecr-domain init --stage production --region us-east-1 --domain {DOMAIN}"
    assert f"run `{command}` first" in outcome.err


def test_two_stages_of_one_region_share_nothing_but_the_bucket(bare_deployer: Deployer) -> None:
    deployer, other = bare_deployer, "two.example.test"
    assert deployer.init("--edge", "off").status == 0
    deployer.succeed("up", "--yes")
    alone = deployer.resources()
    given = ("--stage", "production-b", "--region", REGION, "--registry", deployer.registry, "--edge", "off")
    assert deployer.run("init", *given, "--domain", other).status == 0
    deployer.succeed("up", "--stage", "production-b", "--yes")
    assert len(deployer.made()) == len(deployer.made("production-b")) == 1
    for stage in ("production", "production-b"):
        deployer.succeed("plan", "--stage", stage)
    deployer.succeed("down", "--stage", "production-b", "--yes")
    assert deployer.resources() == alone


def test_a_stage_whose_name_another_team_has_for_a_stack_is_refused(bare_deployer: Deployer) -> None:
    create_foreign_stack(bare_deployer.account, REGION, "custom-ecr-domain-production")
    outcome = bare_deployer.init()
    assert outcome.status == 1
    assert "give the stage another name" in outcome.err
