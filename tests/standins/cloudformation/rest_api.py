"""API Gateway's REST APIs: definition, deployment, stage, custom domain name and its mapping."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

from tests.standins.cloudformation.certificate import issued_for
from tests.standins.cloudformation.errors import ResourceFailed
from tests.standins.cloudformation.resource_kind import Kind, MadeResource, Placement, tags_of

REST_API = "AWS::ApiGateway::RestApi"
DEPLOYMENT = "AWS::ApiGateway::Deployment"
STAGE = "AWS::ApiGateway::Stage"
DOMAIN_NAME = "AWS::ApiGateway::DomainName"
ACCOUNT = "AWS::ApiGateway::Account"
MAPPING = "AWS::ApiGateway::BasePathMapping"
ZONE_OF_TARGETS = "Z1REGIONAL"
_METHODS = {"create": ("POST",), "update": ("PATCH",), "delete": ("DELETE",)}


class _Managed(Kind):
    """API Gateway's IAM actions are HTTP methods, and its resources are the paths of its own API."""

    #: Methods by verb, of the paths of `paths()`.
    methods: Mapping[str, tuple[str, ...]] = _METHODS

    def paths(self, verb: str, physical_id: str, properties: Mapping[str, Any]) -> str:
        raise NotImplementedError

    def grants(
        self, site: Placement, verb: str, physical_id: str, properties: Mapping[str, Any]
    ) -> Iterator[tuple[str, str, Mapping[str, str]]]:
        prefix = f"arn:{site.partition}:apigateway:{site.region}::"
        for method in self.methods.get(verb, ()):
            yield f"apigateway:{method}", prefix + self.paths(verb, physical_id, properties), {}
        if verb != "delete":
            yield "apigateway:GET", prefix + self.paths("read", physical_id, properties), {}
        if verb != "delete" and tags_of(properties):
            tagged = quote(prefix + self.paths("read", physical_id, properties), safe="")
            yield "apigateway:PUT", f"{prefix}/tags/{tagged}", {}


def _below(collection: str, physical_id: str, verb: str) -> str:
    return collection if verb == "create" else f"{collection}/{physical_id}"


class RestApiKind(_Managed):
    name = REST_API
    methods = {"create": ("POST",), "update": ("PATCH", "PUT"), "delete": ("DELETE",)}  # noqa: RUF012

    def paths(self, verb: str, physical_id: str, properties: Mapping[str, Any]) -> str:
        return _below("/restapis", physical_id, verb)

    def grants(
        self, site: Placement, verb: str, physical_id: str, properties: Mapping[str, Any]
    ) -> Iterator[tuple[str, str, Mapping[str, str]]]:
        yield from super().grants(site, verb, physical_id, properties)
        if verb == "create":
            yield (
                "apigateway:PUT",
                f"arn:{site.partition}:apigateway:{site.region}::/restapis/{physical_id}",
                {},
            )

    def physical_id(self, site: Placement, logical_id: str, properties: Mapping[str, Any]) -> str:
        return site.unique(logical_id, 10)

    def attributes(self, site: Placement, physical_id: str, properties: Mapping[str, Any]) -> dict[str, Any]:
        return {"RestApiId": physical_id, "RootResourceId": f"{physical_id[:8]}rt"}

    def check_removal(self, site: Placement, resource: MadeResource) -> None:
        mappings = site.inventory.of(MAPPING, site.region)
        if any(each.properties["RestApiId"] == resource.physical_id for each in mappings):
            raise ResourceFailed("Please remove all base path mappings related to the API in your domains")


class DeploymentKind(_Managed):
    name = DEPLOYMENT

    def paths(self, verb: str, physical_id: str, properties: Mapping[str, Any]) -> str:
        return _below(f"/restapis/{properties['RestApiId']}/deployments", physical_id, verb)

    def physical_id(self, site: Placement, logical_id: str, properties: Mapping[str, Any]) -> str:
        return site.unique(logical_id, 6)

    def attributes(self, site: Placement, physical_id: str, properties: Mapping[str, Any]) -> dict[str, Any]:
        """`Definition` is the stand-in's own: what a stage of this deployment serves."""
        api = site.inventory.named(REST_API, properties["RestApiId"], site.region)
        body = {} if api is None else api.properties.get("Body", {})
        return {"DeploymentId": physical_id, "Definition": body}

    def check(
        self,
        site: Placement,
        physical_id: str,
        properties: Mapping[str, Any],
        old: MadeResource | None,
    ) -> None:
        api = site.inventory.named(REST_API, properties["RestApiId"], site.region)
        if api is None:
            raise ResourceFailed("Invalid API identifier specified")
        if not api.properties.get("Body", {}).get("paths"):
            raise ResourceFailed("The REST API doesn't contain any methods")

    def check_removal(self, site: Placement, resource: MadeResource) -> None:
        stages = site.inventory.of(STAGE, site.region)
        if any(each.properties.get("DeploymentId") == resource.physical_id for each in stages):
            raise ResourceFailed("Active stages pointing to this deployment must be moved or deleted")


class StageKind(_Managed):
    name = STAGE

    def paths(self, verb: str, physical_id: str, properties: Mapping[str, Any]) -> str:
        return _below(f"/restapis/{properties['RestApiId']}/stages", physical_id, verb)

    def physical_id(self, site: Placement, logical_id: str, properties: Mapping[str, Any]) -> str:
        return str(properties["StageName"])

    def check(
        self,
        site: Placement,
        physical_id: str,
        properties: Mapping[str, Any],
        old: MadeResource | None,
    ) -> None:
        same = [
            each
            for each in site.inventory.of(STAGE, site.region)
            if each.physical_id == physical_id and each.properties["RestApiId"] == properties["RestApiId"]
        ]
        if old is None and same:
            raise ResourceFailed("Stage already exists")
        if site.inventory.named(DEPLOYMENT, properties["DeploymentId"], site.region) is None:
            raise ResourceFailed("Deployment id does not exist")
        role = site.inventory.of(ACCOUNT, site.region) or site.surroundings.writes_api_logs(site.region)
        if properties.get("AccessLogSetting") and not role:
            raise ResourceFailed("CloudWatch Logs role ARN must be set in account settings to enable logging")


class DomainNameKind(_Managed):
    name = DOMAIN_NAME
    name_property = "DomainName"

    def grants(
        self, site: Placement, verb: str, physical_id: str, properties: Mapping[str, Any]
    ) -> Iterator[tuple[str, str, Mapping[str, str]]]:
        yield from super().grants(site, verb, physical_id, properties)
        if verb == "create":
            # The account's first custom domain name makes API Gateway's own role.
            role = "role/aws-service-role/ops.apigateway.amazonaws.com/AWSServiceRoleForAPIGateway"
            yield "iam:CreateServiceLinkedRole", site.arn("iam", role, region=""), {}

    def paths(self, verb: str, physical_id: str, properties: Mapping[str, Any]) -> str:
        return _below("/domainnames", physical_id, verb)

    def attributes(self, site: Placement, physical_id: str, properties: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "RegionalDomainName": f"d-{site.unique(physical_id, 10)}.execute-api.{site.region}.amazonaws.com",
            "RegionalHostedZoneId": ZONE_OF_TARGETS,
            "DomainNameArn": f"arn:{site.partition}:apigateway:{site.region}::/domainnames/{physical_id}",
        }

    def check(
        self,
        site: Placement,
        physical_id: str,
        properties: Mapping[str, Any],
        old: MadeResource | None,
    ) -> None:
        super().check(site, physical_id, properties, old)
        issued_for(site, properties["RegionalCertificateArn"], physical_id, site.region)

    def refuse_taken(self, site: Placement, physical_id: str) -> None:
        try:
            super().refuse_taken(site, physical_id)
        except ResourceFailed as error:
            raise ResourceFailed("The domain name you provided already exists.") from error


class BasePathMappingKind(_Managed):
    """A base path mapping."""

    name = MAPPING

    def paths(self, verb: str, physical_id: str, properties: Mapping[str, Any]) -> str:
        base = properties.get("BasePath") or "(none)"
        return _below(f"/domainnames/{properties['DomainName']}/basepathmappings", base, verb)

    def physical_id(self, site: Placement, logical_id: str, properties: Mapping[str, Any]) -> str:
        return f"{properties['DomainName']}|{properties.get('BasePath') or '(none)'}"

    def check(
        self,
        site: Placement,
        physical_id: str,
        properties: Mapping[str, Any],
        old: MadeResource | None,
    ) -> None:
        if site.inventory.named(DOMAIN_NAME, properties["DomainName"], site.region) is None:
            raise ResourceFailed("Invalid domain name identifier specified")
        stages = [
            each
            for each in site.inventory.of(STAGE, site.region)
            if each.properties["RestApiId"] == properties["RestApiId"]
        ]
        if properties.get("Stage") not in {each.physical_id for each in stages}:
            raise ResourceFailed("Invalid stage identifier specified")
        if old is None:
            self.refuse_taken(site, physical_id)


class AccountKind(_Managed):
    """The region's setting of the role that API Gateway writes logs with."""

    name = ACCOUNT
    methods = {"create": ("PATCH",), "update": ("PATCH",), "delete": ()}  # noqa: RUF012

    def paths(self, verb: str, physical_id: str, properties: Mapping[str, Any]) -> str:
        return "/account"

    def attributes(self, site: Placement, physical_id: str, properties: Mapping[str, Any]) -> dict[str, Any]:
        return {"Id": physical_id}

    def check(
        self,
        site: Placement,
        physical_id: str,
        properties: Mapping[str, Any],
        old: MadeResource | None,
    ) -> None:
        """There is one in any case."""


class GatewayResponseKind(_Managed):
    name = "AWS::ApiGateway::GatewayResponse"
    methods = {"create": ("PUT",), "update": ("PUT",), "delete": ("DELETE",)}  # noqa: RUF012

    def paths(self, verb: str, physical_id: str, properties: Mapping[str, Any]) -> str:
        return f"/restapis/{properties['RestApiId']}/gatewayresponses/{properties['ResponseType']}"

    def attributes(self, site: Placement, physical_id: str, properties: Mapping[str, Any]) -> dict[str, Any]:
        return {"Id": physical_id}


KINDS = (
    RestApiKind(),
    DeploymentKind(),
    StageKind(),
    DomainNameKind(),
    BasePathMappingKind(),
    AccountKind(),
    GatewayResponseKind(),
)
