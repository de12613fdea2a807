"""The relay's pure half: what of a request reaches the registry, and what of its answer the client.

The header lists name what passes. A registry's challenge does not: API Gateway would rename it.
"""

import json
from typing import NamedTuple

from chalicelib.decision import Relay
from chalicelib.errors import AnswerNotRelayable
from chalicelib.location import from_registry
from chalicelib.message import Answer, Request, is_printable_ascii
from chalicelib.registry_host import RegistryHost
from chalicelib.registry_path import Endpoint

REQUEST_HEADERS = (
    "Accept",
    "Authorization",
    "Content-Type",
    "Content-Range",
    "Range",
    "If-None-Match",
    "User-Agent",
)
# As str.title() spells them; and Oci-*.
ANSWER_HEADERS = (
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

# A Lambda response is at most 6 MiB of JSON (AWS: Lambda quotas).
MAX_ANSWER = 6 * 1024 * 1024 - 16 * 1024
# A redirect or an error; what is longer is a layer, and not read.
MAX_BLOB_ANSWER = 64 * 1024


class RegistryRequest(NamedTuple):
    """`headers` are lines in order, repeats apart; `answer_limit` is the most bytes wanted in answer."""

    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    body: bytes = b""
    answer_limit: int = MAX_ANSWER

    def __repr__(self) -> str:
        return object.__repr__(self)  # it may hold a credential

    @property
    def owner(self) -> int:
        """The same for the same credentials, and nothing that shows them."""
        return hash(dict(self.headers).get("Authorization"))


class RegistryAnswer(NamedTuple):
    """`whole` is False where the body was longer than the request's `answer_limit`."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes = b""
    whole: bool = True

    def __repr__(self) -> str:
        return object.__repr__(self)  # it may hold a credential


def registry_request(request: Request, relay: Relay) -> RegistryRequest:
    """A manifest HEAD is asked as GET: whether API Gateway keeps a HEAD answer's Content-Length or
    computes one is unknown, and with the manifest as the answer's body both come out right."""
    lines = tuple(
        (name, value)
        for name in REQUEST_HEADERS
        for value in request.headers.get(name.lower(), ())
        if is_printable_ascii(value)  # the rest is what no HTTP client may send
    )
    method = request.method
    if method == "HEAD" and relay.endpoint is Endpoint.MANIFEST:
        method = "GET"
    limit = MAX_BLOB_ANSWER if relay.endpoint is Endpoint.BLOB else MAX_ANSWER
    return RegistryRequest(method, relay.target, lines, request.body, limit)


def handed_on(request: Request, relay: Relay, registry: RegistryHost, answer: RegistryAnswer) -> Answer:
    """The registry's answer as the client gets it. Raises AnswerNotRelayable."""
    if relay.endpoint is Endpoint.BLOB and request.method == "GET" and answer.status in (200, 206):
        raise AnswerNotRelayable(registry.origin, "answered a blob with its bytes instead of a redirect")
    if not answer.whole:
        raise AnswerNotRelayable(registry.origin, "answered with more bytes than a Lambda response can hold")
    # The first of repeated lines; registries repeat none of these.
    lines = {name.title(): value for name, value in reversed(answer.headers)}
    headers: dict[str, str] = {}
    for name, value in lines.items():
        if name in ANSWER_HEADERS or name.startswith("Oci-"):
            handed = _handed_on_value(name, value, relay, registry)
            if handed is not None:
                headers[name] = handed
    if request.method == "HEAD" and answer.status == 200:
        if relay.endpoint is Endpoint.MANIFEST:
            headers["Content-Length"] = str(len(answer.body))
            if not relay.family.trusts_head:
                headers.pop("Docker-Content-Digest", None)
        elif lines.get("Content-Length", "").isdigit():
            headers["Content-Length"] = lines["Content-Length"]
    return Answer(answer.status, headers, _text(answer.body, registry))


def _handed_on_value(name: str, value: str, relay: Relay, registry: RegistryHost) -> str | None:
    if name == "Location":
        location = from_registry(registry, relay.target, value)
        if location is None:
            raise AnswerNotRelayable(registry.origin, "answered with a Location that cannot be handed on")
        return location
    if not is_printable_ascii(value):
        return None
    if name == "Link":
        return _link(value, relay, registry)
    if name == "Content-Type" and (relay.endpoint is Endpoint.BLOB or not _is_text(value)):
        # Chalice takes some types for binary, and answers 400 where Accept does not name them.
        return None
    return value


def _link(value: str, relay: Relay, registry: RegistryHost) -> str | None:
    """`<URL>; rel="next"`, as registries page their lists (RFC 8288); None where it leads elsewhere."""
    reference, closed, parameters = value.removeprefix("<").partition(">")
    # A second link would be handed on unread.
    if not value.startswith("<") or not closed or "<" in parameters:
        return None
    target = from_registry(registry, relay.target, reference)
    return f"<{target}>{parameters}" if target is not None and target.startswith("/") else None


def _is_text(content_type: str) -> bool:
    media_type = content_type.partition(";")[0].strip().lower()
    return media_type.startswith("text/") or media_type.endswith(("/json", "+json", "+prettyjws"))


def _text(body: bytes, registry: RegistryHost) -> str:
    """The body as the text that Lambda hands on byte for byte. Raises AnswerNotRelayable."""
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise AnswerNotRelayable(registry.origin, "answered with bytes that are no UTF-8 text") from error
    # A character takes up to six bytes in the JSON that leaves the function.
    if len(body) > MAX_ANSWER // 6 and len(json.dumps(text)) > MAX_ANSWER:
        raise AnswerNotRelayable(registry.origin, "answered with more bytes than a Lambda response can hold")
    return text
