"""The event of a REST API's Lambda proxy integration (payload format 1.0), as recorded from AWS.

What is known, and from where: docs/api-gateway.md#paths, #queries, #request-headers, #bodies.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any
from urllib.parse import unquote_plus

from tests.standins.http_message import Header, HttpRequest
from tests.standins.media_type import is_binary
from tests.standins.routing import Route

_NOT_KNOWN = (
    "accessKey",
    "accountId",
    "caller",
    "cognitoAuthenticationProvider",
    "cognitoAuthenticationType",
    "cognitoIdentityId",
    "cognitoIdentityPoolId",
    "principalOrgId",
    "user",
    "userArn",
)


@dataclass(frozen=True)
class ApiIdentity:
    """Which deployed API it is."""

    api_id: str = "a1b2c3d4e5"
    stage: str = "api"
    account: str = "123456789012"
    region: str = "us-west-2"
    partition: str = "aws"

    @property
    def default_host(self) -> str:
        return f"{self.api_id}.execute-api.{self.region}.amazonaws.com"

    def method_arn(self, method: str, path: str) -> str:
        """What an authorizer decides about. `path` without its leading slash."""
        return (
            f"arn:{self.partition}:execute-api:{self.region}:{self.account}:{self.api_id}"
            f"/{self.stage}/{method}/{path}"
        )


@dataclass(frozen=True)
class Arrival:
    """What the gateway makes of a request before the event is built."""

    request: HttpRequest
    path: str
    """Without stage; leading slashes are one."""
    context_path: str
    """As in the URL."""
    headers: tuple[Header, ...]
    """As remapped, X-Forwarded-* added."""
    request_id: str
    extended_request_id: str
    time: datetime
    base_path: str | None
    """Of the mapping at the custom domain, empty for none; None where the default endpoint was asked."""
    authorizer: Mapping[str, Any] | None = field(default=None)


def proxy_event(
    arrival: Arrival, route: Route, api: ApiIdentity, binary_media_types: frozenset[str]
) -> dict[str, Any]:
    request = arrival.request
    headers = multi_values(arrival.headers, same=str.lower)
    query = multi_values(query_pairs(request.target))
    content_type = next(iter(request.values("Content-Type")), "")
    binary = bool(request.body) and is_binary(content_type, binary_media_types)
    body = base64.b64encode(request.body).decode() if binary else request.body.decode(errors="replace")
    return {
        "resource": route.resource.path,
        "path": arrival.path,
        "httpMethod": request.method,
        "headers": last_values(headers),
        "multiValueHeaders": headers,
        "queryStringParameters": last_values(query) or None,
        "multiValueQueryStringParameters": query or None,
        "pathParameters": dict(route.parameters) or None,
        "stageVariables": None,
        "requestContext": _request_context(arrival, route, api),
        "body": body or None,
        "isBase64Encoded": binary,
    }


def query_pairs(target: str) -> list[tuple[str, str]]:
    """The decoded pairs of a query; `;` parts them as `&` does; a name without `=` has an empty value.

    Sorted by name: the order of different names is lost at AWS, that of one name's values is not.
    """
    parts = [part for part in re.split("[&;]", target.partition("?")[2]) if part]
    pairs = [part.partition("=") for part in parts]
    decoded = [
        (unquote_plus(name, errors="replace"), unquote_plus(value, errors="replace"))
        for name, _, value in pairs
    ]
    return sorted(decoded, key=lambda pair: pair[0])


def multi_values(pairs: Iterable[tuple[str, str]], same: Callable[[str], str] = str) -> dict[str, list[str]]:
    """All values by name, in order; names equal under `same` go by the first one's spelling."""
    spelling: dict[str, str] = {}
    values: dict[str, list[str]] = {}
    for name, value in pairs:
        values.setdefault(spelling.setdefault(same(name), name), []).append(value)
    return values


def last_values(values: Mapping[str, list[str]]) -> dict[str, str]:
    return {name: each[-1] for name, each in values.items()}


def _request_context(arrival: Arrival, route: Route, api: ApiIdentity) -> dict[str, Any]:
    request = arrival.request
    host = (request.value("Host") or api.default_host).partition(":")[0]
    context: dict[str, Any] = {
        "resourceId": "r3s0rc",
        "resourcePath": route.resource.path,
        "httpMethod": request.method,
        "extendedRequestId": arrival.extended_request_id,
        "requestTime": arrival.time.strftime("%d/%b/%Y:%H:%M:%S +0000"),
        "requestTimeEpoch": int(arrival.time.replace(tzinfo=timezone.utc).timestamp() * 1000),
        "path": arrival.context_path,
        "accountId": api.account,
        "protocol": "HTTP/1.1",
        "stage": api.stage,
        "domainPrefix": host.partition(".")[0],
        "domainName": host,
        "deploymentId": "d3pl0y",
        "apiId": api.api_id,
        "requestId": arrival.request_id,
        "identity": {
            **dict.fromkeys(_NOT_KNOWN),
            "sourceIp": request.peer,
            "userAgent": request.value("User-Agent"),
        },
    }
    if arrival.base_path is not None:
        context["customDomain"] = {"basePathMatched": arrival.base_path or "(none)"}
    if arrival.authorizer is not None:
        context["authorizer"] = dict(arrival.authorizer)
    return context
