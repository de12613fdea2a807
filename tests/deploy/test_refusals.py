"""What `up` refuses: a line for each problem, exit 1, and not one change in the account."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.deploy.deployer import DOMAIN, REGION, Deployer
from tests.deploy.deployer_rights import give_rights

OUR_BUCKET = f"custom-ecr-domain-123456789012-{REGION}"


def domain_of_others(deployer: Deployer) -> None:
    apigateway = deployer.account.client("apigateway", REGION)
    apigateway.create_domain_name(domainName=DOMAIN, endpointConfiguration={"types": ["REGIONAL"]})


def record_of_others(deployer: Deployer) -> None:
    body = {"Name": DOMAIN, "Type": "A", "TTL": 60, "ResourceRecords": [{"Value": "192.0.2.7"}]}
    deployer.account.client("route53", REGION).change_resource_record_sets(
        HostedZoneId=deployer.zone_id,
        ChangeBatch={"Changes": [{"Action": "CREATE", "ResourceRecordSet": body}]},
    )


def zone_of_another_domain(deployer: Deployer) -> None:
    zones = deployer.account.client("route53", REGION)
    zone = zones.create_hosted_zone(Name="example.org", CallerReference="2")["HostedZone"]["Id"]
    deployer.configure("production", own={"hosted_zone_id": zone.rpartition("/")[2]})


def certificate_of_another_domain(deployer: Deployer) -> None:
    deployer.configure(
        "production", own={"certificate_arn": deployer.import_certificate("other.example.test")}
    )


def certificate_pending(deployer: Deployer) -> None:
    acm = deployer.account.client("acm", REGION)
    arn = acm.request_certificate(DomainName=DOMAIN)["CertificateArn"]
    deployer.configure("production", own={"certificate_arn": arn})


def certificate_gone(deployer: Deployer) -> None:
    arn = f"arn:aws:acm:{REGION}:123456789012:certificate/11111111-1111-1111-1111-111111111111"
    deployer.configure("production", own={"certificate_arn": arn})


def certificate_of_the_edge_pending(deployer: Deployer) -> None:
    acm = deployer.account.client("acm", "us-east-1")
    arn = acm.request_certificate(DomainName=DOMAIN)["CertificateArn"]
    deployer.configure("production", own={"edge_certificate_arn": arn})


def record_of_another_region(deployer: Deployer) -> None:
    target = {"HostedZoneId": "ZOTHERS", "DNSName": "theirs.example.test", "EvaluateTargetHealth": False}
    body: Any = {"Name": DOMAIN, "Type": "A", "SetIdentifier": "us-west-2", "Region": "us-west-2"}
    deployer.account.client("route53", REGION).change_resource_record_sets(
        HostedZoneId=deployer.zone_id,
        ChangeBatch={"Changes": [{"Action": "CREATE", "ResourceRecordSet": {**body, "AliasTarget": target}}]},
    )


def certificate_elsewhere(deployer: Deployer) -> None:
    arn = deployer.import_certificate(DOMAIN, region="us-east-1")
    deployer.configure("production", own={"certificate_arn": arn})


def no_zone(deployer: Deployer) -> None:
    deployer.configure("production", own={"hosted_zone_id": "ZGONE"})


def no_registry(deployer: Deployer) -> None:
    # Port 9 of this machine: nothing listens on `discard`.
    deployer.configure("production", environment_variables={"ECR_REGISTRY": "https://127.0.0.1:9"})


def logged(deployer: Deployer) -> None:
    deployer.configure("production", own={"access_log": "on"})


def checked(deployer: Deployer) -> None:
    deployer.configure("production", own={"health_check_id": "gone", "edge": "off"})


def bucket_of_ours_without_the_tag(deployer: Deployer) -> None:
    s3 = deployer.account.client("s3", REGION)
    s3.create_bucket(Bucket=OUR_BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_object(Bucket=OUR_BUCKET, Key="theirs", Body=b"theirs")


@pytest.mark.parametrize(
    ("arrange", "expected"),
    [
        (domain_of_others, f"has the custom domain name {DOMAIN} already, which is not this stage's"),
        (record_of_others, f"has A {DOMAIN} -> an address of its own already, which is not this stage's"),
        (zone_of_another_domain, f"is for example.org, and {DOMAIN} is not in it"),
        (certificate_of_another_domain, f"is for other.example.test, not {DOMAIN}"),
        (certificate_pending, "is PENDING_VALIDATION"),
        (
            certificate_of_the_edge_pending,
            "(custom_ecr_domain.edge_certificate_arn in .chalice/config.json) is",
        ),
        (certificate_gone, f"is not in this account's {REGION}"),
        (record_of_another_region, "has a latency record of us-west-2 already: the edge serves one region"),
        (certificate_elsewhere, f"the certificate must be in {REGION}"),
        (
            no_zone,
            "the hosted zone ZGONE (custom_ecr_domain.hosted_zone_id in .chalice/config.json) is not in",
        ),
        (no_registry, "the registry https://127.0.0.1:9"),
        (logged, "API Gateway has no role to write logs with"),
        (
            checked,
            "there is no health check gone (custom_ecr_domain.health_check_id in .chalice/config.json)",
        ),
        (bucket_of_ours_without_the_tag, f"the bucket {OUR_BUCKET} is not ours"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_conflict_is_found_before_anything_changes(
    deployer: Deployer, arrange: Callable[[Deployer], None], expected: str
) -> None:
    arrange(deployer)
    before = deployer.resources(REGION, "us-east-1")
    up = deployer.run("up", "--yes")
    assert expected in up.refusal()
    assert deployer.resources(REGION, "us-east-1") == before
    plan = deployer.run("plan")
    assert plan.status == 1
    assert expected in plan.err


def test_a_bucket_of_another_account_is_named(deployer: Deployer) -> None:
    deployer.account.foreign_buckets.add(OUR_BUCKET)
    before = deployer.resources(REGION, "us-east-1")
    up = deployer.run("up", "--yes")
    assert up.status == 1
    assert f"the bucket {OUR_BUCKET} belongs to another account" in up.err
    assert deployer.resources(REGION, "us-east-1") == before


def test_all_problems_are_shown_at_once(deployer: Deployer) -> None:
    for arrange in (domain_of_others, logged, record_of_others):
        arrange(deployer)
    lines = deployer.run("up", "--yes").err.splitlines()
    assert len([line for line in lines if line.startswith("ecr-domain: ")]) == 3


@pytest.mark.parametrize(
    ("command", "typed"), [("up", "no\n"), ("up", "\n"), ("up", ""), ("up", None), ("down", "no\n")]
)
def test_without_a_yes_nothing_changes(deployer: Deployer, command: str, typed: str | None) -> None:
    if command == "down":
        deployer.succeed("up", "--yes")
    before = deployer.resources(REGION, "us-east-1")
    outcome = deployer.run(command, typed=typed)
    assert outcome.status == 1
    assert deployer.resources(REGION, "us-east-1") == before


@pytest.mark.parametrize("command", ["plan", "up", "doctor", "down"])
def test_a_stage_that_is_not_set_up_is_refused(bare_deployer: Deployer, command: str) -> None:
    outcome = bare_deployer.run(command)
    assert outcome.status == 1
    assert "the stage 'production' is not set up in .chalice/config.json" in outcome.err
    assert (
        "run `.venv/bin/ecr-domain init --stage production --region REGION --domain NAME` first"
        in outcome.err
    )
    assert bare_deployer.account.calls == []


def test_json_says_what_was_refused(deployer: Deployer) -> None:
    logged(deployer)
    up = deployer.run("up", "--json", "--yes")
    document = up.document()
    assert (up.status, document["ok"], document["command"]) == (1, False, "up")
    assert "access_log" in document["error"]


@pytest.mark.parametrize("command", ["up", "down"])
def test_a_stage_keeps_the_domain_it_is_deployed_at(deployer: Deployer, command: str) -> None:
    deployer.succeed("up", "--yes")
    before = deployer.resources(REGION, "us-east-1")
    deployer.configure("production", own={"domain": "new.example.test"})
    outcome = deployer.run(command, "--yes")
    assert outcome.status == 1
    assert f"is deployed at {DOMAIN}, and custom_ecr_domain.domain in .chalice/config.json is" in outcome.err
    assert deployer.resources(REGION, "us-east-1") == before


def test_a_foreign_deployment_is_not_taken_down(deployer: Deployer) -> None:
    """`down` before any `up`, in an account that uses the same domain name for something else."""
    domain_of_others(deployer)
    record_of_others(deployer)
    before = deployer.resources(REGION, "us-east-1")
    deployer.succeed("down", "--yes")
    assert deployer.resources(REGION, "us-east-1") == before


def test_a_stack_with_a_role_that_was_not_configured_is_refused(bare_deployer: Deployer) -> None:
    """CloudFormation would act with it, whether or not the deployer may pass it."""
    deployer = bare_deployer
    deployer.forget_rights()
    outputs = give_rights(deployer.account, REGION, deployer.zone_id, service_role=True)
    assert deployer.init("--service-role-arn", outputs["ServiceRoleArn"], "--edge", "off").status == 0
    deployer.succeed("up", "--yes")
    document = deployer.configuration()
    del document["stages"]["production"]["custom_ecr_domain"]["service_role_arn"]
    (deployer.project / ".chalice/config.json").write_text(json.dumps(document))
    deployer.account.calls.clear()
    for command in (("plan",), ("up", "--yes")):
        outcome = deployer.run(*command)
        assert outcome.status == 1
        (line,) = [line for line in outcome.err.splitlines() if "has the role" in line]
        assert f"has the role {outputs['ServiceRoleArn']}" in line
    assert deployer.account.changes() == []
    # What the line says to run.
    assert deployer.run("init", "--service-role-arn", outputs["ServiceRoleArn"]).status == 0
    deployer.succeed("plan")


def test_a_bucket_that_somebody_opened_is_closed_again(deployer: Deployer) -> None:
    deployer.succeed("up", "--yes")
    s3 = deployer.account.client("s3", REGION)
    policies = deployer.account.lessons.bucket_policies
    policy = policies.pop(OUR_BUCKET)
    s3.delete_public_access_block(Bucket=OUR_BUCKET)
    tags = [{"Key": "custom-ecr-domain", "Value": "artefacts"}, {"Key": "cost", "Value": "7"}]
    s3.put_bucket_tagging(Bucket=OUR_BUCKET, Tagging={"TagSet": tags})
    deployer.configure("production", own={"dashboard": "on"})
    deployer.succeed("up", "--yes")
    block = s3.get_public_access_block(Bucket=OUR_BUCKET)["PublicAccessBlockConfiguration"]
    assert all(block.values())
    assert policies[OUR_BUCKET] == policy
    assert s3.get_bucket_tagging(Bucket=OUR_BUCKET)["TagSet"] == tags
