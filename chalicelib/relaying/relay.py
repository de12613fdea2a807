"""What of a request reaches the registry, and what of the registry's response the client.

The header lists name what passes. A registry's challenge does not pass: API Gateway would rename it.
"""

import json
import re
from typing import NamedTuple

from chalicelib.errors import ResponseNotRelayable
from chalicelib.http_message import Request, Response, is_printable_ascii, without_repr
from chalicelib.location import link_parts, location_from
from chalicelib.registry_path import Endpoint
from chalicelib.relaying.relay_decision import Relay

# And Authorization, which is in the relay's Credentials.
REQUEST_HEADERS = (
    "Accept",
    "Content-Type",
    "Content-Range",
    "Range",
    "If-None-Match",
    "User-Agent",
)
# As str.title() spells them; and Oci-*, of which http.client would take almost any spelling.
RESPONSE_HEADERS = (
    "Content-Type",
    "Docker-Content-Digest",
    "Docker-Distribution-Api-Version",
    "Docker-Upload-Uuid",
    "Etag",
    "Link",
    "Location",
    "Range",
    "Retry-After",
)
_OCI_HEADER = re.compile(r"Oci-[A-Za-z0-9-]+")

# A Lambda response is at most 6 MiB of JSON (AWS: Lambda quotas).
MAX_BODY = 6 * 1024 * 1024 - 16 * 1024
# A redirect or an error; what is longer is a layer, and is not read.
MAX_BLOB_BODY = 64 * 1024
# API Gateway allows 10,240 bytes for the names and values of all headers (AWS: API Gateway quotas).
MAX_HEADERS = 10_240 - 512


@without_repr
class RegistryRequest(NamedTuple):
    """What the registry is asked."""

    method: str
    #: Path and query.
    target: str
    #: Lines in order, repeats apart.
    headers: tuple[tuple[str, str], ...]
    #: See Credentials.
    connection_key: int
    body: bytes = b""
    #: The most bytes of body that are wanted in the response.
    body_limit: int = MAX_BODY


@without_repr
class RegistryResponse(NamedTuple):
    """What the registry said."""

    status: int
    #: Lines in order, repeats apart.
    headers: tuple[tuple[str, str], ...]
    body: bytes = b""
    #: False where the body was longer than the request's `body_limit`.
    whole: bool = True


def registry_request(request: Request, relay: Relay) -> RegistryRequest:
    """A manifest HEAD is asked as GET: whether API Gateway keeps the Content-Length of a response to HEAD or
    computes one is unknown, and with the manifest as the response's body both come out right."""
    lines = [
        (name, value)
        for name in REQUEST_HEADERS
        for value in request.headers.get(name.lower(), ())
        if is_printable_ascii(value)  # no HTTP client may send the rest
    ]
    lines.append(("Authorization", relay.credentials.authorization))
    method = request.line.method
    if method == "HEAD" and relay.endpoint is Endpoint.MANIFEST:
        method = "GET"
    limit = MAX_BLOB_BODY if relay.endpoint is Endpoint.BLOB else MAX_BODY
    key = relay.credentials.connection_key
    return RegistryRequest(method, relay.target, tuple(lines), key, request.body, limit)


def client_response(request: Request, relay: Relay, response: RegistryResponse) -> Response:
    """The registry's response as the client gets it. Raises ResponseNotRelayable."""
    method, registry = request.line.method, relay.registry
    if relay.endpoint is Endpoint.BLOB and method == "GET" and response.status in (200, 206):
        raise ResponseNotRelayable(registry.origin, "answered a blob with its bytes instead of a redirect")
    if not response.whole:
        raise ResponseNotRelayable(
            registry.origin, "answered with more bytes than a Lambda response can hold"
        )
    # The first of repeated lines; registries repeat none of these.
    lines = {name.title(): value for name, value in reversed(response.headers)}
    headers: dict[str, str] = {}
    for name, value in lines.items():
        if name in RESPONSE_HEADERS or _OCI_HEADER.fullmatch(name):
            passed = _passed_value(name, value, relay, response.status)
            if passed is not None:
                headers[name] = passed
    if sum(len(name) + len(value) + 4 for name, value in headers.items()) > MAX_HEADERS:
        raise ResponseNotRelayable(registry.origin, "answered with more headers than API Gateway passes")
    if method == "HEAD" and response.status == 200:
        return _head_response(relay, response, lines, headers)
    return Response(response.status, headers, _text(response.body, relay))


def _head_response(
    relay: Relay, response: RegistryResponse, lines: dict[str, str], headers: dict[str, str]
) -> Response:
    """The response to a HEAD that found something, safe whatever length API Gateway gives it."""
    if relay.endpoint is Endpoint.MANIFEST:
        headers["Content-Length"] = str(len(response.body))
        if relay.family.drops_manifest_digest:
            headers.pop("Docker-Content-Digest", None)
    elif relay.endpoint is Endpoint.BLOB and not relay.family.ignores_blob_length:
        # A length of 0 would come to stand in a manifest; a client that finds no blob uploads it again.
        return Response(404)
    elif is_length(lines.get("Content-Length", "")):
        headers["Content-Length"] = lines["Content-Length"]
    return Response(response.status, headers, _text(response.body, relay))


def is_length(text: str) -> bool:
    """Whether a text is a Content-Length: ASCII digits alone (RFC 9110 section 8.6)."""
    return text.isascii() and text.isdigit()


def _passed_value(name: str, value: str, relay: Relay, status: int) -> str | None:
    if name == "Location":
        location = location_from(relay.registry, relay.target, value, elsewhere=300 <= status < 400)
        if location is None:
            raise ResponseNotRelayable(
                relay.registry.origin, "answered with a Location that cannot be passed on"
            )
        return location
    if not is_printable_ascii(value):
        return None
    if name == "Link":
        return _link(value, relay)
    if name == "Content-Type" and (relay.endpoint is Endpoint.BLOB or not _is_text(value)):
        # Chalice takes some types for binary, and answers 400 where Accept does not name them.
        return None
    return value


def _link(value: str, relay: Relay) -> str | None:
    parts = link_parts(value)
    target = parts and location_from(relay.registry, relay.target, parts[0], elsewhere=False)
    return f"<{target}>{parts[1]}" if parts and target else None


def _is_text(content_type: str) -> bool:
    media_type = content_type.partition(";")[0].strip().lower()
    return media_type.startswith("text/") or media_type.endswith(("/json", "+json", "+prettyjws"))


def _text(body: bytes, relay: Relay) -> str:
    """The body as the text that Lambda passes on byte for byte. Raises ResponseNotRelayable."""
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ResponseNotRelayable(
            relay.registry.origin, "answered with bytes that are not UTF-8 text"
        ) from error
    # A character takes up to six bytes in the JSON that leaves the function.
    if len(body) > MAX_BODY // 6 and len(json.dumps(text)) > MAX_BODY:
        raise ResponseNotRelayable(
            relay.registry.origin, "answered with more bytes than a Lambda response can hold"
        )
    return text
