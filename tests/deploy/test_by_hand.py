"""The templates alone, as docs/deployment.md says to deploy them with the AWS CLI: the same service."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.deploy.aws_account import ACCOUNT
from tests.deploy.aws_cli import deploy, package
from tests.deploy.deployer import DOMAIN, EDGE_STACK, REGION, SERVICE_STACK, Deployer
from tests.deploy.registry_user import MEGABYTE, push_and_pull, registry_user
from tests.standins.certificates import Certificates
from tests.standins.ecr import FakeEcr

BUCKET = "a-bucket-of-mine"
EDGE_REGION = "us-east-1"
TAGS = {"custom-ecr-domain": "production"}
BOUNDARY = f"arn:aws:iam::{ACCOUNT}:policy/custom-ecr-domain-boundary"


def make_package(deployer: Deployer) -> Path:
    """build/cloudformation, as `make package REGISTRIES=...` makes it of the committed stage."""
    directory = deployer.project / "build" / "cloudformation"
    chalice = str(Path(sys.executable).with_name("chalice"))
    merge = ("--merge-template", "infra/templates/service.json")
    run(deployer, chalice, "package", "--stage", "dev", *merge, str(directory))
    edge = run(deployer, sys.executable, "-m", "infra.edge_template", deployer.registry)
    (directory / "edge.json").write_text(edge)
    return directory


def run(deployer: Deployer, *command: str) -> str:
    """A command in the project; what it printed."""
    done = subprocess.run(
        command,
        cwd=deployer.project,
        env={**os.environ, "AWS_DEFAULT_REGION": REGION},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture
def templates(bare_deployer: Deployer) -> tuple[str, str]:
    """The service's, packaged, and the edge's."""
    directory = make_package(bare_deployer)
    account = bare_deployer.account
    place: Any = {"LocationConstraint": REGION}
    account.client("s3", REGION).create_bucket(Bucket=BUCKET, CreateBucketConfiguration=place)
    service = package(account, directory / "sam.json", BUCKET, REGION)
    return service, (directory / "edge.json").read_text()


def test_the_templates_alone_give_the_same_service(
    bare_deployer: Deployer,
    templates: tuple[str, str],
    certificates: Certificates,
    ecr: FakeEcr,
) -> None:
    account = bare_deployer.account
    service, edge = templates
    before = bare_deployer.resources(REGION, EDGE_REGION)

    def use(repository: str, size: int) -> None:
        client = registry_user(bare_deployer.internet, certificates, DOMAIN, ecr.token)
        push_and_pull(client, repository, size)

    def deploy_service(**parameters: str) -> dict[str, str]:
        found = deploy(account, service, SERVICE_STACK, REGION, tags=TAGS, parameters=parameters)
        bare_deployer.internet.refresh()
        return found

    zone = {"DomainName": DOMAIN, "HostedZoneId": bare_deployer.zone_id}
    outputs = deploy_service(**zone, EcrRegistry=bare_deployer.registry, PermissionsBoundaryArn=BOUNDARY)
    use("relayed", MEGABYTE)

    deploy_service(RedirectMode="edge")
    target = outputs["ApiTarget"]
    at_edge = deploy(
        account, edge, EDGE_STACK, EDGE_REGION, tags=TAGS, parameters={**zone, "ApiTarget": target}
    )
    leads = {
        "AliasTargetDomainName": at_edge["DistributionDomainName"],
        "AliasTargetHostedZoneId": at_edge["DistributionHostedZoneId"],
    }
    deploy_service(**leads)
    assert bare_deployer.alias() == at_edge["DistributionDomainName"]
    use("at-the-edge", 20 * MEGABYTE)

    # The same again changes nothing.
    events = len(account.stacks.stack(REGION, SERVICE_STACK).events)
    deploy_service(**leads)
    assert len(account.stacks.stack(REGION, SERVICE_STACK).events) == events

    # With these names and tags, the commands take the stacks over.
    assert bare_deployer.init().status == 0
    for arguments in (("plan",), ("up", "--yes"), ("plan",), ("doctor",), ("down", "--yes")):
        outcome = bare_deployer.run(*arguments)
        assert outcome.status in (0, 2), outcome.err
    assert bare_deployer.resources(REGION, EDGE_REGION) == before


def test_a_consent_is_needed(bare_deployer: Deployer, templates: tuple[str, str]) -> None:
    zone = {"DomainName": DOMAIN, "HostedZoneId": bare_deployer.zone_id}
    with pytest.raises(ClientError, match="CAPABILITY"):
        deploy(bare_deployer.account, templates[0], "ecr-domain", REGION, capabilities=(), parameters=zone)
