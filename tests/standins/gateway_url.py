"""What a URL means at an API: which path is routed, and which two the event reports.

As recorded from AWS: the default endpoint has the stage in its path, which the event's `path` leaves out
and `requestContext.path` keeps; at a custom domain with the stage in its mapping, both hold the base path.

What is known, and from where: docs/api-gateway.md#paths, #custom-domains.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from tests.standins.gateway_error import FORBIDDEN, Refused
from tests.standins.http_message import HttpRequest
from tests.standins.proxy_event import ApiIdentity


@dataclass(frozen=True)
class GatewayUrl:
    routed: str
    """Without stage and base path."""
    path: str
    """The event's `path`: still percent-encoded; leading slashes are one."""
    context_path: str
    """The event's `requestContext.path`."""
    at_default_endpoint: bool = False
    """Whether it came by the default endpoint instead of the custom domain."""


def place(request: HttpRequest, api: ApiIdentity, base_path: str, *, closed: bool) -> GatewayUrl:
    """`closed`: the default endpoint is disabled. Raises Refused (403) for a URL outside the API."""
    raw = _origin_form(request.path)
    host = (request.value("Host") or "").partition(":")[0].lower()
    if host == api.default_host:
        if closed:
            raise Refused(FORBIDDEN)
        prefix = f"/{api.stage}"
        rest = _after(prefix, raw)
        return GatewayUrl(_one_slash(rest), _one_slash(rest), prefix + rest, at_default_endpoint=True)
    if not base_path:
        return GatewayUrl(_one_slash(raw), _one_slash(raw), raw)
    prefix = f"/{base_path}"
    rest = _after(prefix, raw)
    return GatewayUrl(_one_slash(rest), prefix + rest, prefix + rest)


def _after(prefix: str, path: str) -> str:
    path = _one_slash(path)
    if path != prefix and not path.startswith(f"{prefix}/"):
        raise Refused(FORBIDDEN)
    return path[len(prefix) :] or "/"


def _one_slash(path: str) -> str:
    return "/" + path.lstrip("/")


def _origin_form(path: str) -> str:
    """A proxy's absolute target without its origin."""
    if path.startswith("/"):
        return path
    return urlsplit(path).path or "/"
