"""Several registries behind one name: as many as make the edge's template too long for a call, and one more
while another run is under way."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.deploy.aws_call import Call
from tests.deploy.deployer import DOMAIN, REGION, SERVICE_STACK, Deployer
from tests.deploy.other_deployer import begin_update
from tests.standins.certificates import Certificates
from tests.standins.cloudformation.content_delivery import DISTRIBUTION
from tests.standins.http_message import HttpResponse
from tests.standins.http_server import HttpServer

COUNT = 16


@pytest.fixture
def registries(certificates: Certificates) -> Iterator[list[str]]:
    """Origins that answer as a registry does before its login."""
    context = certificates.server_context("127.0.0.1")
    challenge = HttpResponse(401, (("WWW-Authenticate", 'Basic realm="test"'),), b"")
    with ExitStack() as stack:
        yield [
            stack.enter_context(HttpServer(lambda _: challenge, context=context)).origin for _ in range(COUNT)
        ]


def test_the_template_goes_by_way_of_the_bucket(deployer: Deployer, registries: list[str]) -> None:
    before = deployer.resources(REGION, "us-east-1")
    prefixes = {f"team-{number}/": origin for number, origin in enumerate(registries)}
    variables = {"ECR_REGISTRY": deployer.registry, "ECR_REGISTRIES": json.dumps(prefixes)}
    deployer.configure("production", environment_variables=variables)
    # There is no bucket yet, in which the template could be shown to CloudFormation.
    plan = deployer.run("plan")
    assert plan.status == 2, plan.err
    assert deployer.resources(REGION, "us-east-1") == before

    deployer.succeed("up", "--yes")
    edge = deployer.account.stacks.stack("us-east-1", "custom-ecr-domain-production-edge")
    assert edge.version is not None
    assert len(edge.version.template.text) > 51_200
    for number, origin in enumerate(registries):
        reply = deployer.internet.get(f"https://{DOMAIN}", f"/v2/team-{number}/app/tags/list", {})
        authority = origin.removeprefix("https://")
        location = reply.headers["location"]
        assert location == f"/_registry/{authority}/v2/team-{number}/app/tags/list"
        assert deployer.internet.get(f"https://{DOMAIN}", location, {}).status == 401
    there = deployer.resources(REGION, "us-east-1")
    deployer.account.calls.clear()
    deployer.succeed("plan")
    assert "s3:PutObject" in deployer.account.changes()
    assert deployer.resources(REGION, "us-east-1") == there
    deployer.succeed("down", "--yes")
    assert deployer.resources(REGION, "us-east-1") == before


def test_the_edge_is_not_changed_while_another_run_changes_the_service(
    deployer: Deployer, registries: list[str]
) -> None:
    """What the edge leads to is unknown meanwhile."""
    deployer.succeed("up", "--yes")
    service = deployer.account.stacks.stack(REGION, SERVICE_STACK)
    edge = deployer.account.stacks.inventory.of(DISTRIBUTION)
    variables = {"ECR_REGISTRY": deployer.registry, "ECR_REGISTRIES": json.dumps({"team/": registries[0]})}
    deployer.configure("production", environment_variables=variables)

    def fault(call: Call) -> None:
        if call.operation == "PutObject" and service.execution is None:
            deployer.account.stacks.faults.delays["AWS::Logs::LogGroup", "update"] = 20
            begin_update(deployer.account, service, LogRetentionInDays="7")

    deployer.account.fault = fault
    line = deployer.run("up", "--yes").refusal()
    assert line == f"ecr-domain: another run changes the stack {SERVICE_STACK}; run the command again"
    assert deployer.account.stacks.inventory.of(DISTRIBUTION) == edge
