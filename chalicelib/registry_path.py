"""What a path asks of a registry: the endpoints of the OCI distribution spec.

https://github.com/opencontainers/distribution-spec/blob/main/spec.md#endpoints
"""

from __future__ import annotations

from enum import Enum

_CHALLENGE = "/_challenge"


class Endpoint(Enum):
    """`PING` is /v2/, where clients ask whether and how to authenticate."""

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
    """The endpoint that a percent-encoded path names; None for all that is not the registry API's.

    /v2/NAME/manifests/REFERENCE, /v2/NAME/blobs/DIGEST, /v2/NAME/blobs/uploads[/[ID]],
    /v2/NAME/tags/list, /v2/NAME/referrers/DIGEST. A name may itself hold one of these words, so the
    path is read from its end, as registries do. Whether name and reference are well formed is left
    to the registry: it has the better error message.
    """
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
    """The path that a challenge path stands for, or None where `path` is no challenge path."""
    if path.startswith(_CHALLENGE + "/"):
        return path[len(_CHALLENGE) :]
    return None


def challenge_path(path: str) -> str:
    """Where a client is sent to be challenged for `path`.

    The path stays in it: clients work in parallel, and a request that was redirected before the
    client had credentials comes back to the challenge path with them.
    """
    return _CHALLENGE + path
