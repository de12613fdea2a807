"""Where a request goes: one pure function from its line and the settings.

No header is among its arguments, so in the modes `edge` and `plain` nobody can choose the host of a
redirect, and no credential can be in one.
"""

from typing import NamedTuple

from chalicelib.http_message import Query, RequestLine, Response, error_response
from chalicelib.location import MAX_EDGE_LOCATION, MAX_LOCATION, path_fault, with_query
from chalicelib.registries import Registries
from chalicelib.registry_host import RegistryHost
from chalicelib.registry_path import (
    Endpoint,
    edge_path,
    registry_path,
    split_edge_path,
    without_challenge,
)
from chalicelib.settings import RedirectMode

_CACHEABLE = frozenset({"GET", "HEAD"})


class Redirect(NamedTuple):
    """A 307."""

    #: The name of the decision in the log: `edge`, `plain` or `challenge`.
    name: str
    location: str
    #: Whether a shared cache may keep it: it depends on path, query and settings alone.
    cacheable: bool = False


class Refusal(NamedTuple):
    """An error of our own."""

    status: int
    #: An error code of the registry API.
    code: str
    #: A sentence for people.
    message: str
    name: str = "refusal"


class ToRelay(NamedTuple):
    """The relay decides, by the headers, between a challenge and asking the registry."""

    registry: RegistryHost
    endpoint: Endpoint
    #: A path under /v2/, without any prefix of ours.
    path: str
    query: Query
    #: Whether the client came by way of the challenge, and so has an Authorization.
    challenged: bool = False


Decision = Redirect | Refusal | ToRelay


def decide(line: RequestLine, registries: Registries, mode: RedirectMode) -> Decision:
    """Never raises, whatever the request holds."""
    edge = split_edge_path(line.path)
    if edge is not None:
        return _past_the_edge(*edge, line, registries, mode)
    unprefixed = without_challenge(line.path)
    path = line.path if unprefixed is None else unprefixed
    fault = path_fault(path)
    if fault is not None:
        return Refusal(400, "NAME_INVALID", f"the path {fault}")
    parsed = registry_path(path)
    if parsed is None:
        target = with_query(path, line.query)
        return redirect("plain", registries.default.origin + target, line)
    registry = registries.of_repository(parsed.repository)
    query = line.query
    if parsed.endpoint is Endpoint.UPLOAD:
        query = _without_foreign_mount(query, registry, registries)
    if mode is RedirectMode.RELAY:
        return ToRelay(registry, parsed.endpoint, path, query, unprefixed is not None)
    target = with_query(path, query)
    if mode is RedirectMode.PLAIN:
        return redirect("plain", registry.origin + target, line)
    return redirect("edge", edge_path(registry.authority, target), line)


def _past_the_edge(
    authority: str, path: str, line: RequestLine, registries: Registries, mode: RedirectMode
) -> Decision:
    """An edge path reaches the function only while DNS is on its way to or from CloudFront, or where
    somebody tries: nothing but a configured registry's own /v2/ passes."""
    registry = registries.with_authority(authority)
    parsed = registry_path(path)
    lower = path.lower()
    if registry is None or parsed is None or path_fault(path) or "%2f" in lower or "%2e" in lower:
        return Refusal(404, "NAME_UNKNOWN", "no registry of this name is at this path")
    if mode is RedirectMode.PLAIN:
        return redirect("plain", registry.origin + with_query(path, line.query), line)
    return ToRelay(registry, parsed.endpoint, path, line.query)


def redirect(name: str, location: str, line: RequestLine) -> Redirect | Refusal:
    """A redirect, or a refusal where its Location is longer than what stands in front of us passes: beyond
    its limit API Gateway answers 500 without a word."""
    limit, passes = (MAX_EDGE_LOCATION, "CloudFront") if name == "edge" else (MAX_LOCATION, "API Gateway")
    if len(location) > limit:
        return Refusal(
            431,
            "UNSUPPORTED",
            f"the redirect would have {len(location)} bytes, and {passes} passes {limit}",
        )
    # A path that a cache may take for another one's spelling must not stand for it there.
    plainly_spelled = "%" not in line.path and "//" not in line.path
    return Redirect(name, location, name == "edge" and line.method in _CACHEABLE and plainly_spelled)


def _without_foreign_mount(query: Query, registry: RegistryHost, registries: Registries) -> Query:
    """The query of an upload start without a mount from a repository that lies in another registry: the
    client then uploads the blob.

    https://github.com/opencontainers/distribution-spec/blob/main/spec.md#mounting-a-blob-from-another-repository
    """
    sources = [value for name, value in query if name == "from"]
    if all(registries.of_repository(source) == registry for source in sources):
        return query
    return tuple((name, value) for name, value in query if name not in ("mount", "from"))


def response_of(decision: Redirect | Refusal) -> Response:
    """What the client gets. What may be cached says so; app.py forbids it for all else."""
    if isinstance(decision, Refusal):
        return error_response(decision.status, decision.code, decision.message)
    headers = {"Location": decision.location}
    if decision.cacheable:
        headers["Cache-Control"] = "public, max-age=60"
    return Response(307, headers)
