"""What a deployer may do: enough, no more than that, and what is said where it is not enough."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from infra.errors import DEPLOYER_TEMPLATE
from tests.deploy.aws_account import ACCOUNT, DENIED, EXPIRED, THROTTLED
from tests.deploy.deployer import EDGE_STACK, REGION, SERVICE_STACK, Deployer
from tests.deploy.deployer_policy import Policy, covers
from tests.deploy.deployer_rights import ServiceRole, give_rights
from tests.deploy.other_deployer import create_again, delete
from tests.deploy.refusals import OnceEach, WithoutAction, operations
from tests.standins.cloudformation.kinds import kind_of
from tests.standins.cloudformation.resource_schema import schema_of

VIA = {"aws:CalledVia": "cloudformation.amazonaws.com"}
BOUNDARY = {"iam:PermissionsBoundary": f"arn:aws:iam::{ACCOUNT}:policy/custom-ecr-domain-boundary"}
ROLES = f"arn:aws:iam::{ACCOUNT}:role"
LOGS = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group"
ROLE = f"{ROLES}/custom-ecr-domain-production-x"
FUNCTION = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:custom-ecr-domain-production-x"
STACK = f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/custom-ecr-domain-production/*"
STACKS = f"arn:aws:cloudformation:*:{ACCOUNT}:stack/custom-ecr-domain-*"


@pytest.mark.parametrize(
    ("action", "resource", "context", "allowed"),
    [
        ("iam:CreateRole", ROLE, {**VIA, **BOUNDARY}, True),
        # A role without our boundary, or with another, could do anything.
        ("iam:CreateRole", ROLE, VIA, False),
        ("iam:CreateRole", ROLE, {**VIA, "iam:PermissionsBoundary": "arn:aws:iam::aws:policy/Admin"}, False),
        ("iam:PutRolePolicy", ROLE, VIA, False),
        # By hand, past CloudFormation.
        ("iam:CreateRole", ROLE, BOUNDARY, False),
        ("lambda:CreateFunction", FUNCTION, {}, False),
        ("lambda:UpdateFunctionCode", FUNCTION, {}, False),
        ("route53:ChangeResourceRecordSets", "arn:aws:route53:::hostedzone/Z1", {}, False),
        # What would take the boundary away or widen it.
        ("iam:DeleteRolePermissionsBoundary", ROLE, {**VIA, **BOUNDARY}, False),
        ("iam:PutRolePermissionsBoundary", ROLE, {**VIA, **BOUNDARY}, False),
        ("iam:CreatePolicyVersion", BOUNDARY["iam:PermissionsBoundary"], VIA, False),
        ("iam:AttachRolePolicy", ROLE, {**VIA, **BOUNDARY}, False),
        ("iam:UpdateAssumeRolePolicy", ROLE, {**VIA, **BOUNDARY}, False),
        ("iam:PassRole", ROLE, {**VIA, "iam:PassedToService": "lambda.amazonaws.com"}, True),
        ("iam:PassRole", ROLE, {**VIA, "iam:PassedToService": "ec2.amazonaws.com"}, False),
        (
            "iam:PassRole",
            f"arn:aws:iam::{ACCOUNT}:role/admin",
            {**VIA, "iam:PassedToService": "lambda.amazonaws.com"},
            False,
        ),
        # What other teams have.
        ("lambda:DeleteFunction", f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:theirs", VIA, False),
        ("iam:DeleteRole", f"{ROLES}/theirs", VIA, False),
        (
            "logs:DeleteLogGroup",
            f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/aws/lambda/theirs:log-stream:",
            VIA,
            False,
        ),
        ("s3:DeleteObject", "arn:aws:s3:::theirs/production/code.zip", {}, False),
        ("cloudformation:DeleteStack", STACK.replace("custom-ecr-domain-production", "theirs"), {}, False),
        ("cloudformation:DeleteStack", STACK, {}, True),
    ],
)
def test_nobody_becomes_an_administrator(
    deployer: Deployer, action: str, resource: str, context: Mapping[str, str], allowed: bool
) -> None:
    assert deployer.account.policy is not None
    assert deployer.account.policy.allows(action, resource, context) is allowed


def everything(deployer: Deployer) -> None:
    """A stage with every option on, up, changed, looked at and down."""
    deployer.account.set_log_role(REGION)
    check = deployer.health_check()
    options = {"access_log": "on", "notify": "me@example.test", "dashboard": "on"}
    deployer.configure("production", own=options, tags={"team": "me"})
    for arguments in (("plan",), ("up", "--yes"), ("doctor",)):
        outcome = deployer.run(*arguments)
        assert outcome.status in (0, 2), outcome.err
    changed = {"access_log": "off", "dashboard": "off", "log_retention_in_days": 0, "edge": "off"}
    deployer.configure("production", own={**changed, "health_check_id": check}, tags={"team": "you"})
    for arguments in (("up", "--yes"), ("down", "--yes")):
        outcome = deployer.run(*arguments)
        assert outcome.status == 0, outcome.err


BESIDE = {
    # Why AWS's validation of a change set failed, which the stand-in has not:
    # https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/validate-stack-deployments.html
    f"OperateTheStacks: cloudformation:DescribeEvents on {STACKS}",
    # https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-stack-drift.html asks for them.
    "SeeDrift: cloudformation:BatchDescribeTypeConfigurations on *",
    "SeeDrift: cloudformation:DetectStackResourceDrift on *",
}


def test_nothing_is_granted_that_nobody_needs(deployer: Deployer) -> None:
    """Each grant is used by a call, or AWS lists it for reading or changing our kinds of resources."""
    assert deployer.init().status == 0
    everything(deployer)
    policy, account = deployer.account.policy, deployer.account
    assert policy is not None
    kinds = {
        event.kind for stack in account.stacks.stacks for event in stack.events if "Stack" not in event.kind
    }
    listed = {
        action
        for kind in kinds
        for verb in ("create", "read", "update", "delete")
        for action in schema_of(kind, REGION).permissions(verb)
    }
    used = [(call.action, call.resource) for call in account.calls]
    idle = {
        f"{sid}: {action} on {resource}"
        for sid, action, resource in policy.grants()
        if action not in listed and not any(covers(action, resource, *call) for call in used)
    }
    assert idle == BESIDE
    assert [action for _, action, _ in policy.grants() if "*" in action] == []


def test_a_refusal_of_each_call_is_one_line_and_the_next_up_goes_on(deployer: Deployer) -> None:
    account = deployer.account
    before = deployer.resources(REGION, "us-east-1")
    account.calls.clear()
    deployer.succeed("up", "--yes")
    deployer.succeed("down", "--yes")
    names = operations(account.calls)
    assert len(names) > 15
    for command in ("up", "down"):
        fault = account.fault = OnceEach(DENIED, list(names))
        while True:
            fault.struck = ""
            outcome = deployer.run(command, "--yes")
            if not fault.struck:
                break
            line = outcome.refusal()
            operation = fault.struck.partition(":")[2]
            if operation == "HeadBucket":  # which says nothing more than 403
                assert "belongs to another account, or may not be read" in line
            else:
                assert f"AWS refused {operation} (" in line
                assert "the deployer needs what infra/templates/deployer.json allows" in line
        assert outcome.status == 0, outcome.err
    assert deployer.resources(REGION, "us-east-1") == before


def test_credentials_that_expire_under_way_are_one_line(deployer: Deployer) -> None:
    for call in ("sts:GetCallerIdentity", "s3:PutObject", "cloudformation:ExecuteChangeSet"):
        deployer.account.fault = OnceEach(EXPIRED, [call])
        line = deployer.run("up", "--yes").refusal()
        assert "(ExpiredToken)" in line
        assert "sign in again, then run the command again" in line
    deployer.account.fault = lambda _: None
    deployer.succeed("up", "--yes")


def test_throttling_is_waited_out(deployer: Deployer) -> None:
    names = ["sts:GetCallerIdentity", "cloudformation:CreateChangeSet", "cloudformation:DeleteChangeSet"]
    fault = deployer.account.fault = OnceEach(THROTTLED, names)
    assert deployer.run("plan").status == 2
    assert fault.left == []


def test_a_refusal_of_each_permission_rolls_back_and_names_it(deployer: Deployer) -> None:
    """Of the permissions that the creation of both stacks takes."""
    account = deployer.account
    account.calls.clear()
    deployer.succeed("up", "--yes")
    stacks = [account.stacks.stack(REGION, SERVICE_STACK), account.stacks.stack("us-east-1", EDGE_STACK)]
    code = deployer.code()
    used = {call.action for call in account.calls if call.protocol == "stack"}
    actions = {action for action in used if not action.startswith("cloudformation:")}
    deployer.succeed("down", "--yes")
    deployer.put_back(code)
    missed = set(actions)
    for stack in stacks:
        for action in sorted(actions):
            fault = account.fault = WithoutAction(DENIED, action)
            create_again(account, stack, as_deployer=True)
            account.fault = lambda _: None
            if not fault.struck:
                delete(account, stack)
                continue
            missed.discard(action)
            assert deployer.status(stack.name) in ("ROLLBACK_COMPLETE", "ROLLBACK_FAILED"), action
            delete(account, stack)
            assert deployer.status(stack.name) == "ABSENT", action
        create_again(account, stack, as_deployer=True)
    # Those of updates and deletions alone.
    assert missed <= {"lambda:UpdateFunctionConfiguration"}


def test_a_permission_that_is_missing_is_named_by_up(deployer: Deployer) -> None:
    deployer.account.fault = WithoutAction(DENIED, "lambda:CreateFunction")
    line = deployer.run("up", "--yes").refusal()
    assert "Challenge (AWS::Lambda::Function)" in line or "APIHandler (AWS" in line
    assert "infra/templates/deployer.json" in line
    deployer.account.fault = lambda _: None
    deployer.succeed("up", "--yes")


def with_service_role(deployer: Deployer) -> ServiceRole:
    """From now on CloudFormation acts with a role of its own, which `init` names."""
    deployer.forget_rights()
    outputs = give_rights(deployer.account, REGION, deployer.zone_id, service_role=True)
    assert deployer.init("--service-role-arn", outputs["ServiceRoleArn"]).status == 0
    role = deployer.account.stacks.role_caller
    assert isinstance(role, ServiceRole)
    return role


def test_with_a_service_role_the_deployer_needs_next_to_nothing(bare_deployer: Deployer) -> None:
    deployer = bare_deployer
    with_service_role(deployer)
    before = deployer.resources(REGION, "us-east-1")
    deployer.account.calls.clear()
    for arguments in (("up", "--yes"), ("doctor",), ("down", "--yes")):
        deployer.succeed(*arguments)
    changing = {call.action for call in deployer.account.calls if call.protocol == "stack" and call.changes}
    assert changing == {"iam:PassRole"}
    assert deployer.resources(REGION, "us-east-1") == before


def test_cloudformation_may_read_all_that_the_stacks_declare(bare_deployer: Deployer) -> None:
    """By what AWS lists for it, also of kinds that only some settings make."""
    deployer = bare_deployer
    granted = {action for _, action, _ in with_service_role(deployer).policy.grants()}
    deployer.succeed("up", "--yes")
    stacks = [each for each in deployer.account.stacks.living() if SERVICE_STACK in each.name]
    versions = [each.version for each in stacks if each.version]
    kinds = {declared.kind for version in versions for declared in version.template.resources.values()}
    assert {"AWS::CloudFront::Distribution", "AWS::CloudWatch::Dashboard", "AWS::SNS::Topic"} <= kinds
    for kind in kinds:
        listed = schema_of(kind, REGION).permissions("read")
        assert {action for action in listed if action not in granted} == kind_of(kind).unread, kind


def test_drift_that_the_deployer_may_not_look_for_is_no_absence_of_drift(bare_deployer: Deployer) -> None:
    """CloudFormation looks for it with the rights of whoever asks, whatever role the stack has."""
    deployer = bare_deployer
    with_service_role(deployer)
    deployer.succeed("up", "--yes")
    policy = deployer.account.policy
    assert policy is not None
    deployer.account.policy = Policy([each for each in policy.statements if each["Sid"] != "ReadFunctions"])
    outcome = deployer.run("doctor")
    assert outcome.status == 1
    assert (
        f"{SERVICE_STACK} cannot be looked at as a whole: Failed to detect drift on resource [" in outcome.out
    )
    assert f"the deployer needs what {DEPLOYER_TEMPLATE} allows" in outcome.out
    assert f"{SERVICE_STACK} is as CloudFormation made it" not in outcome.out
    assert f"{EDGE_STACK} is as CloudFormation made it" in outcome.out


def test_whoever_may_not_expand_the_template_is_told_so_before_anything_is_made(
    bare_deployer: Deployer,
) -> None:
    """The deployer, and the service role in place of the deployer."""
    deployer = bare_deployer
    deployer.init()
    before = deployer.resources(REGION, "us-east-1")
    deployer.account.fault = WithoutAction(DENIED, "cloudformation:CreateChangeSet")
    lines = [deployer.run("up", "--yes").refusal()]
    assert deployer.resources(REGION, "us-east-1") == before
    deployer.account.fault = lambda _: None
    role = with_service_role(deployer)
    rest = [each for each in role.policy.statements if each["Sid"] != "ExpandTheTemplate"]
    deployer.account.stacks.role_caller = ServiceRole(Policy(rest))
    before = deployer.resources(REGION, "us-east-1")
    lines.append(deployer.run("up", "--yes").refusal())
    assert deployer.resources(REGION, "us-east-1") == before
    for line in lines:
        assert f"CloudFormation refuses the change of the stack {SERVICE_STACK}: " in line
        assert f"; the deployer, or the service role, needs what {DEPLOYER_TEMPLATE} allows, then run" in line
