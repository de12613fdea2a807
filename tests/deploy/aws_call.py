"""Which AWS operation an HTTP request is, by botocore's own service models.

A request names its service in the signature's scope; the operation stands in a header, in the form or
in the path, by the service's protocol.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qs, unquote

from botocore.model import OperationModel, ServiceModel
from botocore.session import get_session

_SCOPE = re.compile(r"Credential=([^/]+)/\d+/([^/]+)/([^/]+)/aws4_request")
_TEMPLATE = re.compile(r"\{([^}]+)\}")
# https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonapigatewaymanagement.html
_API_GATEWAY = "apigateway"

_PLAIN_OF_S3 = frozenset(
    {"CreateBucket", "DeleteBucket", "HeadBucket", "ListObjects"}
    | {"PutObject", "GetObject", "HeadObject", "DeleteObject"}
)
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html
_ACTIONS_OF_S3 = {
    "HeadObject": "GetObject",
    "HeadBucket": "ListBucket",
    "ListObjects": "ListBucket",
    "ListObjectsV2": "ListBucket",
    "ListObjectVersions": "ListBucketVersions",
    "DeleteObjects": "DeleteObject",
    "PutPublicAccessBlock": "PutBucketPublicAccessBlock",
    "PutBucketEncryption": "PutEncryptionConfiguration",
    "PutBucketLifecycleConfiguration": "PutLifecycleConfiguration",
}


@dataclass(frozen=True)
class Call:
    """One call: `action` and `resource` as an IAM policy would name them; the names of `parameters` are
    lower-case letters and digits alone."""

    service: str
    operation: str
    region: str
    action: str
    resource: str
    parameters: Mapping[str, str]
    body: bytes
    protocol: str
    access_key: str

    @property
    def name(self) -> str:
        return f"{self.service}:{self.operation}"

    @property
    def changes(self) -> bool:
        """Whether it asks for a change."""
        return not self.operation.startswith(("Get", "GET", "Head", "List", "Describe", "Detect", "Validate"))


@dataclass(frozen=True)
class _Route:
    method: str
    path: re.Pattern[str]
    query: Mapping[str, list[str]]
    names: tuple[str, ...]
    operation: OperationModel


def call_of(method: str, target: str, headers: Mapping[str, str], body: bytes, account: str) -> Call | None:
    """`target` is the raw path and query. None for what is no signed AWS call, such as moto's own API."""
    scope = _SCOPE.search(headers.get("authorization", ""))
    if scope is None:
        return None
    access_key, region, signing = scope.groups()
    path, _, query = target.partition("?")
    service = "apigatewayv2" if signing == _API_GATEWAY and path.startswith("/v2/") else signing
    model = _model(service)
    protocol = model.metadata["protocol"]
    parameters: dict[str, str] = {}
    if protocol == "json":
        operation = headers["x-amz-target"].rpartition(".")[2]
    elif protocol == "query":
        form = parse_qs(body.decode())
        operation = form["Action"][0]
        parameters = {_plain(name): values[0] for name, values in form.items()}
    else:
        operation, parameters = _routed(service, method, path, parse_qs(query, keep_blank_values=True))
    action, resource = _grant(service, operation, method, path, region, account, parameters, body)
    return Call(service, operation, region, action, resource, parameters, body, protocol, access_key)


@lru_cache
def _model(service: str) -> ServiceModel:
    return get_session().get_service_model(service)


@lru_cache
def _routes(service: str) -> tuple[_Route, ...]:
    model = _model(service)
    routes = []
    for name in model.operation_names:
        operation = model.operation_model(name)
        path, _, query = operation.http["requestUri"].partition("?")
        names = tuple(found.removesuffix("+") for found in _TEMPLATE.findall(path))
        pattern = re.sub(
            r"\\\{[^}]+?(\\\+)?\\\}", lambda m: "(.+)" if m.group(1) else "([^/]+)", re.escape(path)
        )
        required = parse_qs(query, keep_blank_values=True)
        routes.append(
            _Route(operation.http["method"], re.compile(pattern + "/?"), required, names, operation)
        )
    # The more a route asks for, the earlier it is tried. Of S3's many for one path, a plain one is meant.
    return tuple(
        sorted(
            routes,
            key=lambda r: (
                -len(r.query),
                r.path.pattern.count("("),
                -len(r.path.pattern),
                r.operation.name not in _PLAIN_OF_S3,
            ),
        )
    )


def _routed(
    service: str, method: str, path: str, query: Mapping[str, list[str]]
) -> tuple[str, dict[str, str]]:
    for route in _routes(service):
        match = route.path.fullmatch(path)
        if (
            match
            and route.method == method
            and all(query.get(key) == value for key, value in route.query.items())
        ):
            values = dict(zip(route.names, map(unquote, match.groups()), strict=True))
            values |= {key: found[0] for key, found in query.items()}
            return route.operation.name, {_plain(key): value for key, value in values.items()}
    raise LookupError(f"no operation of {service} is {method} {path}")


def _plain(name: str) -> str:
    """A parameter's name as no service spells it: rest_api_id, restApiId and RestApiId are one."""
    return name.replace("_", "").replace("-", "").lower()


def _grant(
    service: str,
    operation: str,
    method: str,
    path: str,
    region: str,
    account: str,
    parameters: Mapping[str, str],
    body: bytes,
) -> tuple[str, str]:
    """The IAM action and the ARN that it is about."""
    if service in (_API_GATEWAY, "apigatewayv2"):
        resource = unquote(path).removeprefix("/v2")
        return f"apigateway:{method}", f"arn:aws:apigateway:{region}::{resource}"
    action = f"{service}:{operation}"
    if service == "lambda":
        name = _function_name(parameters, body)
        return action, f"arn:aws:lambda:{region}:{account}:function:{name}" if name else "*"
    if service == "iam" and "policyarn" in parameters:
        return action, parameters["policyarn"]
    if service == "iam":
        return action, f"arn:aws:iam::{account}:role/{parameters.get('rolename', '')}"
    if service == "logs":
        name = _text(body, "logGroupName")  # DescribeLogGroups is about all of them, prefix or not
        return action, f"arn:aws:logs:{region}:{account}:log-group:{name}:log-stream:"
    if service == "route53":
        kind = {"GetChange": "change", "GetHealthCheck": "healthcheck"}.get(operation, "hostedzone")
        identifier = parameters.get("id") or parameters.get("hostedzoneid") or parameters.get("healthcheckid")
        return (
            action,
            f"arn:aws:route53:::{kind}/{(identifier or '').rpartition('/')[2]}" if identifier else "*",
        )
    if service == "s3":
        bucket, key = parameters.get("bucket", ""), parameters.get("key")
        name = _ACTIONS_OF_S3.get(operation, operation)
        return f"s3:{name}", f"arn:aws:s3:::{bucket}" + (f"/{key}" if key else "")
    if service == "cloudformation":
        name = parameters.get("stackname", "")
        if not name:
            return action, "*"
        return action, name if name.startswith(
            "arn:"
        ) else f"arn:aws:cloudformation:{region}:{account}:stack/{name}/*"
    if service == "acm":
        return action, _text(body, "CertificateArn") or "*"
    return action, "*"


def _function_name(parameters: Mapping[str, str], body: bytes) -> str:
    given = parameters.get("functionname") or parameters.get("resource") or _text(body, "FunctionName")
    return given.rpartition(":")[2]


def _text(body: bytes, key: str) -> str:
    found: Any = re.search(rb'"%b"\s*:\s*"([^"]*)"' % key.encode(), body)
    return found.group(1).decode() if found else ""
