"""`init`: what it finds, what it asks, what it refuses, and what it writes."""

from __future__ import annotations

import pytest

from tests.deploy.deployer import DOMAIN, REGION, Deployer


def test_it_finds_the_zone_and_the_certificate(bare_deployer: Deployer) -> None:
    zones = bare_deployer.account.client("route53", REGION)
    for number, name in enumerate(("test", "ample.test", "other.test")):
        zones.create_hosted_zone(Name=name, CallerReference=f"x{number}")
    bare_deployer.import_certificate("other.example.test")
    wildcard = bare_deployer.import_certificate("*.example.test")
    bare_deployer.account.calls.clear()
    outcome = bare_deployer.init("--set-identifier", "west", "--log-retention-in-days", "30", "--access-log")
    assert outcome.status == 0, outcome.err
    stage = bare_deployer.configuration()["stages"]["production"]
    assert stage["api_gateway_custom_domain"] == {
        "domain_name": DOMAIN,
        "certificate_arn": wildcard,
        "tls_version": "TLS_1_2",
        "tags": {"custom-ecr-domain": "production"},
    }
    assert stage["custom_ecr_domain"] == {
        "region": REGION,
        "hosted_zone_id": bare_deployer.zone_id,
        "set_identifier": "west",
        "log_retention_in_days": 30,
        "access_log": True,
    }
    assert stage["environment_variables"]["ECR_REGISTRY"] == bare_deployer.registry
    assert bare_deployer.account.changes() == []


def test_it_asks_for_the_domain(bare_deployer: Deployer) -> None:
    bare_deployer.import_certificate(DOMAIN)
    outcome = bare_deployer.run("init", "--region", REGION, answers=f"{DOMAIN.upper()}.\n")
    assert outcome.status == 0, outcome.err
    domain = bare_deployer.configuration()["stages"]["production"]["api_gateway_custom_domain"]
    assert domain["domain_name"] == DOMAIN


def test_a_second_init_keeps_what_it_is_not_told(deployer: Deployer) -> None:
    deployer.configure("production", own={"log_retention_in_days": 90}, lambda_timeout=9)
    assert deployer.run("init", "--region", REGION, answers="\n").status == 0
    stage = deployer.configuration()["stages"]["production"]
    assert (stage["lambda_timeout"], stage["custom_ecr_domain"]["log_retention_in_days"]) == (9, 90)
    assert stage["api_gateway_custom_domain"]["domain_name"] == DOMAIN


def test_a_certificate_that_was_requested_before_is_waited_for(bare_deployer: Deployer) -> None:
    acm = bare_deployer.account.client("acm", REGION)
    arn = acm.request_certificate(DomainName=DOMAIN, ValidationMethod="DNS")["CertificateArn"]
    bare_deployer.time.on_sleep = lambda: bare_deployer.account.issue_certificates(REGION)
    bare_deployer.account.calls.clear()
    assert bare_deployer.init().status == 0
    stage = bare_deployer.configuration()["stages"]["production"]
    assert stage["api_gateway_custom_domain"]["certificate_arn"] == arn
    assert "acm:RequestCertificate" not in bare_deployer.account.changes()


def test_a_certificate_that_is_not_issued_in_time_leaves_the_file_alone(bare_deployer: Deployer) -> None:
    before = bare_deployer.configuration()
    outcome = bare_deployer.init()
    assert outcome.status == 1
    assert "is PENDING_VALIDATION after 18" in outcome.err  # half an hour, on the test's clock
    assert "run `init` again" in outcome.err
    assert bare_deployer.configuration() == before


def test_no_certificate_is_requested_without_a_yes(bare_deployer: Deployer) -> None:
    bare_deployer.account.calls.clear()
    outcome = bare_deployer.run("init", "--region", REGION, "--domain", DOMAIN, answers="no\n")
    assert outcome.status == 1
    assert bare_deployer.account.changes() == []


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        (
            ("--domain", "ecr.example.com"),
            "no public hosted zone of this account holds ecr.example.com (--domain)",
        ),
        (("--domain", "ecr"), "domain_name='ecr'"),
        (("--domain", "https://ecr.example.test"), "domain_name='https://ecr.example.test'"),
        (("--domain", "ecr.example.test:8443"), "domain_name='ecr.example.test:8443'"),
        (("--domain", "ecr_1.example.test"), "domain_name='ecr_1.example.test'"),
        (("--zone-id", "ZGONE"), "the zone ZGONE (--zone-id) is not in this account"),
        (("--registry", "http://registry.example.test"), "plain http would send credentials in the clear"),
        (("--certificate-arn", "arn:x"), "certificate_arn='arn:x'"),
        (("--routing", "simple", "--set-identifier", "x"), "set_identifier='x'"),
    ],
)
def test_what_could_not_be_deployed_is_refused_before_a_certificate_is_requested(
    bare_deployer: Deployer, flags: tuple[str, ...], expected: str
) -> None:
    before = bare_deployer.configuration()
    bare_deployer.account.calls.clear()
    outcome = bare_deployer.run("init", "--region", REGION, "--yes", "--domain", DOMAIN, *flags)
    assert outcome.status == 1
    assert expected in outcome.err
    assert "Traceback" not in outcome.err
    assert bare_deployer.account.changes() == []
    assert bare_deployer.configuration() == before


def test_a_private_zone_is_no_place_for_a_public_name(bare_deployer: Deployer) -> None:
    zone = bare_deployer.account.client("route53", REGION).create_hosted_zone(
        Name="example.test",
        CallerReference="p",
        HostedZoneConfig={"PrivateZone": True},
        VPC={"VPCRegion": REGION, "VPCId": "vpc-1"},
    )["HostedZone"]["Id"]
    outcome = bare_deployer.run("init", "--region", REGION, "--domain", DOMAIN, "--zone-id", zone, "--yes")
    assert "(--zone-id) is private" in outcome.err
