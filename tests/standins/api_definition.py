"""The API as its Swagger document defines it: resources, methods, authorizers, gateway responses.

Reads both what Chalice generates and what API Gateway imports of it (Swagger 2.0 with the
x-amazon-apigateway extensions). The gateway knows nothing but what stands here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

DEFAULT_RESULT_TTL = 300
"""Seconds an authorizer's result is kept when the definition does not say."""
_FUNCTION = re.compile(r"/functions/(?P<arn>arn:[^/]+)/invocations")
_METHODS = frozenset({"get", "head", "post", "put", "patch", "delete", "options"})


class UnsupportedDefinition(Exception):
    """The document asks for something that this stand-in does not know how to imitate."""


@dataclass(frozen=True)
class Authorizer:
    name: str
    function: str
    """ARN of the Lambda function."""
    header: str
    """The header that holds the token."""
    result_ttl: int


@dataclass(frozen=True)
class Method:
    function: str
    """ARN of the Lambda function."""
    timeout: float
    """Seconds, of the integration."""
    authorizer: Authorizer | None = None


@dataclass(frozen=True)
class Resource:
    path: str
    """As in the document: `/a/{b}/{c+}`."""
    methods: Mapping[str, Method]
    """By upper-case name; empty for a resource that only leads to others."""


@dataclass(frozen=True)
class GatewayResponse:
    status: int
    headers: Mapping[str, str]
    template: str | None
    """For application/json; None means API Gateway's own."""


@dataclass(frozen=True)
class ApiDefinition:
    resources: tuple[Resource, ...]
    gateway_responses: Mapping[str, GatewayResponse]
    """By type, UNAUTHORIZED and so on: those that the document changes."""
    binary_media_types: frozenset[str]
    default_endpoint_disabled: bool

    def functions(self) -> set[str]:
        """The ARNs of all Lambda functions it invokes."""
        methods = [method for each in self.resources for method in each.methods.values()]
        return {each.function for each in methods} | {
            each.authorizer.function for each in methods if each.authorizer is not None
        }


def read_definition(document: Mapping[str, Any]) -> ApiDefinition:
    """The document as a value. Raises UnsupportedDefinition."""
    authorizers = {
        name: _authorizer(name, scheme) for name, scheme in document.get("securityDefinitions", {}).items()
    }
    resources = {
        path: Resource(path, _methods(path, operations, authorizers))
        for path, operations in document["paths"].items()
    }
    # An import makes every resource on the way to one, without methods.
    for path in list(resources):
        parts = path.strip("/").split("/")
        for length in range(len(parts)):
            parent = "/" + "/".join(parts[:length])
            resources.setdefault(parent, Resource(parent, {}))
    endpoint = document.get("x-amazon-apigateway-endpoint-configuration", {})
    return ApiDefinition(
        tuple(resources.values()),
        {
            kind: _gateway_response(kind, given)
            for kind, given in document.get("x-amazon-apigateway-gateway-responses", {}).items()
        },
        frozenset(kind.lower() for kind in document.get("x-amazon-apigateway-binary-media-types", ())),
        bool(endpoint.get("disableExecuteApiEndpoint", False)),
    )


def _methods(
    path: str, operations: Mapping[str, Any], authorizers: Mapping[str, Authorizer]
) -> dict[str, Method]:
    if unknown := sorted(operations.keys() - _METHODS):
        raise UnsupportedDefinition(f"{path}: methods {unknown}")
    return {
        name.upper(): _method(f"{name} {path}", operation, authorizers)
        for name, operation in operations.items()
    }


def _method(where: str, operation: Mapping[str, Any], authorizers: Mapping[str, Authorizer]) -> Method:
    integration = operation["x-amazon-apigateway-integration"]
    if integration["type"].lower() != "aws_proxy":
        raise UnsupportedDefinition(f"{where}: integration {integration['type']!r}")
    required = [authorizers[name] for each in operation.get("security", ()) for name in each]
    if len(required) > 1:
        raise UnsupportedDefinition(f"{where}: more than one authorizer")
    return Method(
        _function_arn(integration["uri"]),
        integration.get("timeoutInMillis", 29_000) / 1000,
        required[0] if required else None,
    )


def _authorizer(name: str, scheme: Mapping[str, Any]) -> Authorizer:
    extension = scheme.get("x-amazon-apigateway-authorizer", {})
    is_token = extension.get("type", "").lower() == "token" and scheme.get("in") == "header"
    if not is_token or "identityValidationExpression" in extension:
        raise UnsupportedDefinition(f"authorizer {name!r}: only TOKEN authorizers on a header, for any token")
    return Authorizer(
        name,
        _function_arn(extension["authorizerUri"]),
        scheme["name"],
        int(extension.get("authorizerResultTtlInSeconds", DEFAULT_RESULT_TTL)),
    )


def _gateway_response(kind: str, given: Mapping[str, Any]) -> GatewayResponse:
    headers: dict[str, str] = {}
    for key, value in given.get("responseParameters", {}).items():
        prefix, _, name = key.rpartition(".")
        if prefix != "gatewayresponse.header" or not re.fullmatch(r"'.*'", value):
            raise UnsupportedDefinition(f"{kind}: only literal headers, not {key}: {value}")
        headers[name] = value[1:-1]
    template = given.get("responseTemplates", {}).get("application/json")
    return GatewayResponse(int(given.get("statusCode", 0)), headers, template)


def _function_arn(uri: object) -> str:
    match = _FUNCTION.search(uri) if isinstance(uri, str) else None
    if match is None:
        raise UnsupportedDefinition(f"{uri!r} names no Lambda function")
    return match.group("arn")
