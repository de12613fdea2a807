"""What `up` refuses: one line, exit 1, and not one change in the account."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.deploy.deployer import DOMAIN, REGION, Deployer


def domain_of_others(deployer: Deployer) -> None:
    apigateway = deployer.account.client("apigateway", REGION)
    apigateway.create_domain_name(domainName=DOMAIN, endpointConfiguration={"types": ["REGIONAL"]})


def function_of_others(deployer: Deployer) -> None:
    iam = deployer.account.client("iam", REGION)
    role = iam.create_role(RoleName="other", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    deployer.account.client("lambda", REGION).create_function(
        FunctionName="custom-ecr-domain-production",
        Role=role,
        Runtime="python3.11",
        Handler="x.y",
        Code={"ZipFile": b"PK\x05\x06" + bytes(18)},
    )


def record_of_others(deployer: Deployer) -> None:
    body = {"Name": DOMAIN, "Type": "A", "TTL": 60, "ResourceRecords": [{"Value": "192.0.2.7"}]}
    deployer.account.client("route53", REGION).change_resource_record_sets(
        HostedZoneId=deployer.zone_id,
        ChangeBatch={"Changes": [{"Action": "CREATE", "ResourceRecordSet": body}]},
    )


def zone_of_another_domain(deployer: Deployer) -> None:
    zones = deployer.account.client("route53", REGION)
    zone = zones.create_hosted_zone(Name="example.org", CallerReference="2")["HostedZone"]["Id"]
    deployer.configure("production", own={"hosted_zone_id": zone})


def certificate_of_another_domain(deployer: Deployer) -> None:
    use_certificate(deployer, deployer.import_certificate("other.example.test"))


def certificate_pending(deployer: Deployer) -> None:
    acm = deployer.account.client("acm", REGION)
    use_certificate(deployer, acm.request_certificate(DomainName=DOMAIN)["CertificateArn"])


def certificate_elsewhere(deployer: Deployer) -> None:
    use_certificate(deployer, deployer.import_certificate(DOMAIN, region="us-east-1"))


def use_certificate(deployer: Deployer, arn: str) -> None:
    deployer.configure(
        "production", api_gateway_custom_domain={"domain_name": DOMAIN, "certificate_arn": arn}
    )


def no_zone(deployer: Deployer) -> None:
    deployer.configure("production", own={"hosted_zone_id": "ZGONE"})


def no_registry(deployer: Deployer) -> None:
    # Port 9 of this machine: nothing listens on `discard`.
    deployer.configure("production", environment_variables={"ECR_REGISTRY": "http://127.0.0.1:9"})


def prefixed(deployer: Deployer) -> None:
    domain = deployer.configuration()["stages"]["production"]["api_gateway_custom_domain"]
    deployer.configure("production", api_gateway_custom_domain={**domain, "url_prefix": "ecr"})


def logged(deployer: Deployer) -> None:
    deployer.configure("production", own={"access_log": True})


def checked(deployer: Deployer) -> None:
    deployer.configure("production", own={"health_check_id": "gone"})


@pytest.mark.parametrize(
    ("arrange", "expected"),
    [
        (
            domain_of_others,
            f"the custom domain name {DOMAIN} (domain_name in .chalice/config.json) is already used",
        ),
        (function_of_others, "a function custom-ecr-domain-production exists that Chalice did not deploy"),
        (record_of_others, f"has A {DOMAIN} -> an address of its own already"),
        (zone_of_another_domain, f"is for example.org, and {DOMAIN} is not in it"),
        (certificate_of_another_domain, f"is for other.example.test, not {DOMAIN}"),
        (certificate_pending, "is still waiting for its DNS validation"),
        (certificate_elsewhere, f"the certificate must be in {REGION}"),
        (
            no_zone,
            "the hosted zone ZGONE (custom_ecr_domain.hosted_zone_id in .chalice/config.json) is not in",
        ),
        (no_registry, "the registry http://127.0.0.1:9 (environment_variables.ECR_REGISTRY"),
        (prefixed, "registry clients look for /v2/ at the root of a host"),
        (logged, "API Gateway has no role to write logs with"),
        (checked, "there is no health check gone"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_conflict_is_found_before_anything_changes(
    deployer: Deployer, arrange: Callable[[Deployer], None], expected: str
) -> None:
    arrange(deployer)
    before = deployer.resources()
    deployer.account.calls.clear()
    up = deployer.run("up", "--yes")
    assert up.status == 1
    (line,) = [line for line in up.err.splitlines() if line.startswith("infra: ")]
    assert expected in line
    assert "Traceback" not in up.err
    assert deployer.account.changes() == []
    assert deployer.resources() == before


def test_all_problems_are_told_at_once(deployer: Deployer) -> None:
    for arrange in (no_zone, logged, record_of_others):
        arrange(deployer)
    lines = deployer.run("up", "--yes").err.splitlines()
    assert len([line for line in lines if line.startswith("infra: ")]) == 2  # no zone, so no records to see


def test_plan_names_what_up_would_refuse(deployer: Deployer) -> None:
    logged(deployer)
    plan = deployer.run("plan")
    assert plan.status == 0
    assert "`up` would refuse: custom_ecr_domain.access_log" in plan.err


@pytest.mark.parametrize("answers", ["no\n", "\n", "", None])
def test_without_a_yes_nothing_changes(deployer: Deployer, answers: str | None) -> None:
    deployer.account.calls.clear()
    up = deployer.run("up", answers=answers)
    assert up.status == 1
    assert deployer.account.changes() == []


@pytest.mark.parametrize("command", ["plan", "up", "doctor", "down"])
def test_a_stage_that_is_not_set_up_is_refused(bare_deployer: Deployer, command: str) -> None:
    outcome = bare_deployer.run(command)
    assert outcome.status == 1
    assert "run `python -m infra init` for it first" in outcome.err
    assert bare_deployer.account.calls == []


def test_json_says_what_was_refused(deployer: Deployer) -> None:
    logged(deployer)
    up = deployer.run("up", "--json", "--yes")
    document = up.document()
    assert (up.status, document["ok"], document["command"]) == (1, False, "up")
    assert "access_log" in document["error"]


@pytest.mark.parametrize("command", ["up", "down"])
def test_a_stage_keeps_the_domain_it_is_deployed_at(deployer: Deployer, command: str) -> None:
    """Chalice would forget the old domain name, and AWS deletes no API that one leads to."""
    assert deployer.run("up", "--yes").status == 0
    before = deployer.resources()
    domain = deployer.configuration()["stages"]["production"]["api_gateway_custom_domain"]
    moved = {**domain, "domain_name": "new.example.test"}
    deployer.configure("production", api_gateway_custom_domain=moved)
    outcome = deployer.run(command, "--yes")
    assert outcome.status == 1
    assert (
        f"is deployed at {DOMAIN}, and domain_name in .chalice/config.json is now new.example.test"
        in outcome.err
    )
    assert deployer.resources() == before


def test_a_foreign_deployment_is_not_taken_down(deployer: Deployer) -> None:
    """`down` before any `up`, in an account that uses the same domain name for something else."""
    domain_of_others(deployer)
    record_of_others(deployer)
    before = deployer.resources()
    down = deployer.run("down", "--yes")
    assert down.status == 0
    assert deployer.resources() == before
