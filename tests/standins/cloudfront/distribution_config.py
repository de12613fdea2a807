"""A distribution as the template describes it: names, behaviours in order, origins, policies, functions.

What is known, and from where: docs/cloudfront.md#behaviours-and-origins, #names-and-certificates.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.standins.cloudfront.edge_function import EdgeFunction
from tests.standins.cloudfront.resolved_template import ResolvedTemplate, UnresolvedTemplate

_ALL_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "PATCH", "POST", "DELETE"})
_METHOD_SETS = (_ALL_METHODS, frozenset({"GET", "HEAD"}), frozenset({"GET", "HEAD", "OPTIONS"}))
_CACHING_DISABLED = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
# Managed origin request policies, and whether the viewer's Host goes to the origin.
_UNRESERVED_ESCAPE = re.compile(r"%([46][1-9A-Fa-f]|[57][0-9Aa]|2[DdEe]|3[0-9]|5[Ff]|7[Ee])")
_ALL_VIEWER = {"216adef6-5c7f-47e4-b989-5492eafa07d3": True, "b689b0a8-53d0-40ab-baf2-68738e2966ac": False}


@dataclass(frozen=True)
class Origin:
    #: Whom a connection is made to.
    domain_name: str
    port: int
    #: How often a connection is tried; responses to GET and HEAD are waited for as often.
    attempts: int
    #: Seconds for each attempt to connect.
    connection_timeout: float
    #: Seconds to wait for a response, and between its parts.
    read_timeout: float
    #: Seconds that an idle connection is kept.
    keepalive_timeout: float


@dataclass(frozen=True)
class CachePolicy:
    """Seconds; how long a response is kept is the origin's to say, between these."""

    minimum: float
    default: float
    maximum: float
    #: Whether the query is part of the key.
    whole_query: bool


@dataclass(frozen=True)
class CacheBehaviour:
    #: None for the default behaviour.
    pattern: str | None
    origin: Origin
    methods: frozenset[str]
    cache: CachePolicy
    #: Whether the origin is asked by the viewer's Host instead of by its own name.
    forwards_host: bool
    viewer_request: EdgeFunction | None
    viewer_response: EdgeFunction | None

    def matches(self, path: str) -> bool:
        """`*` stands for any characters, `/` among them, `?` for one; letters are compared exactly
        (developer guide, "Path pattern")."""
        if self.pattern is None:
            return True
        parts = (
            {"*": ".*", "?": "."}.get(part, re.escape(part)) for part in re.split(r"([*?])", self.pattern)
        )
        return re.fullmatch("/?" + "".join(parts), path, re.DOTALL) is not None


@dataclass(frozen=True)
class DistributionConfig:
    aliases: frozenset[str]
    #: In the order in which they are tried; the last is the default behaviour, which matches every path.
    behaviours: tuple[CacheBehaviour, ...]
    #: Seconds that an error is kept at least, by status; 10 where it is not named.
    error_minimum: Mapping[int, float]

    def behaviour_for(self, path: str) -> CacheBehaviour:
        """The first whose pattern matches the path as normalised."""
        return next(each for each in self.behaviours if each.matches(normalised(path)))


def normalised(path: str) -> str:
    """RFC 3986, 6.2.2: what is compared with path patterns."""
    path = _UNRESERVED_ESCAPE.sub(lambda match: chr(int(match[1], 16)), path)
    kept: list[str] = []
    segments = re.sub(r"/{2,}", "/", path).split("/")
    for segment in segments[1:]:
        if segment == "..":
            del kept[-1:]
        elif segment != ".":
            kept.append(segment)
    if segments[-1] in (".", ".."):
        kept.append("")
    return "/" + "/".join(kept)


def read_distribution(template: Mapping[str, Any], parameters: Mapping[str, str]) -> DistributionConfig:
    """The only distribution of a template. Raises UnresolvedTemplate, FunctionFailed."""
    resolved = ResolvedTemplate(template, parameters)
    functions: dict[str, EdgeFunction] = {}
    for name, properties in resolved.of_type("AWS::CloudFront::Function").items():
        if (
            not properties.get("AutoPublish")
            or properties["FunctionConfig"]["Runtime"] != "cloudfront-js-2.0"
        ):
            raise UnresolvedTemplate(f"{name} is not published, or runs elsewhere")
        functions[f"FunctionMetadata.FunctionARN-of-{name}"] = EdgeFunction(properties["FunctionCode"])
    policies = {_CACHING_DISABLED: CachePolicy(0, 0, 0, whole_query=False)}
    for name, properties in resolved.of_type("AWS::CloudFront::CachePolicy").items():
        policies[f"physical-id-of-{name}"] = _cache_policy(properties["CachePolicyConfig"])
    (properties,) = resolved.of_type("AWS::CloudFront::Distribution").values()
    config = properties["DistributionConfig"]
    if not config["Enabled"] or config["HttpVersion"] != "http1.1":
        raise UnresolvedTemplate("only an enabled distribution of HTTP/1.1 is served")
    origins = {each["Id"]: _origin(each) for each in config["Origins"]}
    behaviours = tuple(
        _behaviour(each, origins, policies, functions)
        for each in (*config.get("CacheBehaviors", ()), config["DefaultCacheBehavior"])
    )
    errors = {
        each["ErrorCode"]: float(each.get("ErrorCachingMinTTL", 10))
        for each in config.get("CustomErrorResponses", ())
    }
    return DistributionConfig(frozenset(config.get("Aliases", ())), behaviours, errors)


def _cache_policy(config: Mapping[str, Any]) -> CachePolicy:
    key = config["ParametersInCacheKeyAndForwardedToOrigin"]
    query = key["QueryStringsConfig"]["QueryStringBehavior"]
    if (
        key["HeadersConfig"] != {"HeaderBehavior": "none"}
        or key["CookiesConfig"] != {"CookieBehavior": "none"}
        or key["EnableAcceptEncodingGzip"]
        or query not in ("all", "none")
    ):
        raise UnresolvedTemplate("a cache key of headers, cookies or single parameters is not known here")
    return CachePolicy(config["MinTTL"], config["DefaultTTL"], config["MaxTTL"], whole_query=query == "all")


def _origin(given: Mapping[str, Any]) -> Origin:
    custom = given["CustomOriginConfig"]
    if custom["OriginProtocolPolicy"] != "https-only" or given.get("OriginPath"):
        raise UnresolvedTemplate("only origins of TLS, without a path of their own, are served")
    return Origin(
        domain_name=given["DomainName"],
        port=custom.get("HTTPSPort", 443),
        attempts=given.get("ConnectionAttempts", 3),
        connection_timeout=given.get("ConnectionTimeout", 10),
        read_timeout=custom.get("OriginReadTimeout", 30),
        keepalive_timeout=custom.get("OriginKeepaliveTimeout", 5),
    )


def _behaviour(
    given: Mapping[str, Any],
    origins: Mapping[str, Origin],
    policies: Mapping[str, CachePolicy],
    functions: Mapping[str, EdgeFunction],
) -> CacheBehaviour:
    methods = frozenset(given.get("AllowedMethods", ("GET", "HEAD")))
    if methods not in _METHOD_SETS or given.get("Compress") or given["ViewerProtocolPolicy"] != "https-only":
        raise UnresolvedTemplate(
            "methods come in sets of 2, 3 or 7; compression and plain HTTP are not known"
        )
    policy = given.get("OriginRequestPolicyId")
    if policy not in _ALL_VIEWER:
        raise UnresolvedTemplate(f"the origin request policy {policy!r} is not known here")
    return CacheBehaviour(
        pattern=given.get("PathPattern"),
        origin=origins[given["TargetOriginId"]],
        methods=methods,
        cache=policies[given["CachePolicyId"]],
        forwards_host=_ALL_VIEWER[policy],
        viewer_request=_associated("viewer-request", given, functions),
        viewer_response=_associated("viewer-response", given, functions),
    )


def _associated(
    event: str, given: Mapping[str, Any], functions: Mapping[str, EdgeFunction]
) -> EdgeFunction | None:
    arns = [
        each["FunctionARN"] for each in given.get("FunctionAssociations", ()) if each["EventType"] == event
    ]
    return functions[arns[0]] if arns else None
