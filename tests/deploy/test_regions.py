"""One name in two regions: side by side, each with its own registry, and each taken down by itself."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from infra.outside import Reply
from tests.deploy.deployer import DOMAIN, REGION, Deployer
from tests.standins.certificates import Certificates
from tests.standins.ecr import FakeEcr

EAST = "us-east-1"


@pytest.fixture
def eastern_ecr(certificates: Certificates) -> Iterator[FakeEcr]:
    with FakeEcr(certificates.server_context("127.0.0.1", "127.0.0.2")) as running:
        yield running


def names(deployer: Deployer) -> list[tuple[str, str]]:
    records = deployer.resources(REGION, EAST)["records"]
    return [(record["Type"], record["Region"]) for record in records if "AliasTarget" in record]


def plain(deployer: Deployer, near: str) -> Reply:
    deployer.internet.near = near
    return deployer.internet.get(f"https://{DOMAIN}", "/v2/", {"User-Agent": "anyone"})


def test_two_regions_live_side_by_side(deployer: Deployer, eastern_ecr: FakeEcr) -> None:
    before = deployer.resources(REGION, EAST)
    west, deployer.registry = deployer.registry, f"https://{eastern_ecr.authority}"
    deployer.import_certificate(DOMAIN, region=EAST)
    before = deployer.resources(REGION, EAST)
    assert deployer.init(region=EAST).status == 0
    assert {"production", "production-us-east-1"} <= set(deployer.configuration()["stages"])

    for region in (REGION, EAST):
        deployer.internet.near = region
        up = deployer.run("up", "--region", region, "--yes")
        assert up.status == 0, up.err
    assert names(deployer) == [("A", REGION), ("A", EAST), ("AAAA", REGION), ("AAAA", EAST)]
    for region, registry in ((REGION, west), (EAST, deployer.registry)):
        assert deployer.run("plan", "--region", region, "--json").document()["changes"] == []
        assert plain(deployer, region).headers["location"] == f"{registry}/v2/"

    eastern = deployer.resources(EAST)[EAST]
    assert deployer.run("down", "--region", REGION, "--yes").status == 0
    assert names(deployer) == [("A", EAST), ("AAAA", EAST)]
    assert deployer.resources(EAST)[EAST] == eastern
    assert plain(deployer, EAST).status == 307
    assert deployer.resources()["roles"] == [
        "custom-ecr-domain-production-us-east-1-api_handler",
        "custom-ecr-domain-production-us-east-1-challenge",
    ]

    assert deployer.run("down", "--stage", "production-us-east-1", "--yes").status == 0
    assert deployer.resources(REGION, EAST) == before


def test_a_simple_record_lets_no_second_region_in(deployer: Deployer) -> None:
    deployer.configure("production", own={"routing": "simple"})
    assert deployer.run("up", "--yes").status == 0
    deployer.import_certificate(DOMAIN, region=EAST)
    assert deployer.init("--routing", "latency", region=EAST).status == 0
    up = deployer.run("up", "--region", EAST, "--yes")
    assert up.status == 1
    assert "a simple record of another region; run `up` there with the routing latency first" in up.err

    deployer.configure("production", own={"routing": "latency"})
    assert [change["change"] for change in deployer.run("up", "--yes", "--json").document()["changes"]] == [
        "RouteName"
    ]
    assert names(deployer) == [("A", REGION), ("AAAA", REGION)]


def test_two_stages_of_one_region_share_nothing(deployer: Deployer) -> None:
    """Their APIs have one name, and one function's name is the beginning of the other's."""
    other = "other.example.test"
    deployer.import_certificate(other)
    assert deployer.run("up", "--yes").status == 0
    alone = deployer.resources()
    document = deployer.configuration()
    document["stages"]["production-b"] = {**document["stages"]["local"], "api_gateway_stage": "b"}
    (deployer.project / ".chalice/config.json").write_text(json.dumps(document))
    # moto deletes a record by its set identifier, whatever its name; Route 53 goes by both.
    wishes = ("--stage", "production-b", "--domain", other, "--set-identifier", "b")
    assert deployer.init(*wishes).status == 0
    up = deployer.run("up", "--stage", "production-b", "--yes")
    assert up.status == 0, up.err
    assert len(deployer.resources()[REGION]["apis"]) == 2
    for stage in ("production", "production-b"):
        plan = deployer.run("plan", "--stage", stage, "--json").document()
        assert (plan["changes"], plan["ok"]) == ([], True)
    assert deployer.run("down", "--stage", "production-b", "--yes").status == 0
    assert deployer.resources() == alone


def test_a_region_that_is_not_set_up_is_refused(deployer: Deployer) -> None:
    outcome = deployer.run("up", "--region", EAST, "--yes")
    assert outcome.status == 1
    assert "run `python -m infra init --stage production --region us-east-1` first" in outcome.err
