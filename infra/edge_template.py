"""The edge as a CloudFormation template: a CloudFront distribution in front of the custom domain.

templates/edge.json has everything that does not depend on the registries; here each registry gets an
origin, a behaviour `/_registry/REGISTRY/*`, and the two functions that templates/functions/ holds.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from chalicelib.registry_host import InvalidRegistry, RegistryHost
from infra.errors import InfraError

MAX_REGISTRIES = 24
"""Each takes two of the account's 100 functions, and the default behaviour takes one: two stages fit."""

PREFIX = "/_registry/"

_TEMPLATES = Path(__file__).with_name("templates")
# AWS's managed policies: nothing is kept; every header but Host goes to the origin.
_CACHING_DISABLED = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
_ALL_VIEWER_EXCEPT_HOST = "b689b0a8-53d0-40ab-baf2-68738e2966ac"
_EVENTS = {"Request": "viewer-request", "Response": "viewer-response"}


class UnfitForEdge(InfraError):
    """The registries cannot be served by one distribution; `reason` is the whole line."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"ECR_REGISTRY and ECR_REGISTRIES: {reason}")
        self.reason = reason


def edge_template(registries: Sequence[RegistryHost]) -> dict[str, Any]:
    """The template for these registries; a registry that is named twice counts once.

    Its parameters and outputs are described in templates/edge.json. Names are unique where the stack's
    name is, and that has at most 46 characters. Raises UnfitForEdge.
    """
    distinct = tuple(dict.fromkeys(registries))
    if not 0 < len(distinct) <= MAX_REGISTRIES:
        raise UnfitForEdge(
            f"{len(distinct)} registries are named; a distribution serves 1 to {MAX_REGISTRIES} of them"
        )
    for registry in distinct:
        if registry.scheme != "https" or registry.host.startswith("["):
            raise UnfitForEdge(
                f"CloudFront cannot ask {registry.origin!r}; name a registry as HOST[:PORT], served over TLS"
            )
    template: dict[str, Any] = json.loads((_TEMPLATES / "edge.json").read_text(encoding="utf-8"))
    resources = template["Resources"]
    resources["DefaultViewerRequest"]["Properties"]["FunctionCode"] = _code("default_viewer_request")
    distribution = resources["Distribution"]["Properties"]["DistributionConfig"]
    methods = distribution["DefaultCacheBehavior"]["AllowedMethods"]
    for registry in distinct:
        resources.update(_functions(registry))
        distribution["Origins"].append(_origin(registry))
        distribution["CacheBehaviors"].append(_behaviour(registry, methods))
    template["Outputs"]["Registries"]["Value"] = ",".join(registry.authority for registry in distinct)
    return template


def _functions(registry: RegistryHost) -> dict[str, Any]:
    tag = _tag(registry)
    return {
        f"Registry{tag}{kind}": {
            "Type": "AWS::CloudFront::Function",
            "Properties": {
                "Name": {"Fn::Sub": f"${{AWS::StackName}}-{tag}-{kind.lower()}"},
                "AutoPublish": True,
                "FunctionConfig": {
                    "Comment": f"{event} of {registry.authority}",
                    "Runtime": "cloudfront-js-2.0",
                },
                "FunctionCode": _code(f"registry_viewer_{kind.lower()}").replace(
                    "'REGISTRY'", f"'{registry.authority}'"
                ),
            },
        }
        for kind, event in _EVENTS.items()
    }


def _origin(registry: RegistryHost) -> dict[str, Any]:
    connection = {
        "OriginProtocolPolicy": "https-only",
        "OriginSSLProtocols": ["TLSv1.2"],
        # A registry checks a whole layer before it answers the request that ends an upload.
        "OriginReadTimeout": 120,
    }
    if registry.port is not None:
        connection["HTTPSPort"] = registry.port
    return {
        "Id": registry.authority,
        "DomainName": registry.host,
        "ConnectionAttempts": 1,
        "CustomOriginConfig": connection,
    }


def _behaviour(registry: RegistryHost, methods: Sequence[str]) -> dict[str, Any]:
    return {
        "PathPattern": f"{PREFIX}{registry.authority}/*",
        "TargetOriginId": registry.authority,
        "ViewerProtocolPolicy": "https-only",
        "AllowedMethods": methods,
        "Compress": False,
        "CachePolicyId": _CACHING_DISABLED,
        "OriginRequestPolicyId": _ALL_VIEWER_EXCEPT_HOST,
        "FunctionAssociations": [
            {
                "EventType": event,
                "FunctionARN": {
                    "Fn::GetAtt": [f"Registry{_tag(registry)}{kind}", "FunctionMetadata.FunctionARN"]
                },
            }
            for kind, event in _EVENTS.items()
        ],
    }


def _tag(registry: RegistryHost) -> str:
    """Names a registry where dots are not allowed and 64 characters must do."""
    return hashlib.sha256(registry.authority.encode()).hexdigest()[:8]


def _code(name: str) -> str:
    return (_TEMPLATES / "functions" / f"{name}.js").read_text(encoding="utf-8")


if __name__ == "__main__":
    # For those who deploy the stacks themselves: the template for the registries that are named.
    try:
        made = edge_template(tuple(map(RegistryHost.parse, sys.argv[1:])))
    except (InvalidRegistry, UnfitForEdge) as error:
        sys.exit(f"infra.edge_template: {error}")
    json.dump(made, sys.stdout, indent=2)
