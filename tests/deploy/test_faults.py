"""`up` and `down` when AWS refuses, when it is slow, and when someone presses Ctrl-C: whatever step it
happens at, the next run goes on from there, and ends as an undisturbed one does."""

from __future__ import annotations

import io
import os
from collections.abc import Callable

import pytest

from infra.command_line import main
from infra.terminal import Terminal
from tests.deploy.aws_account import DENIED, THROTTLED, Fault
from tests.deploy.aws_call import Call
from tests.deploy.deployer import DOMAIN, REGION, Deployer

# Every call that changes something in a first `up`, by operation; two functions, two log groups.
STEPS = [
    "logs:CreateLogGroup",
    "logs:PutRetentionPolicy",
    "iam:CreateRole",
    "iam:PutRolePolicy",
    "lambda:CreateFunction",
    "lambda:DeleteFunctionConcurrency",
    "apigateway:ImportRestApi",
    "apigateway:UpdateRestApi",
    "lambda:AddPermission",
    "apigateway:CreateDeployment",
    "apigateway:CreateDomainName",
    "apigateway:CreateBasePathMapping",
    "lambda:TagResource",
    "lambda:UpdateFunctionConfiguration",
    "apigateway:UpdateStage",
    "apigateway:TagResource",
    "route53:ChangeResourceRecordSets",
]


class Once:
    """Refuses each operation of `operations` the first time it is asked for."""

    def __init__(self, fault: Fault, operations: list[str]) -> None:
        self.fault = fault
        self.left = list(operations)

    def __call__(self, call: Call) -> Fault | None:
        if call.name not in self.left:
            return None
        self.left.remove(call.name)
        return self.fault


def shape(deployer: Deployer) -> dict[str, object]:
    """What is in the account, without what is different each time."""
    found = deployer.resources()
    regional = found[REGION]
    return {
        "roles": found["roles"],
        "functions": sorted(function["FunctionName"] for function in regional["functions"]),
        "apis": len(regional["apis"]),
        "domains": [domain["domainName"] for domain in regional["domains"]],
        "logs": regional["log groups"],
        "records": [(record["Type"], record.get("SetIdentifier")) for record in found["records"]],
    }


COMPLETE = {
    "roles": ["custom-ecr-domain-production-api_handler", "custom-ecr-domain-production-challenge"],
    "functions": ["custom-ecr-domain-production", "custom-ecr-domain-production-challenge"],
    "apis": 1,
    "domains": [DOMAIN],
    "logs": {
        "/aws/lambda/custom-ecr-domain-production": 14,
        "/aws/lambda/custom-ecr-domain-production-challenge": 14,
    },
    "records": [("NS", None), ("SOA", None), ("A", REGION), ("AAAA", REGION)],
}


def refuse_each_once(deployer: Deployer, command: str, operations: list[str]) -> None:
    """Run `command` until each of `operations` has been refused: one run for each, each with its line."""
    deployer.account.fault = fault = Once(DENIED, operations)
    while fault.left:
        left = list(fault.left)
        outcome = deployer.run(command, "--yes")
        (refused,) = [operation for operation in left if operation not in fault.left]
        (line,) = [line for line in outcome.err.splitlines() if line.startswith("infra: ")]
        assert outcome.status == 1
        operation = refused.partition(":")[2]
        assert line == (
            f"infra: AWS refused {operation} (AccessDeniedException): a fault of the test; "
            "the deployer needs what docs/deployer-policy.json allows; then run the command again"
        )
        assert "Traceback" not in outcome.err


def test_access_denied_at_each_step_of_up_and_of_down(deployer: Deployer) -> None:
    """One account, one step further with each run."""
    before = deployer.resources()
    refuse_each_once(deployer, "up", STEPS)
    up = deployer.run("up", "--yes")
    assert up.status == 0, up.err
    assert shape(deployer) == COMPLETE
    assert deployer.run("plan", "--json").document()["changes"] == []

    steps = [
        "route53:ChangeResourceRecordSets",
        "apigatewayv2:DeleteDomainName",
        "apigateway:DeleteRestApi",
        "lambda:DeleteFunction",
        "iam:DeleteRolePolicy",
        "iam:DeleteRole",
        "logs:DeleteLogGroup",
    ]
    refuse_each_once(deployer, "down", steps)
    assert deployer.run("down", "--yes").status == 0
    assert deployer.resources() == before


READS = [
    "sts:GetCallerIdentity",
    "acm:DescribeCertificate",
    "apigateway:GetDomainName",
    "apigateway:GetRestApis",
    "iam:GetRole",
    "lambda:GetFunction",
    "logs:DescribeLogGroups",
    "route53:GetHostedZone",
    "route53:ListResourceRecordSets",
]


def test_what_cannot_be_read_is_named_and_nothing_is_changed(deployer: Deployer) -> None:
    for read in READS:
        deployer.account.calls.clear()
        deployer.account.fault = Once(DENIED, [read])
        up = deployer.run("up", "--yes")
        assert up.status == 1
        assert f"AWS refused {read.partition(':')[2]} (AccessDeniedException)" in up.err
        assert deployer.account.changes() == []


def test_throttling_is_waited_out(deployer: Deployer) -> None:
    fault = Once(THROTTLED, [*READS, *STEPS])
    deployer.account.fault = fault
    up = deployer.run("up", "--yes")
    assert up.status == 0, up.err
    assert fault.left == []
    assert shape(deployer) == COMPLETE


class Interrupting(io.StringIO):
    """A terminal at which someone presses Ctrl-C as soon as a line with `text` appears."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text

    def write(self, text: str) -> int:
        if self.text in text:
            raise KeyboardInterrupt
        return super().write(text)


def interrupt(deployer: Deployer, command: str, text: str) -> int:
    terminal = Terminal(io.StringIO(), Interrupting(text), None)
    clock = deployer.time.clock()
    arguments = [command, "--yes"]
    connect = deployer.account.connect
    return main(arguments, deployer.project, os.environ, terminal, deployer.internet, connect, clock)


def test_an_interrupted_up_or_down_is_finished_by_the_next(deployer: Deployer) -> None:
    before = deployer.resources()
    # In the order they appear; what a run has finished does not appear again.
    for text in (
        "create log group /aws/lambda/custom-ecr-domain-production-challenge",
        "Creating lambda function: custom-ecr-domain-production-challenge",
        "Creating custom domain name",
        "Creating api mapping",
        "describe the function",
        "describe the stage",
        "tag the API",
        "create A ",
    ):
        assert interrupt(deployer, "up", text) == 130, text
    assert deployer.run("up", "--yes").status == 0
    assert shape(deployer) == COMPLETE
    for text in ("chalice delete", "Deleting Rest API", "Deleting IAM role", "delete log group"):
        assert interrupt(deployer, "down", text) == 130, text
    assert deployer.run("down", "--yes").status == 0
    assert deployer.resources() == before


def test_an_api_that_was_made_but_never_recorded_is_not_made_twice(deployer: Deployer) -> None:
    """Chalice records at its very end; up to the mapping, only the integration tells whose API it is."""
    deployer.account.fault = Once(DENIED, ["apigateway:CreateDeployment"])
    assert deployer.run("up", "--yes").status == 1
    made = deployer.resources()[REGION]["apis"]
    assert len(made) == 1
    assert not (deployer.project / ".chalice/deployed/production.json").exists()
    assert deployer.run("up", "--yes").status == 0
    assert deployer.resources()[REGION]["apis"] == made


def test_a_deployment_that_stopped_half_way_is_not_taken_for_done(deployer: Deployer) -> None:
    """The roles have the new policy already, and nothing else shows it when the old one is put back."""
    assert deployer.run("up", "--yes").status == 0
    policy = deployer.project / ".chalice/policy.json"
    old = policy.read_text()
    policy.write_text(old.replace("logs:CreateLogGroup", "logs:DescribeLogGroups"))
    deployer.account.fault = Once(DENIED, ["lambda:UpdateFunctionCode"])
    assert deployer.run("up", "--yes").status == 1
    policy.write_text(old)
    (change,) = deployer.run("plan", "--json").document()["changes"]
    assert change["reasons"] == ["the last deployment was not finished by `up`"]


def delete_the_function(deployer: Deployer) -> None:
    deployer.account.client("lambda", REGION).delete_function(FunctionName="custom-ecr-domain-production")


def delete_the_api(deployer: Deployer) -> None:
    # AWS deletes no API that a domain name leads to.
    apigateway = deployer.account.client("apigateway", REGION)
    apigateway.delete_base_path_mapping(domainName=DOMAIN, basePath="(none)")
    apigateway.delete_rest_api(restApiId=deployer.resources()[REGION]["apis"][0])


@pytest.mark.parametrize("damage", [delete_the_function, delete_the_api])
def test_what_was_deleted_by_hand_is_made_again(
    deployer: Deployer, damage: Callable[[Deployer], None]
) -> None:
    assert deployer.run("up", "--yes").status == 0
    damage(deployer)
    up = deployer.run("up", "--yes")
    assert up.status == 0, up.err
    assert shape(deployer) == COMPLETE
