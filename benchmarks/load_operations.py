"""What the clients of the load test ask for, and the only responses that are right, in each mode."""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

from chalicelib.settings import RedirectMode
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


Steps = tuple[tuple[Place, int], ...]


class LoadOperation(NamedTuple):
    """A request, and where it comes to by which redirects."""

    name: str
    path: str
    token: LoadToken
    #: Each place with the status that is right there.
    steps: Steps
    #: The body of the last response; None where it may be any.
    body: bytes | None = None
    user_agent: str = "crane/v0.20.3"
    method: str = "GET"
    #: The bytes of the blob that is put where an upload was started; 0 where none was.
    size: int = 0


def _upload(size: int, *steps: tuple[Place, int], user_agent: str = "crane/v0.20.3") -> LoadOperation:
    name = f"an upload of {size // 1_000_000} MB"
    return LoadOperation(name, _UPLOADS, LoadToken.RIGHT, steps, None, user_agent, "POST", size)


_NONE, _RIGHT, _OWN = LoadToken.NONE, LoadToken.RIGHT, LoadToken.OWN
_REDIRECTED = (Place.NAME, 307)
_FROM_BUCKET = (Place.BUCKET, 200)
OPERATIONS = {
    RedirectMode.EDGE: (
        LoadOperation("a manifest", _LATEST, _RIGHT, (_REDIRECTED, (Place.CARRIED, 200)), MANIFEST),
        LoadOperation("a layer", _BLOB, _RIGHT, (_REDIRECTED, (Place.CARRIED, 307), _FROM_BUCKET), LAYER),
        LoadOperation("no credentials", f"{_LATEST}?n=1&n=2", _NONE, (_REDIRECTED, (Place.CARRIED, 401))),
        LoadOperation("a token of its own", _LATEST, _OWN, (_REDIRECTED, (Place.CARRIED, 400))),
        _upload(LARGE, _REDIRECTED, (Place.CARRIED, 202)),
    ),
    RedirectMode.RELAY: (
        LoadOperation("a manifest", _LATEST, _RIGHT, ((Place.NAME, 200),), MANIFEST),
        LoadOperation("a layer", _BLOB, _RIGHT, (_REDIRECTED, _FROM_BUCKET), LAYER),
        LoadOperation("no credentials", _LATEST, _NONE, (_REDIRECTED, (Place.CHALLENGE, 401))),
        LoadOperation("a token of its own", _LATEST, _OWN, ((Place.NAME, 400),)),
        LoadOperation(
            "classic Docker",
            f"{_LATEST}?n=1&n=2",
            _NONE,
            (_REDIRECTED, (Place.REGISTRY, 401)),
            user_agent="docker/26.1.5",
        ),
        _upload(FITS, (Place.NAME, 202)),
        _upload(LARGE, _REDIRECTED, (Place.REGISTRY, 202), user_agent="buildkit/v0.15"),
    ),
}
