"""Someone who deploys a template by hand, in one stack named `s`."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.deploy.aws_account import AwsAccount

REGION = "eu-west-1"
LOGS = "AWS::Logs::LogGroup"
Json = dict[str, Any]


def group(name: str, **more: object) -> Json:
    return {"Type": LOGS, "Properties": {"LogGroupName": name, **more}}


def template(resources: Mapping[str, Any], **sections: object) -> Json:
    return {"Resources": resources, **sections}


class Console:
    """Someone who deploys by hand."""

    def __init__(self, account: AwsAccount) -> None:
        self.account = account
        self.client = account.client("cloudformation", REGION)

    def propose(self, document: Json, kind: str = "CREATE", **more: object) -> Json:
        self.client.create_change_set(
            StackName="s", ChangeSetName="c", ChangeSetType=kind, TemplateBody=json.dumps(document), **more
        )
        self.client.describe_change_set(StackName="s", ChangeSetName="c")
        found: Json = self.client.describe_change_set(StackName="s", ChangeSetName="c")
        return found

    def deploy(self, document: Json, kind: str = "CREATE", **more: object) -> str:
        self.propose(document, kind, **more)
        self.client.execute_change_set(StackName="s", ChangeSetName="c")
        self.account.stacks.settle()
        return self.status()

    def status(self) -> str:
        return str(self.client.describe_stacks(StackName="s")["Stacks"][0]["StackStatus"])

    def events(self) -> list[tuple[str, str]]:
        pages = self.client.get_paginator("describe_stack_events").paginate(StackName="s")
        found = [event for page in pages for event in page["StackEvents"]]
        return [(event["LogicalResourceId"], event["ResourceStatus"]) for event in reversed(found)]

    def names(self, kind: str = LOGS) -> list[str]:
        return sorted(each.physical_id for each in self.account.stacks.inventory.of(kind))


def refused(ask: Callable[[], object]) -> tuple[str, str]:
    """Code and message of the error that a call ends with."""
    with pytest.raises(ClientError) as error:
        ask()
    return error.value.response["Error"]["Code"], error.value.response["Error"]["Message"]
