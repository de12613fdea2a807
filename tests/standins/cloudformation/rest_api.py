"""API Gateway's REST APIs: definition, deployment, stage, custom domain name and its mapping."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from tests.standins.cloudformation.certificate import issued_for
from tests.standins.cloudformation.errors import ResourceFailed
from tests.standins.cloudformation.resource_kind import Kind, MadeResource, Permission, Placement, tags_of

REST_API = "AWS::ApiGateway::RestApi"
DEPLOYMENT = "AWS::ApiGateway::Deployment"
STAGE = "AWS::ApiGateway::Stage"
DOMAIN_NAME = "AWS::ApiGateway::DomainName"
MAPPING = "AWS::ApiGateway::BasePathMapping"
ZONE_OF_TARGETS = "Z1REGIONAL"


class _ApiGatewayKind(Kind):
    """API Gateway's IAM actions are HTTP methods, and its resources are the paths of its own API."""

    #: The path below which the resources are, with names of properties.
    collection: str

    def permissions(self, site: Placement, verb: str, resource: MadeResource) -> Iterator[Permission]:
        collection = self._arn(site, self.collection.format_map(resource.properties))
        item = f"{collection}/{self.identifier(resource)}"
        if verb == "delete":
            yield Permission("apigateway:DELETE", item)
            return
        if verb == "create":
            yield Permission("apigateway:POST", collection)
        else:
            yield Permission("apigateway:PATCH", item)
        yield Permission("apigateway:GET", item)
        if tags_of(resource.properties):
            yield Permission("apigateway:PUT", self._arn(site, f"/tags/{quote(item, safe='')}"))

    def reading(self, site: Placement, resource: MadeResource) -> Iterator[Permission]:
        collection = self._arn(site, self.collection.format_map(resource.properties))
        yield Permission("apigateway:GET", f"{collection}/{self.identifier(resource)}")

    def identifier(self, resource: MadeResource) -> str:
        """In its collection."""
        return resource.physical_id

    def _arn(self, site: Placement, path: str) -> str:
        return f"arn:{site.partition}:apigateway:{site.region}::{path}"


class RestApiKind(_ApiGatewayKind):
    name = REST_API
    collection = "/restapis"
    held_by = (MAPPING,)

    def permissions(self, site: Placement, verb: str, resource: MadeResource) -> Iterator[Permission]:
        yield from super().permissions(site, verb, resource)
        if verb != "delete":
            yield Permission("apigateway:PUT", self._arn(site, f"/restapis/{resource.physical_id}"))

    def physical_id(self, site: Placement, draft: MadeResource) -> str:
        return site.unique(draft.logical_id, 10)

    def attributes(self, site: Placement, resource: MadeResource) -> dict[str, Any]:
        return {**super().attributes(site, resource), "RootResourceId": f"{resource.physical_id[:8]}rt"}


class DeploymentKind(_ApiGatewayKind):
    name = DEPLOYMENT
    collection = "/restapis/{RestApiId}/deployments"
    held_by = (STAGE,)

    def physical_id(self, site: Placement, draft: MadeResource) -> str:
        return site.unique(draft.logical_id, 6)

    def attributes(self, site: Placement, resource: MadeResource) -> dict[str, Any]:
        """`Definition` is the stand-in's own: what a stage of this deployment serves."""
        return {**super().attributes(site, resource), "Definition": _definition(site, resource)}

    def check(self, site: Placement, new: MadeResource, old: MadeResource | None) -> None:
        if not _definition(site, new).get("paths"):
            raise ResourceFailed("The REST API doesn't contain any methods")


def _definition(site: Placement, deployment: MadeResource) -> dict[str, Any]:
    """Raises ResourceFailed."""
    api = site.inventory.find(REST_API, deployment.properties["RestApiId"], site.region)
    if api is None:
        raise ResourceFailed("Invalid API identifier specified")
    return dict(api.properties.get("Body", {}))


class StageKind(_ApiGatewayKind):
    name = STAGE
    collection = "/restapis/{RestApiId}/stages"

    def physical_id(self, site: Placement, draft: MadeResource) -> str:
        return str(draft.properties["StageName"])

    def unique_name(self, resource: MadeResource) -> str:
        return f"{resource.properties['RestApiId']}/{resource.physical_id}"

    def check(self, site: Placement, new: MadeResource, old: MadeResource | None) -> None:
        if site.inventory.find(DEPLOYMENT, new.properties["DeploymentId"], site.region) is None:
            raise ResourceFailed("Deployment id does not exist")
        logs = new.properties.get("AccessLogSetting")
        if logs and not site.surroundings.writes_api_logs(site.region):
            raise ResourceFailed("CloudWatch Logs role ARN must be set in account settings to enable logging")


class DomainNameKind(_ApiGatewayKind):
    name = DOMAIN_NAME
    collection = "/domainnames"

    def permissions(self, site: Placement, verb: str, resource: MadeResource) -> Iterator[Permission]:
        yield from super().permissions(site, verb, resource)
        if verb == "create":
            # The account's first custom domain name makes API Gateway's own role.
            role = "role/aws-service-role/ops.apigateway.amazonaws.com/AWSServiceRoleForAPIGateway"
            arn = f"arn:{site.partition}:iam::{site.account}:{role}"
            yield Permission("iam:CreateServiceLinkedRole", arn)

    def attributes(self, site: Placement, resource: MadeResource) -> dict[str, Any]:
        unique = site.unique(resource.physical_id, 10)
        return {
            "RegionalDomainName": f"d-{unique}.execute-api.{site.region}.amazonaws.com",
            "RegionalHostedZoneId": ZONE_OF_TARGETS,
            "DomainNameArn": self._arn(site, f"/domainnames/{resource.physical_id}"),
        }

    def check(self, site: Placement, new: MadeResource, old: MadeResource | None) -> None:
        issued_for(site, new.properties["RegionalCertificateArn"], new.physical_id, site.region)


class BasePathMappingKind(_ApiGatewayKind):
    name = MAPPING
    collection = "/domainnames/{DomainName}/basepathmappings"

    def identifier(self, resource: MadeResource) -> str:
        return resource.properties.get("BasePath") or "(none)"

    def physical_id(self, site: Placement, draft: MadeResource) -> str:
        return f"{draft.properties['DomainName']}|{self.identifier(draft)}"

    def check(self, site: Placement, new: MadeResource, old: MadeResource | None) -> None:
        if site.inventory.find(DOMAIN_NAME, new.properties["DomainName"], site.region) is None:
            raise ResourceFailed("Invalid domain name identifier specified")
        stages = site.inventory.of(STAGE, site.region, RestApiId=new.properties["RestApiId"])
        if new.properties.get("Stage") not in {each.physical_id for each in stages}:
            raise ResourceFailed("Invalid stage identifier specified")


KINDS = (RestApiKind(), DeploymentKind(), StageKind(), DomainNameKind(), BasePathMappingKind())
