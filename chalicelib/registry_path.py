"""What a path asks of a registry, and the paths of ours that stand before it.

https://github.com/opencontainers/distribution-spec/blob/main/spec.md#endpoints
"""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

_CHALLENGE = "/_challenge"
_REGISTRY = "/_registry/"


class Endpoint(Enum):
    """What of the registry API a path names."""

    #: /v2/ itself, which says whether credentials are good.
    PING = "ping"
    MANIFEST = "manifests"
    BLOB = "blobs"
    #: The start of an upload, or an upload that was started.
    UPLOAD = "uploads"
    TAGS = "tags"
    REFERRERS = "referrers"
    #: Anything else under /v2/.
    OTHER = "other"


_OF_REPOSITORY = {
    endpoint.value: endpoint
    for endpoint in (Endpoint.MANIFEST, Endpoint.BLOB, Endpoint.TAGS, Endpoint.REFERRERS)
}


class RegistryPath(NamedTuple):
    """A path under /v2/."""

    endpoint: Endpoint
    #: The repository's name, still percent-encoded; for OTHER all that follows /v2/.
    repository: str


def registry_path(path: str) -> RegistryPath | None:
    """None for a path that is not under /v2/. A repository may be called `blobs`, so the path is read from
    its end; whether name and reference are well formed is for the registry to say."""
    if path in ("/v2/", "/v2"):
        return RegistryPath(Endpoint.PING, "")
    if not path.startswith("/v2/"):
        return None
    rest = path[len("/v2/") :]
    segments = rest.split("/")
    if len(segments) >= 3 and segments[0]:
        if segments[-2:] == ["blobs", "uploads"]:
            return RegistryPath(Endpoint.UPLOAD, "/".join(segments[:-2]))
        if len(segments) > 3 and segments[-3:-1] == ["blobs", "uploads"]:
            return RegistryPath(Endpoint.UPLOAD, "/".join(segments[:-3]))
        endpoint = _OF_REPOSITORY.get(segments[-2])
        if endpoint is not None and segments[-1]:
            return RegistryPath(endpoint, "/".join(segments[:-2]))
    return RegistryPath(Endpoint.OTHER, rest)


def without_challenge(path: str) -> str | None:
    """The path that a challenge path stands for; None for any other."""
    if path.startswith(_CHALLENGE + "/"):
        return path[len(_CHALLENGE) :]
    return None


def challenge_path(path: str) -> str:
    """The path at which API Gateway itself asks for credentials. The client's path stays in it, since a
    request that was redirected before its client had credentials comes there with them."""
    return _CHALLENGE + path


def edge_path(authority: str, path: str) -> str:
    """The path on our own name that CloudFront carries to the registry."""
    return _REGISTRY + authority + path


def split_edge_path(path: str) -> tuple[str, str] | None:
    """The authority and the registry's own path in an edge path; None for any other path."""
    if not path.startswith(_REGISTRY) and path != _REGISTRY.rstrip("/"):
        return None
    authority, slash, rest = path[len(_REGISTRY) :].partition("/")
    return authority, slash + rest
