"""What the clients of the load test ask for, and the only responses that are right, in each mode."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from tests.standins.registry_store import digest_of

MANIFEST = b'{"schemaVersion":2,"layers":[]}'
LAYER = bytes(range(256)) * 400
LARGE = 20_000_000
FITS = 4_000_000
"""Bytes that the relay can pass on in one request."""
_LATEST = "/v2/{repository}/manifests/latest"
_BLOB = f"/v2/{{repository}}/blobs/{digest_of(LAYER)}"
_UPLOADS = "/v2/{repository}/blobs/uploads/"


class Place(Enum):
    """Where a request goes, by host and path."""

    NAME = "ecr.example.com"
    CARRIED = "/_registry/REGISTRY"
    CHALLENGE = "/_challenge"
    REGISTRY = "the registry's own host"
    BUCKET = "the layer bucket"


class LoadToken(Enum):
    """The credentials of an operation."""

    NONE = "none"
    #: The registry accepts it.
    RIGHT = "right"
    #: One of the client's own, which the registry refuses.
    OWN = "own"


@dataclass(frozen=True)
class LoadOperation:
    """A request, and where it comes to by which redirects."""

    name: str
    path: str
    user_agent: str
    token: LoadToken
    #: Each place with the status that is right there.
    steps: tuple[tuple[Place, int], ...]
    #: The body of the last response; None where it may be any.
    body: bytes | None = None
    method: str = "GET"


@dataclass(frozen=True)
class LoadUpload:
    """The start of an upload, and how large the blob is that is then put."""

    start: LoadOperation
    size: int


def _operation(
    name: str,
    path: str,
    token: LoadToken,
    *steps: tuple[Place, int],
    body: bytes | None = None,
    user_agent: str = "crane/v0.20.3",
) -> LoadOperation:
    return LoadOperation(name, path, user_agent, token, steps, body)


def _upload(size: int, *steps: tuple[Place, int], user_agent: str = "crane/v0.20.3") -> LoadUpload:
    name = f"an upload of {size // 1_000_000} MB"
    return LoadUpload(LoadOperation(name, _UPLOADS, user_agent, LoadToken.RIGHT, steps, None, "POST"), size)


_REDIRECTED = (Place.NAME, 307)
EDGE = (
    _operation("a manifest", _LATEST, LoadToken.RIGHT, _REDIRECTED, (Place.CARRIED, 200), body=MANIFEST),
    _operation(
        "a layer", _BLOB, LoadToken.RIGHT, _REDIRECTED, (Place.CARRIED, 307), (Place.BUCKET, 200), body=LAYER
    ),
    _operation("no credentials", f"{_LATEST}?n=1&n=2", LoadToken.NONE, _REDIRECTED, (Place.CARRIED, 401)),
    _operation("a token of its own", _LATEST, LoadToken.OWN, _REDIRECTED, (Place.CARRIED, 400)),
)
EDGE_UPLOADS = (_upload(LARGE, _REDIRECTED, (Place.CARRIED, 202)),)
RELAY = (
    _operation("a manifest", _LATEST, LoadToken.RIGHT, (Place.NAME, 200), body=MANIFEST),
    _operation("a layer", _BLOB, LoadToken.RIGHT, _REDIRECTED, (Place.BUCKET, 200), body=LAYER),
    _operation("no credentials", _LATEST, LoadToken.NONE, _REDIRECTED, (Place.CHALLENGE, 401)),
    _operation("a token of its own", _LATEST, LoadToken.OWN, (Place.NAME, 400)),
    _operation(
        "classic Docker",
        f"{_LATEST}?n=1&n=2",
        LoadToken.NONE,
        _REDIRECTED,
        (Place.REGISTRY, 401),
        user_agent="docker/26.1.5",
    ),
)
RELAY_UPLOADS = (
    _upload(FITS, (Place.NAME, 202)),
    _upload(LARGE, _REDIRECTED, (Place.REGISTRY, 202), user_agent="buildkit/v0.15"),
)
