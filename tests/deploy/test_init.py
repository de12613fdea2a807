"""`init`: what it finds, what it asks, what it refuses, and what it writes."""

from __future__ import annotations

import json

import pytest

from tests.deploy.aws_account import ACCOUNT
from tests.deploy.deployer import DOMAIN, REGION, Deployer


def test_it_finds_the_zone_and_the_boundary(bare_deployer: Deployer) -> None:
    zones = bare_deployer.account.client("route53", REGION)
    for number, name in enumerate(("test", "ample.test", "other.test")):
        zones.create_hosted_zone(Name=name, CallerReference=f"x{number}")
    bare_deployer.account.calls.clear()
    outcome = bare_deployer.init("--log-retention-in-days", "30", "--access-log", "off", "--edge", "on")
    assert outcome.status == 0, outcome.err
    stage = bare_deployer.configuration()["stages"]["production"]
    assert stage["custom_ecr_domain"] == {
        "domain": DOMAIN,
        "region": REGION,
        "edge": "on",
        "hosted_zone_id": bare_deployer.zone_id,
        "log_retention_in_days": 30,
        "permissions_boundary_arn": f"arn:aws:iam::{ACCOUNT}:policy/custom-ecr-domain-boundary",
    }
    assert stage["environment_variables"]["ECR_REGISTRY"] == bare_deployer.registry
    assert bare_deployer.account.changes() == []
    assert "next: .venv/bin/ecr-domain up --stage production" in outcome.err


def test_it_asks_for_the_domain(bare_deployer: Deployer) -> None:
    given = ("--registry", bare_deployer.registry)
    outcome = bare_deployer.run("init", "--region", REGION, *given, typed=f"{DOMAIN.upper()}.\n")
    assert outcome.status == 0, outcome.err
    assert bare_deployer.configuration()["stages"]["production"]["custom_ecr_domain"]["domain"] == DOMAIN


def test_without_anybody_to_ask_the_flag_is_named(bare_deployer: Deployer) -> None:
    outcome = bare_deployer.run("init", "--region", REGION)
    assert outcome.status == 1
    assert "pass --domain NAME" in outcome.err


def test_a_second_init_keeps_what_no_flag_changes(deployer: Deployer) -> None:
    deployer.configure("production", own={"log_retention_in_days": 90}, lambda_timeout=9)
    assert deployer.run("init", "--region", REGION, typed="\n").status == 0
    stage = deployer.configuration()["stages"]["production"]
    assert (stage["lambda_timeout"], stage["custom_ecr_domain"]["log_retention_in_days"]) == (9, 90)
    assert stage["custom_ecr_domain"]["domain"] == DOMAIN
    assert stage["environment_variables"]["ECR_REGISTRY"] == deployer.registry


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        (
            ("--domain", "ecr.example.com"),
            "no public hosted zone of this account holds ecr.example.com (--domain)",
        ),
        (("--domain", "ecr"), "custom_ecr_domain.domain='ecr' (--domain)"),
        (("--domain", "https://ecr.example.test"), "domain='https://ecr.example.test' (--domain)"),
        (("--domain", "ecr.example.test:8443"), "domain='ecr.example.test:8443' (--domain)"),
        (("--domain", "ecr_1.example.test"), "domain='ecr_1.example.test' (--domain)"),
        (("--hosted-zone-id", "ZGONE"), "the hosted zone ZGONE (--hosted-zone-id) is not in this account"),
        (
            ("--registry", "http://registry.example.test"),
            "ECR_REGISTRY='http://registry.example.test' (--registry)",
        ),
        (("--registry", f"https://{DOMAIN}"), "(--registry)"),
        (("--registries", "team"), "ECR_REGISTRIES='team' (--registries)"),
        (("--certificate-arn", "arn:x"), "certificate_arn='arn:x' (--certificate-arn)"),
        (("--edge", "perhaps"), "edge='perhaps' (--edge)"),
        (("--log-retention-in-days", "2"), "log_retention_in_days=2 (--log-retention-in-days)"),
        (("--notify", "nobody"), "notify='nobody' (--notify)"),
        (("--redirect-mode", "relay", "--edge", "on"), "(--redirect-mode)"),
    ],
)
def test_what_could_not_be_deployed_is_refused_and_the_file_left_alone(
    bare_deployer: Deployer, flags: tuple[str, ...], expected: str
) -> None:
    before = bare_deployer.configuration()
    bare_deployer.account.calls.clear()
    given = ("--region", REGION, "--domain", DOMAIN, "--registry", bare_deployer.registry)
    outcome = bare_deployer.run("init", *given, *flags)
    assert expected in outcome.refusal()
    assert bare_deployer.account.changes() == []
    assert bare_deployer.configuration() == before


def test_a_private_zone_is_no_place_for_a_public_name(bare_deployer: Deployer) -> None:
    zone = bare_deployer.account.client("route53", REGION).create_hosted_zone(
        Name="example.test",
        CallerReference="p",
        HostedZoneConfig={"PrivateZone": True},
        VPC={"VPCRegion": REGION, "VPCId": "vpc-1"},
    )["HostedZone"]["Id"]
    outcome = bare_deployer.init("--hosted-zone-id", zone.rpartition("/")[2])
    assert outcome.status == 1
    assert "is private" in outcome.err


def test_what_plan_would_refuse_is_refused_by_init(deployer: Deployer) -> None:
    """The domain of a stage that is deployed does not move."""
    deployer.succeed("up", "--yes")
    before = deployer.configuration()
    outcome = deployer.run("init", "--region", REGION, "--domain", "new.example.test")
    assert outcome.status == 1
    assert f"is deployed at {DOMAIN}" in outcome.err
    assert deployer.configuration() == before


def test_a_further_region_does_not_inherit_the_registry(deployer: Deployer) -> None:
    deployer.configure("production", own={"edge": "off"})
    given = ("--region", "us-east-1", "--domain", DOMAIN, "--edge", "off")
    # The account's own registry there, which this machine does not have.
    outcome = deployer.run("init", *given)
    assert "us-east-1.amazonaws.com" in outcome.err
    assert deployer.registry not in outcome.err


@pytest.mark.parametrize("elsewhere", [None, "us-east-1"])
def test_a_stage_stays_in_its_region_whatever_the_environment_says(
    deployer: Deployer, monkeypatch: pytest.MonkeyPatch, elsewhere: str | None
) -> None:
    for variable in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(variable, raising=False)
        if elsewhere:
            monkeypatch.setenv(variable, elsewhere)
    stages = set(deployer.configuration()["stages"])
    registries = json.dumps({"team/": deployer.registry})
    for flags in (("--edge", "off"), ("--registries", registries)):
        outcome = deployer.run("init", *flags)
        assert outcome.status == 0, outcome.err
    assert set(deployer.configuration()["stages"]) == stages
    stage = deployer.configuration()["stages"]["production"]
    own = stage["custom_ecr_domain"]
    assert (own["domain"], own["region"], own["edge"]) == (DOMAIN, REGION, "off")
    assert stage["environment_variables"]["ECR_REGISTRIES"] == registries


def test_a_new_stage_has_the_region_of_the_environment(
    bare_deployer: Deployer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_REGION", raising=False)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    given = ("--domain", DOMAIN, "--registry", bare_deployer.registry)
    outcome = bare_deployer.run("init", *given)
    assert outcome.status == 0, outcome.err
    stage = bare_deployer.configuration()["stages"]["production"]
    assert stage["custom_ecr_domain"]["region"] == "eu-central-1"


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        (("--edge", "maybe"), "edge='maybe' (--edge)"),
        (("--domain", f"https://{DOMAIN}"), f"domain='https://{DOMAIN}' (--domain)"),
        (("--registry", "a registry"), "ECR_REGISTRY='a registry' (--registry)"),
        (("--registries", "team"), "ECR_REGISTRIES='team' (--registries)"),
    ],
)
def test_a_flag_is_judged_before_aws_is_asked(
    bare_deployer: Deployer, monkeypatch: pytest.MonkeyPatch, flags: tuple[str, str], expected: str
) -> None:
    for variable in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(variable, raising=False)
    bare_deployer.account.calls.clear()
    outcome = bare_deployer.run("init", *flags)
    assert outcome.status == 1
    (line,) = outcome.err.splitlines()
    assert expected in line
    assert bare_deployer.account.calls == []
