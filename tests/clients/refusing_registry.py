"""A registry that knows the caller and refuses all the same: the case in which clients print URLs.

It asks for Basic credentials like any private registry, and refuses one step of a push or pull, once it is
authenticated, in one of the ways in which registries and networks do. All else is served from memory.
"""

from __future__ import annotations

import base64
import json
import re
import ssl
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from enum import Enum

from tests.clients.image import store_image
from tests.clients.operation import Content
from tests.clients.registry import USER, registry_token
from tests.standins.bucket import LayerBucket
from tests.standins.distribution import Distribution
from tests.standins.faults import registry_error
from tests.standins.http_message import HttpRequest, HttpResponse, NotHttp, ResetConnection
from tests.standins.http_server import HttpServer
from tests.standins.registry_store import RegistryStore
from tests.standins.running import Running

NAMES = ("localhost", "127.0.0.2")
"""Registry and layer bucket."""
_HANGS = 2.0
"""Seconds, after which the connection is reset, so that clients with patience say something as well."""
_GARBAGE = b"\x00\x16\x03 this is not HTTP \xff\r\n\r\n"
_TOKEN_PATH = "/token"


class RefusedStep(Enum):
    """A kind of request: its method, and the part of the path that tells what it is for."""

    PING = "GET /v2/"
    MANIFEST_HEAD = "HEAD manifests"
    MANIFEST_GET = "GET manifests"
    MANIFEST_PUT = "PUT manifests"
    BLOB_HEAD = "HEAD blobs"
    BLOB_GET = "GET blobs"
    UPLOAD_POST = "POST uploads"
    CHUNK = "PATCH uploads"
    CLOSING_PUT = "PUT uploads"
    REFERRERS = "GET referrers"
    TAGS = "GET tags"


class Manner(Enum):
    """How a step is refused."""

    BEARER = "401 with a Bearer challenge"
    FORBIDDEN = "403"
    NOT_FOUND = "404"
    TOO_MANY = "429"
    BROKEN = "500"
    HANG = "hang"
    RESET = "reset"
    GARBAGE = "garbage"
    #: To the registry's own host and the same path.
    LOOP = "redirect loop"
    #: To our name and the same path.
    LOOP_ON_OUR_NAME = "redirect loop on our name"


@dataclass(frozen=True)
class PlannedRefusal:
    """The `nth` request of the step is refused, and all that follow."""

    step: RefusedStep
    manner: Manner
    nth: int = 1
    #: The error's message repeats the credentials, as no registry should.
    aloud: bool = False

    def __str__(self) -> str:
        return f"{self.step.value} no. {self.nth}: {self.manner.value}"


@dataclass
class RefusedConversation:
    """A client's requests about one repository, and what is refused of them; `front` is HOST:PORT of our
    name."""

    front: str
    refusal: PlannedRefusal | None = None
    #: Whether the Locations of uploads and redirects leave the origin out.
    relative: bool = False
    requests: Counter[RefusedStep] = field(default_factory=Counter)
    #: How many authenticated requests were refused.
    refused: int = 0
    #: When the first was, by time.monotonic().
    refused_since: float | None = None
    #: Set when the client's time is over.
    ended: threading.Event = field(default_factory=threading.Event)


class RefusingRegistry(Running):
    """Runs within `with`."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self.token = registry_token()
        self.conversations: dict[str, RefusedConversation] = {}
        """By repository. Others are served."""
        self.pinging: RefusedConversation | None = None
        """Whose pings come now: a ping names no repository."""
        self._lock = threading.Lock()
        self._store = RegistryStore()
        self.bucket = LayerBucket(context, address=NAMES[1])
        self._server = HttpServer(self._respond, context=context, name=NAMES[0])
        self.authority = self._server.authority
        # One store, one with absolute and one with relative Locations.
        self._distributions = {
            relative: Distribution(
                self._store, self._server.origin, self.bucket.presign, relative_links=relative
            )
            for relative in (False, True)
        }

    @property
    def authorization(self) -> str:
        return "Basic " + base64.b64encode(f"{USER}:{self.token}".encode()).decode()

    def put(self, content: Content, repository: str, *tags: str) -> None:
        store_image(self._store, content, repository, *tags)

    def start(self) -> None:
        self.bucket.start()
        self._server.start()

    def stop(self) -> None:
        self._server.stop()
        self.bucket.stop()

    def _respond(self, request: HttpRequest) -> HttpResponse:
        if request.value("Authorization") not in (self.authorization, f"Bearer {self.token}"):
            if request.path == _TOKEN_PATH:
                # containerd sends its password in a form first, and as Basic credentials then.
                return registry_error(405, "UNSUPPORTED", "Method Not Allowed")
            challenge = ("WWW-Authenticate", f'Basic realm="https://{self.authority}/"')
            return HttpResponse(401, (challenge, ("Content-Type", "text/plain")), b"Not Authorized\n")
        if request.path == _TOKEN_PATH:
            body = json.dumps({"token": self.token}).encode()
            return HttpResponse(200, (("Content-Type", "application/json"),), body)
        step = step_of(request)
        conversation = self._conversation(request, step)
        if conversation is None:
            return self._distributions[False].respond(request)
        if step is not None and self._is_refused(step, conversation):
            return self._refusal(request, conversation)
        return self._distributions[conversation.relative].respond(request)

    def _conversation(self, request: HttpRequest, step: RefusedStep | None) -> RefusedConversation | None:
        if step is RefusedStep.PING:
            return self.pinging
        found = _PATH.match(request.path)
        return self.conversations.get(found["name"]) if found else None

    def _is_refused(self, step: RefusedStep, conversation: RefusedConversation) -> bool:
        """Counts the request."""
        with self._lock:
            conversation.requests[step] += 1
            refusal = conversation.refusal
            if refusal is None or refusal.step is not step or conversation.requests[step] < refusal.nth:
                return False
            conversation.refused += 1
            conversation.refused_since = conversation.refused_since or time.monotonic()
            return True

    def _refusal(self, request: HttpRequest, conversation: RefusedConversation) -> HttpResponse:
        refusal = conversation.refusal
        assert refusal is not None
        manner = refusal.manner
        said = self.authorization if refusal.aloud else "not for you"
        base = "" if conversation.relative else f"https://{self.authority}"
        if manner is Manner.BEARER:
            challenge = f'Bearer realm="https://{self.authority}{_TOKEN_PATH}",service="registry"'
            return registry_error(401, "UNAUTHORIZED", said, ("WWW-Authenticate", challenge))
        if manner is Manner.HANG:
            conversation.ended.wait(_HANGS)
            raise ResetConnection
        if manner is Manner.RESET:
            raise ResetConnection
        if manner is Manner.GARBAGE:
            raise NotHttp(_GARBAGE)
        if manner is Manner.LOOP:
            return HttpResponse(307, (("Location", f"{base}{request.target}"),))
        if manner is Manner.LOOP_ON_OUR_NAME:
            return HttpResponse(307, (("Location", f"https://{conversation.front}{request.target}"),))
        # Without a pause clients come to the end of their attempts, and say so.
        at_once = (("Retry-After", "0"),) if manner is Manner.TOO_MANY else ()
        return registry_error(int(manner.value), "DENIED", said, *at_once)


_PATH = re.compile(r"/v2/(?P<name>.+)/(?P<kind>blobs/uploads|blobs|manifests|referrers|tags)(?:/|$)")


def step_of(request: HttpRequest) -> RefusedStep | None:
    """None for a request that no client of the leak test makes."""
    found = _PATH.match(request.path)
    kind = "/v2/" if request.path.rstrip("/") == "/v2" else found and found["kind"].rpartition("/")[2]
    return next((step for step in RefusedStep if step.value == f"{request.method} {kind}"), None)
