"""What others do to stacks with the account's own tools, past the commands."""

from __future__ import annotations

import json
from typing import Any

from tests.deploy.aws_account import AwsAccount
from tests.standins.cloudformation.stack import DeployedStack

CAPABILITIES = ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"]


def create(
    account: AwsAccount, region: str, name: str, body: str, *, as_deployer: bool = False, **more: object
) -> None:
    """A stack, to its end, whichever that is; by the account's owner, or with the deployer's rights."""
    client = account.deployers_client(region) if as_deployer else account.client("cloudformation", region)
    client.create_change_set(
        StackName=name,
        ChangeSetName="by-hand",
        ChangeSetType="CREATE",
        TemplateBody=body,
        Capabilities=CAPABILITIES,
        **more,
    )
    client.describe_change_set(StackName=name, ChangeSetName="by-hand")
    client.execute_change_set(StackName=name, ChangeSetName="by-hand")
    account.stacks.settle()


def create_foreign_stack(account: AwsAccount, region: str, name: str) -> None:
    """Another team's."""
    logs = {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": f"/theirs/{name}"}}
    create(account, region, name, json.dumps({"Resources": {"Logs": logs}}))


def create_again(account: AwsAccount, stack: DeployedStack, *, as_deployer: bool = False) -> None:
    """A stack as it was, from the template that it had."""
    version = stack.version
    assert version is not None
    parameters: Any = [
        {"ParameterKey": key, "ParameterValue": value} for key, value in version.parameters.items()
    ]
    tags: Any = [{"Key": key, "Value": value} for key, value in version.tags.items()]
    text, place = version.template.text, (stack.region, stack.name)
    create(account, *place, text, as_deployer=as_deployer, Parameters=parameters, Tags=tags)


def delete(account: AwsAccount, stack: DeployedStack) -> None:
    account.client("cloudformation", stack.region).delete_stack(StackName=stack.name)
    account.stacks.settle()


def begin_update(account: AwsAccount, stack: DeployedStack, **parameters: str) -> None:
    """Change parameters of a stack, and go away while it is under way."""
    client = account.client("cloudformation", stack.region)
    given: Any = [{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()]
    assert stack.version is not None
    given += [
        {"ParameterKey": key, "UsePreviousValue": True}
        for key in stack.version.parameters
        if key not in parameters
    ]
    client.create_change_set(
        StackName=stack.name,
        ChangeSetName="by-hand",
        UsePreviousTemplate=True,
        Capabilities=CAPABILITIES,
        Parameters=given,
    )
    client.describe_change_set(StackName=stack.name, ChangeSetName="by-hand")
    client.execute_change_set(StackName=stack.name, ChangeSetName="by-hand")
