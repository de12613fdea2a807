"""CloudFront: functions, policies and distributions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from tests.standins.cloudformation.certificate import issued_for
from tests.standins.cloudformation.errors import ResourceFailed
from tests.standins.cloudformation.resource_kind import Actions, Kind, MadeResource, Placement

FUNCTION = "AWS::CloudFront::Function"
CACHE_POLICY = "AWS::CloudFront::CachePolicy"
DISTRIBUTION = "AWS::CloudFront::Distribution"
HOME = "us-east-1"
"""The one region that takes CloudFront's certificates."""
# https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/using-managed-cache-policies.html
MANAGED_POLICIES = frozenset(
    {
        "4135ea2d-6df8-44a3-9df3-4b5a84be39ad",  # CachingDisabled
        "b689b0a8-53d0-40ab-baf2-68738e2966ac",  # AllViewerExceptHostHeader
        "216adef6-5c7f-47e4-b989-5492eafa07d3",  # AllViewer
    }
)
FUNCTION_LIMIT = 10 * 1024


class EdgeFunctionKind(Kind):
    name = FUNCTION
    arn_format = "{id}"
    is_global = True
    held_by = (DISTRIBUTION,)
    actions = Actions(
        create=("cloudfront:CreateFunction", "cloudfront:PublishFunction", "cloudfront:DescribeFunction"),
        update=("cloudfront:DescribeFunction", "cloudfront:UpdateFunction", "cloudfront:PublishFunction"),
        delete=("cloudfront:DescribeFunction", "cloudfront:DeleteFunction"),
    )

    def physical_id(self, site: Placement, draft: MadeResource) -> str:
        return f"arn:{site.partition}:cloudfront::{site.account}:function/{draft.properties['Name']}"

    def attributes(self, site: Placement, resource: MadeResource) -> dict[str, Any]:
        published = str(resource.properties.get("AutoPublish")).lower() == "true"
        return {
            **super().attributes(site, resource),
            "FunctionMetadata.FunctionARN": resource.physical_id,
            "Stage": "LIVE" if published else "DEVELOPMENT",
        }

    def check(self, site: Placement, new: MadeResource, old: MadeResource | None) -> None:
        if len(new.properties["FunctionCode"].encode()) > FUNCTION_LIMIT:
            raise ResourceFailed("FunctionSizeLimitExceeded: the function is larger than 10 KB")


class CachePolicyKind(Kind):
    name = CACHE_POLICY
    arn_format = "arn:{site.partition}:cloudfront::{site.account}:cache-policy/{id}"
    is_global = True
    held_by = (DISTRIBUTION,)
    actions = Actions(
        create=("cloudfront:CreateCachePolicy",),
        update=("cloudfront:GetCachePolicy", "cloudfront:UpdateCachePolicy"),
        delete=("cloudfront:GetCachePolicy", "cloudfront:DeleteCachePolicy"),
    )

    def physical_id(self, site: Placement, draft: MadeResource) -> str:
        return str(UUID(site.unique(draft.logical_id, 32)))

    def unique_name(self, resource: MadeResource) -> str:
        return str(resource.properties["CachePolicyConfig"]["Name"])


class EdgeDistributionKind(Kind):
    name = DISTRIBUTION
    arn_format = "arn:{site.partition}:cloudfront::{site.account}:distribution/{id}"
    is_global = True
    actions = Actions(
        create=("cloudfront:CreateDistribution", "cloudfront:GetDistribution"),
        update=(
            "cloudfront:GetDistribution",
            "cloudfront:GetDistributionConfig",
            "cloudfront:UpdateDistribution",
        ),
        # An enabled distribution is disabled first.
        delete=(
            "cloudfront:GetDistribution",
            "cloudfront:GetDistributionConfig",
            "cloudfront:UpdateDistribution",
            "cloudfront:DeleteDistribution",
        ),
    )

    def physical_id(self, site: Placement, draft: MadeResource) -> str:
        return f"E{site.unique(draft.logical_id).upper()}"

    def attributes(self, site: Placement, resource: MadeResource) -> dict[str, Any]:
        domain_name = f"d{resource.physical_id[1:].lower()}.cloudfront.net"
        return {**super().attributes(site, resource), "DomainName": domain_name}

    def check(self, site: Placement, new: MadeResource, old: MadeResource | None) -> None:
        config = new.properties["DistributionConfig"]
        for alias in config.get("Aliases", ()):
            self._check_alias(site, alias, old)
            issued_for(site, config.get("ViewerCertificate", {}).get("AcmCertificateArn", ""), alias, HOME)
        origins = {each["Id"] for each in config.get("Origins", ())}
        for behaviour in [config["DefaultCacheBehavior"], *config.get("CacheBehaviors", ())]:
            if behaviour["TargetOriginId"] not in origins:
                raise ResourceFailed(f"NoSuchOrigin: {behaviour['TargetOriginId']}")
            _check_behaviour(site, behaviour)

    def _check_alias(self, site: Placement, alias: str, old: MadeResource | None) -> None:
        others = [each for each in site.inventory.of(DISTRIBUTION) if each != old]
        used = any(alias in each.properties["DistributionConfig"].get("Aliases", ()) for each in others)
        if used or site.surroundings.taken(DISTRIBUTION, alias, HOME):
            raise ResourceFailed(
                "One or more of the CNAMEs you provided are already associated with a different resource. "
                "(Service: CloudFront, Status Code: 409, HandlerErrorCode: AlreadyExists) "
                "(CNAMEAlreadyExists)"
            )


def _check_behaviour(site: Placement, behaviour: Mapping[str, Any]) -> None:
    """Raises ResourceFailed where it names a policy or a function that is not there."""
    policies = {each.physical_id for each in site.inventory.of(CACHE_POLICY)} | MANAGED_POLICIES
    for key in ("CachePolicyId", "OriginRequestPolicyId"):
        if key in behaviour and behaviour[key] not in policies:
            raise ResourceFailed(f"the policy {behaviour[key]} does not exist")
    for association in behaviour.get("FunctionAssociations", ()):
        function = site.inventory.find(FUNCTION, association["FunctionARN"], site.region)
        if function is None or function.attributes["Stage"] != "LIVE":
            raise ResourceFailed(f"InvalidFunctionAssociation: {association['FunctionARN']} is not published")


KINDS = (EdgeFunctionKind(), CachePolicyKind(), EdgeDistributionKind())
