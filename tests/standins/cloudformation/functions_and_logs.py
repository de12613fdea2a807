"""Lambda functions and their permissions, IAM roles, log groups and saved queries."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from typing import Any

from tests.standins.cloudformation.errors import ResourceFailed
from tests.standins.cloudformation.resource_kind import Actions, Kind, MadeResource, Permission, Placement

FUNCTION = "AWS::Lambda::Function"
_ROLE = "AWS::IAM::Role"
_LOG_GROUP = "AWS::Logs::LogGroup"
_POLICY_LIMIT = 6_144


class RoleKind(Kind):
    name = _ROLE
    is_global = True
    actions = Actions(
        create=("iam:CreateRole", "iam:PutRolePolicy", "iam:GetRole", "iam:GetRolePolicy"),
        update=("iam:GetRole",),
        delete=(
            "iam:GetRole",
            "iam:ListAttachedRolePolicies",
            "iam:ListRolePolicies",
            "iam:DeleteRolePolicy",
            "iam:DeleteRole",
        ),
    )
    _of_inline_policies = ("iam:PutRolePolicy", "iam:DeleteRolePolicy", "iam:GetRolePolicy")
    _updates = (
        ("AssumeRolePolicyDocument", "iam:UpdateAssumeRolePolicy"),
        ("Description", "iam:UpdateRole"),
        ("PermissionsBoundary", "iam:PutRolePermissionsBoundary"),
        ("Policies", "iam:PutRolePolicy"),
    )

    def arn(self, site: Placement, resource: MadeResource) -> str:
        path = resource.properties.get("Path", "/")
        return f"arn:{site.partition}:iam::{site.account}:role{path}{resource.physical_id}"

    def attributes(self, site: Placement, resource: MadeResource) -> dict[str, Any]:
        identifier = f"AROA{site.unique(resource.physical_id).upper()}"
        return {**super().attributes(site, resource), "RoleId": identifier}

    def permissions(self, site: Placement, verb: str, resource: MadeResource) -> Iterator[Permission]:
        properties, arn = resource.properties, self.arn(site, resource)
        boundary = properties.get("PermissionsBoundary")
        context = {"iam:PermissionsBoundary": str(boundary)} if boundary else {}
        for action, _, _ in super().permissions(site, verb, resource):
            if properties.get("Policies") or action not in self._of_inline_policies:
                yield Permission(action, arn, context)
        old = site.inventory.find(_ROLE, resource.physical_id, site.region)
        for name, action in self._updates:
            if verb == "update" and old is not None and old.properties.get(name) != properties.get(name):
                yield Permission(action, arn, context)
        action = "iam:DetachRolePolicy" if verb == "delete" else "iam:AttachRolePolicy"
        for policy in properties.get("ManagedPolicyArns", ()):
            yield Permission(action, arn, {**context, "iam:PolicyARN": policy})


class ManagedPolicyKind(Kind):
    name = "AWS::IAM::ManagedPolicy"
    arn_format = "{id}"
    is_global = True
    actions = Actions(
        create=("iam:CreatePolicy",),
        update=("iam:CreatePolicyVersion", "iam:DeletePolicyVersion", "iam:ListPolicyVersions"),
        delete=("iam:DeletePolicy", "iam:ListPolicyVersions"),
    )

    def physical_id(self, site: Placement, draft: MadeResource) -> str:
        path = draft.properties.get("Path", "/")
        name = draft.properties.get("ManagedPolicyName") or site.generated_name(draft.logical_id, 128)
        return f"arn:{site.partition}:iam::{site.account}:policy{path}{name}"

    def check(self, site: Placement, new: MadeResource, old: MadeResource | None) -> None:
        # White space does not count: docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
        size = len("".join(json.dumps(new.properties["PolicyDocument"]).split()))
        if size > _POLICY_LIMIT:
            raise ResourceFailed(f"Cannot exceed quota for PolicySize: {_POLICY_LIMIT} ({size})")

    def made(self, site: Placement, new: MadeResource, old: MadeResource | None) -> None:
        site.surroundings.show_policy(new.physical_id, new.properties["PolicyDocument"])

    def removed(self, site: Placement, resource: MadeResource) -> None:
        site.surroundings.show_policy(resource.physical_id, None)


class FunctionKind(Kind):
    name = FUNCTION
    # For variables under a key of the account's own: our functions have none.
    unread = frozenset({"kms:Decrypt"})
    arn_format = "arn:{site.partition}:lambda:{site.region}:{site.account}:function:{id}"
    actions = Actions(
        create=("lambda:CreateFunction", "lambda:GetFunction"),
        update=("lambda:GetFunction", "lambda:UpdateFunctionCode", "lambda:UpdateFunctionConfiguration"),
        delete=("lambda:GetFunction", "lambda:DeleteFunction"),
    )

    def permissions(self, site: Placement, verb: str, resource: MadeResource) -> Iterator[Permission]:
        yield from super().permissions(site, verb, resource)
        if verb == "update":
            yield Permission("lambda:ListTags", self.arn(site, resource))
            yield Permission("lambda:UntagResource", self.arn(site, resource))
        if verb != "delete":
            passed_to = {"iam:PassedToService": "lambda.amazonaws.com"}
            yield Permission("iam:PassRole", str(resource.properties["Role"]), passed_to)
            code = resource.properties["Code"]
            yield Permission("s3:GetObject", f"arn:{site.partition}:s3:::{code['S3Bucket']}/{code['S3Key']}")

    def check(self, site: Placement, new: MadeResource, old: MadeResource | None) -> None:
        properties = new.properties
        roles = {each.attributes["Arn"]: each for each in site.inventory.of(_ROLE)}
        role = roles.get(properties["Role"])
        if role is None or "lambda.amazonaws.com" not in str(role.properties["AssumeRolePolicyDocument"]):
            raise ResourceFailed("The role defined for the function cannot be assumed by Lambda.")
        group = properties.get("LoggingConfig", {}).get("LogGroup")
        if group is not None and site.inventory.find(_LOG_GROUP, group, site.region) is None:
            raise ResourceFailed(f"The log group {group} does not exist")
        module = properties["Handler"].rpartition(".")[0].replace(".", "/")
        names = zipfile.ZipFile(io.BytesIO(_code(site, new))).namelist()
        if f"{module}.py" not in names:
            raise ResourceFailed(f"the handler {properties['Handler']} is not in the zip")

    def made(self, site: Placement, new: MadeResource, old: MadeResource | None) -> None:
        site.inventory.code[new.attributes["Arn"]] = _code(site, new)

    def removed(self, site: Placement, resource: MadeResource) -> None:
        del site.inventory.code[resource.attributes["Arn"]]


def _code(site: Placement, function: MadeResource) -> bytes:
    """The zip of a function, from its bucket. Raises ResourceFailed."""
    code = function.properties["Code"]
    found = site.surroundings.stored_object(code["S3Bucket"], code["S3Key"])
    if found is None:
        raise ResourceFailed(
            "Error occurred while GetObject. S3 Error Code: NoSuchKey. "
            f"S3 Error Message: The specified key does not exist: {code['S3Bucket']}/{code['S3Key']}"
        )
    return found


class InvokePermissionKind(Kind):
    """A statement of a function's own policy."""

    name = "AWS::Lambda::Permission"
    actions = Actions(
        create=("lambda:AddPermission",),
        update=("lambda:AddPermission", "lambda:RemovePermission", "lambda:GetPolicy"),
        delete=("lambda:RemovePermission",),
    )

    def arn(self, site: Placement, resource: MadeResource) -> str:
        name = _function_name(resource)
        return f"arn:{site.partition}:lambda:{site.region}:{site.account}:function:{name}"

    def check(self, site: Placement, new: MadeResource, old: MadeResource | None) -> None:
        if site.inventory.find(FUNCTION, _function_name(new), site.region) is None:
            raise ResourceFailed(f"Function not found: {new.properties['FunctionName']}")


def _function_name(permission: MadeResource) -> str:
    """A function may be given by its ARN."""
    return str(permission.properties["FunctionName"]).rpartition(":")[2]


class LogGroupKind(Kind):
    name = _LOG_GROUP
    arn_format = "arn:{site.partition}:logs:{site.region}:{site.account}:log-group:{id}:*"
    actions = Actions(
        create=("logs:CreateLogGroup", "logs:DescribeLogGroups"),
        update=("logs:DescribeLogGroups",),
        delete=("logs:DescribeLogGroups", "logs:DeleteLogGroup"),
    )

    def permissions(self, site: Placement, verb: str, resource: MadeResource) -> Iterator[Permission]:
        yield from super().permissions(site, verb, resource)
        arn = self.about(site, "", resource)
        if "RetentionInDays" in resource.properties and verb != "delete":
            yield Permission("logs:PutRetentionPolicy", arn)
        elif verb == "update":
            yield Permission("logs:DeleteRetentionPolicy", arn)

    def about(self, site: Placement, action: str, resource: MadeResource) -> str:
        group = "" if action == "logs:DescribeLogGroups" else resource.physical_id
        return f"arn:{site.partition}:logs:{site.region}:{site.account}:log-group:{group}:log-stream:"


class SavedQueryKind(Kind):
    """A query of Logs Insights."""

    name = "AWS::Logs::QueryDefinition"
    actions = Actions(
        create=("logs:PutQueryDefinition",),
        update=("logs:PutQueryDefinition",),
        delete=("logs:DeleteQueryDefinition",),
    )


KINDS = (
    RoleKind(),
    ManagedPolicyKind(),
    FunctionKind(),
    InvokePermissionKind(),
    LogGroupKind(),
    SavedQueryKind(),
)
