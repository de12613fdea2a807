"""`aws cloudformation package` and `deploy`, step for step, for an account of this machine.

As the AWS CLI does it: https://docs.aws.amazon.com/cli/latest/reference/cloudformation/deploy/ and
awscli/customizations/cloudformation of its source. `package` uploads a zip under the MD5 of its content and
writes its place into the template; `deploy` keeps the values of parameters that are not given, and takes a
change set without changes for a success.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from botocore.exceptions import ClientError

from tests.deploy.aws_account import AwsAccount


def package(account: AwsAccount, template: Path, bucket: str, region: str) -> str:
    """The template, in YAML, with its local code uploaded."""
    document: dict[str, Any] = json.loads(template.read_text(encoding="utf-8"))
    for resource in document["Resources"].values():
        local = resource.get("Properties", {}).get("CodeUri")
        if resource["Type"] == "AWS::Serverless::Function" and not local.startswith("s3://"):
            code = (template.parent / local).read_bytes()
            key = hashlib.md5(code, usedforsecurity=False).hexdigest()
            account.client("s3", region).put_object(Bucket=bucket, Key=key, Body=code)
            resource["Properties"]["CodeUri"] = f"s3://{bucket}/{key}"
    return yaml.dump(document)


def deploy(
    account: AwsAccount,
    template: str,
    stack: str,
    region: str,
    *,
    parameters: Mapping[str, str],
    capabilities: tuple[str, ...] = ("CAPABILITY_NAMED_IAM",),
    tags: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """The outputs. Raises ClientError, and RuntimeError for a stack that does not become complete."""
    client = account.client("cloudformation", region)
    if len(template.encode()) > 51_200:
        raise RuntimeError("templates with a size greater than 51,200 bytes need the --s3-bucket parameter")
    try:
        there = client.describe_stacks(StackName=stack)["Stacks"][0]
        kind = "CREATE" if there["StackStatus"] == "REVIEW_IN_PROGRESS" else "UPDATE"
    except ClientError:
        there, kind = {}, "CREATE"
    had = {each["ParameterKey"] for each in there.get("Parameters", ())}
    kept = had & yaml.safe_load(template).get("Parameters", {}).keys()
    given: list[dict[str, Any]] = [
        {"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()
    ]
    given += [{"ParameterKey": key, "UsePreviousValue": True} for key in sorted(kept - parameters.keys())]
    made = client.create_change_set(
        StackName=stack,
        ChangeSetName="awscli-cloudformation-package-deploy-1",
        ChangeSetType=kind,
        Parameters=given,
        Capabilities=list(capabilities),
        Tags=[{"Key": key, "Value": value} for key, value in (tags or {}).items()],
        TemplateBody=template,
    )
    found: dict[str, Any] = {"Status": "CREATE_IN_PROGRESS"}
    while found["Status"].endswith("_IN_PROGRESS"):
        found = client.describe_change_set(ChangeSetName=made["Id"])
    if found["Status"] == "FAILED":
        client.delete_change_set(ChangeSetName=made["Id"])
        if not any(
            text in found["StatusReason"] for text in ("didn't contain changes", "No updates are to be")
        ):
            raise RuntimeError(found["StatusReason"])
    else:
        client.execute_change_set(ChangeSetName=made["Id"])
    stack_id = made["StackId"]
    while (now := client.describe_stacks(StackName=stack_id)["Stacks"][0])["StackStatus"].endswith(
        "_PROGRESS"
    ):
        pass
    if now["StackStatus"] not in ("CREATE_COMPLETE", "UPDATE_COMPLETE"):
        raise RuntimeError(f"{stack} is {now['StackStatus']}")
    return {each["OutputKey"]: each["OutputValue"] for each in now.get("Outputs", ())}
