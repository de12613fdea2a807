"""Lambda functions and their permissions, IAM roles, log groups and saved queries."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator, Mapping
from typing import Any

from tests.standins.cloudformation.errors import ResourceFailed
from tests.standins.cloudformation.resource_kind import Kind, MadeResource, Placement

_BOUNDARY = "iam:PermissionsBoundary"
_POLICY_LIMIT = 6_144
_PASSED_TO = "iam:PassedToService"


class RoleKind(Kind):
    name = "AWS::IAM::Role"
    name_property = "RoleName"
    name_limit = 64
    tag_action = "iam:TagRole"
    is_global = True
    actions = {  # noqa: RUF012
        "create": ("iam:CreateRole", "iam:PutRolePolicy", "iam:GetRole", "iam:GetRolePolicy"),
        "update": ("iam:GetRole",),
        "delete": (
            "iam:GetRole",
            "iam:ListAttachedRolePolicies",
            "iam:ListRolePolicies",
            "iam:DeleteRolePolicy",
            "iam:DeleteRole",
        ),
    }
    _updates: Mapping[str, str] = {
        "AssumeRolePolicyDocument": "iam:UpdateAssumeRolePolicy",
        "Description": "iam:UpdateRole",
        "PermissionsBoundary": "iam:PutRolePermissionsBoundary",
        "Policies": "iam:PutRolePolicy",
    }

    def attributes(self, site: Placement, physical_id: str, properties: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "Arn": self.about(site, "", physical_id, properties),
            "RoleId": f"AROA{site.unique(physical_id).upper()}",
        }

    def grants(
        self, site: Placement, verb: str, physical_id: str, properties: Mapping[str, Any]
    ) -> Iterator[tuple[str, str, Mapping[str, str]]]:
        boundary = properties.get("PermissionsBoundary")
        context = {_BOUNDARY: str(boundary)} if boundary else {}
        inline = bool(properties.get("Policies"))
        for action, resource, _ in super().grants(site, verb, physical_id, properties):
            if inline or action not in ("iam:PutRolePolicy", "iam:DeleteRolePolicy", "iam:GetRolePolicy"):
                yield action, resource, context
        arn = self.about(site, "", physical_id, properties)
        old = site.inventory.named(self.name, physical_id, site.region)
        for name, action in self._updates.items():
            if verb == "update" and old is not None and old.properties.get(name) != properties.get(name):
                yield action, arn, context
        for policy in properties.get("ManagedPolicyArns", ()):
            attached = {**context, "iam:PolicyARN": policy}
            if verb in ("create", "update"):
                yield "iam:AttachRolePolicy", arn, attached
            if verb == "delete":
                yield "iam:DetachRolePolicy", arn, attached

    def about(self, site: Placement, action: str, physical_id: str, properties: Mapping[str, Any]) -> str:
        path = properties.get("Path", "/").lstrip("/")
        return site.arn("iam", f"role/{path}{physical_id}", region="")

    def check(
        self,
        site: Placement,
        physical_id: str,
        properties: Mapping[str, Any],
        old: MadeResource | None,
    ) -> None:
        super().check(site, physical_id, properties, old)
        if len(physical_id) > 64:
            raise ResourceFailed(
                f"1 validation error detected: '{physical_id}' at 'roleName' has more than 64 characters"
            )


class ManagedPolicyKind(Kind):
    name = "AWS::IAM::ManagedPolicy"
    is_global = True
    actions = {  # noqa: RUF012
        "create": ("iam:CreatePolicy",),
        "update": ("iam:CreatePolicyVersion", "iam:DeletePolicyVersion", "iam:ListPolicyVersions"),
        "delete": ("iam:DeletePolicy", "iam:ListPolicyVersions"),
    }

    def physical_id(self, site: Placement, logical_id: str, properties: Mapping[str, Any]) -> str:
        path = properties.get("Path", "/").lstrip("/")
        name = properties.get("ManagedPolicyName") or site.generated_name(logical_id)
        return site.arn("iam", f"policy/{path}{name}", region="")

    def attributes(self, site: Placement, physical_id: str, properties: Mapping[str, Any]) -> dict[str, Any]:
        return {"PolicyArn": physical_id}

    def check(
        self,
        site: Placement,
        physical_id: str,
        properties: Mapping[str, Any],
        old: MadeResource | None,
    ) -> None:
        super().check(site, physical_id, properties, old)
        # White space does not count: docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
        size = len("".join(json.dumps(properties["PolicyDocument"]).split()))
        if size > _POLICY_LIMIT:
            raise ResourceFailed(f"Cannot exceed quota for PolicySize: {_POLICY_LIMIT} ({size})")

    def about(self, site: Placement, action: str, physical_id: str, properties: Mapping[str, Any]) -> str:
        return physical_id

    def made(self, site: Placement, resource: MadeResource, old: MadeResource | None) -> None:
        site.surroundings.show_policy(resource.physical_id, resource.properties["PolicyDocument"])

    def removed(self, site: Placement, resource: MadeResource) -> None:
        site.surroundings.show_policy(resource.physical_id, None)


class FunctionKind(Kind):
    """A Lambda function."""

    name = "AWS::Lambda::Function"
    name_property = "FunctionName"
    name_limit = 64
    tag_action = "lambda:TagResource"
    actions = {  # noqa: RUF012
        "create": ("lambda:CreateFunction", "lambda:GetFunction"),
        "update": ("lambda:GetFunction", "lambda:UpdateFunctionCode", "lambda:UpdateFunctionConfiguration"),
        "delete": ("lambda:GetFunction", "lambda:DeleteFunction"),
    }

    def attributes(self, site: Placement, physical_id: str, properties: Mapping[str, Any]) -> dict[str, Any]:
        return {"Arn": self.about(site, "", physical_id, properties)}

    def grants(
        self, site: Placement, verb: str, physical_id: str, properties: Mapping[str, Any]
    ) -> Iterator[tuple[str, str, Mapping[str, str]]]:
        yield from super().grants(site, verb, physical_id, properties)
        if verb in ("create", "update"):
            yield "iam:PassRole", str(properties["Role"]), {_PASSED_TO: "lambda.amazonaws.com"}
            code = properties["Code"]
            if "S3Bucket" in code:
                yield "s3:GetObject", f"arn:{site.partition}:s3:::{code['S3Bucket']}/{code['S3Key']}", {}
        if verb == "update":
            arn = self.about(site, "", physical_id, properties)
            yield "lambda:ListTags", arn, {}
            yield "lambda:UntagResource", arn, {}

    def about(self, site: Placement, action: str, physical_id: str, properties: Mapping[str, Any]) -> str:
        return site.arn("lambda", f"function:{physical_id}")

    def check(
        self,
        site: Placement,
        physical_id: str,
        properties: Mapping[str, Any],
        old: MadeResource | None,
    ) -> None:
        super().check(site, physical_id, properties, old)
        if len(physical_id) > 64:
            raise ResourceFailed(f"the function name {physical_id} has more than 64 characters")
        roles = {each.attributes["Arn"]: each for each in site.inventory.of("AWS::IAM::Role")}
        role = roles.get(properties["Role"])
        if role is None or "lambda.amazonaws.com" not in str(role.properties["AssumeRolePolicyDocument"]):
            raise ResourceFailed("The role defined for the function cannot be assumed by Lambda.")
        group = properties.get("LoggingConfig", {}).get("LogGroup")
        if group is not None and site.inventory.named("AWS::Logs::LogGroup", group, site.region) is None:
            raise ResourceFailed(f"The log group {group} does not exist")
        code = function_code(site, properties)
        module = properties["Handler"].rpartition(".")[0].replace(".", "/")
        names = zipfile.ZipFile(io.BytesIO(code)).namelist()
        if f"{module}.py" not in names and f"{module}/__init__.py" not in names:
            raise ResourceFailed(f"the handler {properties['Handler']} is not in the zip")

    def made(self, site: Placement, resource: MadeResource, old: MadeResource | None) -> None:
        site.inventory.code[resource.attributes["Arn"]] = function_code(site, resource.properties)

    def removed(self, site: Placement, resource: MadeResource) -> None:
        del site.inventory.code[resource.attributes["Arn"]]


def function_code(site: Placement, properties: Mapping[str, Any]) -> bytes:
    """The zip of a function, from its bucket. Raises ResourceFailed."""
    code = properties["Code"]
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
    actions = {  # noqa: RUF012
        "create": ("lambda:AddPermission",),
        "update": ("lambda:AddPermission", "lambda:RemovePermission", "lambda:GetPolicy"),
        "delete": ("lambda:RemovePermission",),
    }

    def attributes(self, site: Placement, physical_id: str, properties: Mapping[str, Any]) -> dict[str, Any]:
        return {"Id": physical_id}

    def about(self, site: Placement, action: str, physical_id: str, properties: Mapping[str, Any]) -> str:
        name = str(properties["FunctionName"]).rpartition(":")[2]
        return site.arn("lambda", f"function:{name}")

    def check(
        self,
        site: Placement,
        physical_id: str,
        properties: Mapping[str, Any],
        old: MadeResource | None,
    ) -> None:
        name = str(properties["FunctionName"]).rpartition(":")[2]
        if site.inventory.named(FunctionKind.name, name, site.region) is None:
            raise ResourceFailed(f"Function not found: {properties['FunctionName']}")


class LogGroupKind(Kind):
    name = "AWS::Logs::LogGroup"
    name_property = "LogGroupName"
    tag_action = "logs:TagResource"
    actions = {  # noqa: RUF012
        "create": ("logs:CreateLogGroup", "logs:DescribeLogGroups"),
        "update": ("logs:DescribeLogGroups",),
        "delete": ("logs:DescribeLogGroups", "logs:DeleteLogGroup"),
    }

    def attributes(self, site: Placement, physical_id: str, properties: Mapping[str, Any]) -> dict[str, Any]:
        return {"Arn": site.arn("logs", f"log-group:{physical_id}:*")}

    def grants(
        self, site: Placement, verb: str, physical_id: str, properties: Mapping[str, Any]
    ) -> Iterator[tuple[str, str, Mapping[str, str]]]:
        yield from super().grants(site, verb, physical_id, properties)
        arn = self.about(site, "", physical_id, properties)
        if verb in ("create", "update"):
            keeps = "RetentionInDays" in properties
            if keeps or verb == "update":
                yield ("logs:PutRetentionPolicy" if keeps else "logs:DeleteRetentionPolicy"), arn, {}

    def about(self, site: Placement, action: str, physical_id: str, properties: Mapping[str, Any]) -> str:
        if action == "logs:DescribeLogGroups":
            return site.arn("logs", "log-group::log-stream:")
        return site.arn("logs", f"log-group:{physical_id}:log-stream:")


class SavedQueryKind(Kind):
    """A query of Logs Insights."""

    name = "AWS::Logs::QueryDefinition"
    actions = {  # noqa: RUF012
        "create": ("logs:PutQueryDefinition",),
        "update": ("logs:PutQueryDefinition",),
        "delete": ("logs:DeleteQueryDefinition",),
    }

    def physical_id(self, site: Placement, logical_id: str, properties: Mapping[str, Any]) -> str:
        return f"query-{site.unique(logical_id)}"

    def attributes(self, site: Placement, physical_id: str, properties: Mapping[str, Any]) -> dict[str, Any]:
        return {"QueryDefinitionId": physical_id}


KINDS = (
    RoleKind(),
    ManagedPolicyKind(),
    FunctionKind(),
    InvokePermissionKind(),
    LogGroupKind(),
    SavedQueryKind(),
)
