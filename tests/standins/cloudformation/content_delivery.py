"""CloudFront: functions, policies and distributions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.standins.cloudformation.certificate import issued_for
from tests.standins.cloudformation.errors import ResourceFailed
from tests.standins.cloudformation.resource_kind import Kind, MadeResource, Placement

FUNCTION = "AWS::CloudFront::Function"
CACHE_POLICY = "AWS::CloudFront::CachePolicy"
ORIGIN_REQUEST_POLICY = "AWS::CloudFront::OriginRequestPolicy"
DISTRIBUTION = "AWS::CloudFront::Distribution"
HOME = "us-east-1"
"""The one region that takes CloudFront's certificates."""
# https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/using-managed-cache-policies.html
MANAGED_POLICIES = frozenset(
    {
        "4135ea2d-6df8-44a3-9df3-4b5a84be39ad",  # CachingDisabled
        "658327ea-f89d-4fab-a63d-7e88639e58f6",  # CachingOptimized
        "b689b0a8-53d0-40ab-baf2-68738e2966ac",  # AllViewerExceptHostHeader
        "216adef6-5c7f-47e4-b989-5492eafa07d3",  # AllViewer
    }
)
FUNCTION_LIMIT = 10 * 1024


class _OfCloudFront(Kind):
    """CloudFront is one for all regions, and its ARNs have none."""

    is_global = True
    path: str

    def about(self, site: Placement, action: str, physical_id: str, properties: Mapping[str, Any]) -> str:
        return site.arn("cloudfront", f"{self.path}/{physical_id.rpartition('/')[2]}", region="")

    def named(self, site: Placement, name: str, getter: str) -> bool:
        """Whether another of this kind has that name."""
        return any(getter_of(each, getter) == name for each in site.inventory.of(self.name)) or (
            site.surroundings.taken(self.name, name, HOME)
        )


def getter_of(resource: MadeResource, path: str) -> Any:  # noqa: ANN401 - JSON
    value: Any = resource.properties
    for part in path.split("."):
        value = value[part]
    return value


class EdgeFunctionKind(_OfCloudFront):
    name = FUNCTION
    path = "function"
    actions = {  # noqa: RUF012
        "create": ("cloudfront:CreateFunction", "cloudfront:PublishFunction", "cloudfront:DescribeFunction"),
        "update": ("cloudfront:DescribeFunction", "cloudfront:UpdateFunction", "cloudfront:PublishFunction"),
        "delete": ("cloudfront:DescribeFunction", "cloudfront:DeleteFunction"),
    }

    def physical_id(self, site: Placement, logical_id: str, properties: Mapping[str, Any]) -> str:
        return site.arn("cloudfront", f"function/{properties['Name']}", region="")

    def attributes(self, site: Placement, physical_id: str, properties: Mapping[str, Any]) -> dict[str, Any]:
        stage = "LIVE" if str(properties.get("AutoPublish")).lower() == "true" else "DEVELOPMENT"
        return {"FunctionARN": physical_id, "FunctionMetadata.FunctionARN": physical_id, "Stage": stage}

    def check(
        self,
        site: Placement,
        physical_id: str,
        properties: Mapping[str, Any],
        old: MadeResource | None,
    ) -> None:
        if old is None and self.named(site, properties["Name"], "Name"):
            raise ResourceFailed(
                "FunctionAlreadyExists: a function with this name exists already in your account"
            )
        if len(properties["FunctionCode"].encode()) > FUNCTION_LIMIT:
            raise ResourceFailed("FunctionSizeLimitExceeded: the function is larger than 10 KB")

    def check_removal(self, site: Placement, resource: MadeResource) -> None:
        for each in site.inventory.of(DISTRIBUTION):
            if resource.physical_id in str(each.properties):
                raise ResourceFailed(f"FunctionInUse: the function is in use by {each.physical_id}")


class CachePolicyKind(_OfCloudFront):
    name = CACHE_POLICY
    path = "cache-policy"
    actions = {  # noqa: RUF012
        "create": ("cloudfront:CreateCachePolicy",),
        "update": ("cloudfront:GetCachePolicy", "cloudfront:UpdateCachePolicy"),
        "delete": ("cloudfront:GetCachePolicy", "cloudfront:DeleteCachePolicy"),
    }
    config = "CachePolicyConfig"

    def physical_id(self, site: Placement, logical_id: str, properties: Mapping[str, Any]) -> str:
        unique = site.unique(logical_id, 32)
        return f"{unique[:8]}-{unique[8:12]}-{unique[12:16]}-{unique[16:20]}-{unique[20:]}"

    def attributes(self, site: Placement, physical_id: str, properties: Mapping[str, Any]) -> dict[str, Any]:
        return {"Id": physical_id, "LastModifiedTime": "2026-01-01T00:00:00Z"}

    def check(
        self,
        site: Placement,
        physical_id: str,
        properties: Mapping[str, Any],
        old: MadeResource | None,
    ) -> None:
        if old is None and self.named(site, properties[self.config]["Name"], f"{self.config}.Name"):
            raise ResourceFailed("a policy with this name already exists in your account")

    def check_removal(self, site: Placement, resource: MadeResource) -> None:
        if any(resource.physical_id in str(each.properties) for each in site.inventory.of(DISTRIBUTION)):
            raise ResourceFailed(f"the policy {resource.physical_id} is in use by a distribution")


class OriginRequestPolicyKind(CachePolicyKind):
    name = ORIGIN_REQUEST_POLICY
    path = "origin-request-policy"
    config = "OriginRequestPolicyConfig"
    actions = {  # noqa: RUF012
        verb: tuple(action.replace("CachePolicy", "OriginRequestPolicy") for action in actions)
        for verb, actions in CachePolicyKind.actions.items()
    }


class EdgeDistributionKind(_OfCloudFront):
    name = DISTRIBUTION
    tag_action = "cloudfront:TagResource"
    path = "distribution"
    actions = {  # noqa: RUF012
        "create": ("cloudfront:CreateDistribution", "cloudfront:GetDistribution"),
        "update": (
            "cloudfront:GetDistribution",
            "cloudfront:GetDistributionConfig",
            "cloudfront:UpdateDistribution",
        ),
        # An enabled distribution is disabled first.
        "delete": (
            "cloudfront:GetDistribution",
            "cloudfront:GetDistributionConfig",
            "cloudfront:UpdateDistribution",
            "cloudfront:DeleteDistribution",
        ),
    }

    def physical_id(self, site: Placement, logical_id: str, properties: Mapping[str, Any]) -> str:
        return f"E{site.unique(logical_id).upper()}"

    def attributes(self, site: Placement, physical_id: str, properties: Mapping[str, Any]) -> dict[str, Any]:
        return {"Id": physical_id, "DomainName": f"d{physical_id[1:].lower()}.cloudfront.net"}

    def check(
        self,
        site: Placement,
        physical_id: str,
        properties: Mapping[str, Any],
        old: MadeResource | None,
    ) -> None:
        config = properties["DistributionConfig"]
        for alias in config.get("Aliases", ()):
            self._check_alias(site, alias, old)
            issued_for(site, config.get("ViewerCertificate", {}).get("AcmCertificateArn", ""), alias, HOME)
        origins = {each["Id"] for each in config.get("Origins", ())}
        for behaviour in [config["DefaultCacheBehavior"], *config.get("CacheBehaviors", ())]:
            if behaviour["TargetOriginId"] not in origins:
                raise ResourceFailed(f"NoSuchOrigin: {behaviour['TargetOriginId']}")
            for key, kind in (
                ("CachePolicyId", CACHE_POLICY),
                ("OriginRequestPolicyId", ORIGIN_REQUEST_POLICY),
            ):
                policy = behaviour.get(key)
                if (
                    policy
                    and policy not in MANAGED_POLICIES
                    and not site.inventory.named(kind, policy, site.region)
                ):
                    raise ResourceFailed(f"the policy {policy} does not exist")
            for association in behaviour.get("FunctionAssociations", ()):
                function = site.inventory.named(FUNCTION, association["FunctionARN"], site.region)
                if function is None or function.attributes["Stage"] != "LIVE":
                    raise ResourceFailed(
                        f"InvalidFunctionAssociation: {association['FunctionARN']} is not published"
                    )

    def _check_alias(self, site: Placement, alias: str, old: MadeResource | None) -> None:
        others = [each for each in site.inventory.of(DISTRIBUTION) if each != old]
        used = any(alias in each.properties["DistributionConfig"].get("Aliases", ()) for each in others)
        if used or site.surroundings.taken(DISTRIBUTION, alias, HOME):
            raise ResourceFailed(
                "One or more of the CNAMEs you provided are already associated with a different resource. "
                "(Service: CloudFront, Status Code: 409, HandlerErrorCode: AlreadyExists) "
                "(CNAMEAlreadyExists)"
            )


KINDS = (EdgeFunctionKind(), CachePolicyKind(), OriginRequestPolicyKind(), EdgeDistributionKind())
