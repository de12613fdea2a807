"""What a path asks of a registry.

https://github.com/opencontainers/distribution-spec/blob/main/spec.md#endpoints
"""

from enum import Enum

_CHALLENGE = "/_challenge"


class Endpoint(Enum):
    PING = "ping"
    MANIFEST = "manifests"
    BLOB = "blobs"
    UPLOAD = "uploads"
    TAGS = "tags"
    REFERRERS = "referrers"


_OF_REPOSITORY = {
    endpoint.value: endpoint
    for endpoint in (Endpoint.MANIFEST, Endpoint.BLOB, Endpoint.TAGS, Endpoint.REFERRERS)
}


def endpoint_of(path: str) -> Endpoint | None:
    """None for all that is not the registry API's. A repository may be called `blobs`, so the path is read
    from its end; whether name and reference are well formed is the registry's to say."""
    if path in ("/v2/", "/v2"):
        return Endpoint.PING
    segments = path.split("/")
    if segments[:2] != ["", "v2"] or len(segments) < 5 or not segments[2]:
        return None
    if segments[-2:] == ["blobs", "uploads"]:
        return Endpoint.UPLOAD
    if len(segments) > 5 and segments[-3:-1] == ["blobs", "uploads"]:
        return Endpoint.UPLOAD
    return _OF_REPOSITORY.get(segments[-2]) if segments[-1] else None


def without_challenge(path: str) -> str | None:
    """What a challenge path stands for; None for any other."""
    if path.startswith(_CHALLENGE + "/"):
        return path[len(_CHALLENGE) :]
    return None


def challenge_path(path: str) -> str:
    """The path stays in it: clients work in parallel, and a request that was redirected before its client
    had credentials comes to the challenge route with them."""
    return _CHALLENGE + path
