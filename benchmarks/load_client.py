"""A client of the load test: it follows its redirects itself, and holds every response to what is right."""

from __future__ import annotations

import base64
import http.client
import random
import secrets
import ssl
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import urljoin, urlsplit

from benchmarks.load_operations import LoadOperation, LoadToken, Place
from tests.standins.domain import Domain
from tests.standins.ecr import USER
from tests.standins.registry_client import MANIFEST_TYPE
from tests.standins.registry_store import digest_of

FAULTY = frozenset({429, 500, 502, 503, 504})
"""What a fault may make of a response: the registry's own status, or the gateway's for a dead environment."""
_TIMEOUT = 120.0
# Each is in memory several times: here, at the registry, in the stand-ins between.
_UPLOADS_AT_ONCE = threading.Semaphore(3)


class WrongResponse(Exception):
    """A response that the service must not give."""


class FaultMet(Exception):
    """A fault that was planned ended the operation."""


@dataclass
class Findings:
    """What was seen, by all clients."""

    seconds: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    #: Bytes in uploads that ended well.
    uploaded: int = 0
    wrong: list[str] = field(default_factory=list)
    astray: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, seconds: float, status: int) -> None:
        with self.lock:
            self.seconds.append(seconds)
            self.statuses[status] += 1


@dataclass(frozen=True)
class LoadClient:
    """`number` tells it from the others, to the registry as well."""

    number: int
    domain: Domain
    findings: Findings
    tls: ssl.SSLContext = field(repr=False)
    #: Whether faults are planned.
    faults: bool
    connections: dict[str, http.client.HTTPSConnection] = field(default_factory=dict, repr=False)

    @property
    def repository(self) -> str:
        return f"load/client-{self.number}"

    @property
    def token(self) -> str:
        return f"token-of-client-{self.number}"

    def run(self, requests: int, operations: Sequence[LoadOperation]) -> None:
        """One operation after the other until all clients together have sent so many requests."""
        chance = random.Random(self.number)  # noqa: S311  any sequence will do
        uploads = [each for each in operations if each.size]
        walks = [each for each in operations if not each.size]
        # The first operation of some clients is an upload, then about every hundredth of each.
        next_upload = self.number % 50
        done = 0
        while len(self.findings.seconds) < requests and not self.findings.wrong:
            try:
                if done == next_upload:
                    next_upload += 100
                    with _UPLOADS_AT_ONCE:
                        self._upload(chance.choice(uploads))
                else:
                    self._walk(chance.choice(walks))
            except FaultMet:
                pass
            except (WrongResponse, OSError, http.client.HTTPException) as error:
                with self.findings.lock:
                    self.findings.wrong.append(f"{type(error).__name__}: {error}")
            done += 1
        for connection in self.connections.values():
            connection.close()

    def _walk(self, operation: LoadOperation) -> tuple[str, str]:
        """Follow an operation to its end; the last URL and its Location."""
        url = urljoin(self.domain.origin, operation.path.format(repository=self.repository))
        location = ""
        for place, status in operation.steps:
            url = urljoin(url, location)
            self._require(self._place(url) is place, operation, f"came to {urlsplit(url).netloc}")
            got, location, body = self._ask(operation.method, url, operation.user_agent, operation.token)
            self._require(got == status, operation, f"{got} at {place.value}: {body[:200]!r}")
        self._require(operation.body in (None, body), operation, "another body")
        return url, location

    def _upload(self, start: LoadOperation) -> None:
        content = secrets.token_bytes(16) + bytes(start.size - 16)
        digest = digest_of(content)
        url, location = self._walk(start)
        end = urljoin(url, f"{location}?digest={digest}")
        # Where it began there it goes on: the body never comes by another place.
        self._require(self._place(end) is start.steps[-1][0], start, f"goes on at {urlsplit(end).netloc}")
        status, _, body = self._ask("PUT", end, start.user_agent, LoadToken.RIGHT, content)
        self._require(status == 201, start, f"{status} at its end: {body[:200]!r}")
        with self.domain.ecr.store.lock:
            stored = self.domain.ecr.store.repository(self.repository).blobs.pop(digest, b"")
        self._require(stored == content, start, "another blob is stored")
        with self.findings.lock:
            self.findings.uploaded += len(content)

    def _ask(
        self, method: str, url: str, user_agent: str, token: LoadToken, body: bytes = b""
    ) -> tuple[int, str, bytes]:
        parts = urlsplit(url)
        headers = {"User-Agent": user_agent, "Accept": MANIFEST_TYPE}
        if body:
            headers["Content-Type"] = "application/octet-stream"
        if token is not LoadToken.NONE and self._place(url) is not Place.BUCKET:
            given = self.domain.ecr.token if token is LoadToken.RIGHT else self.token
            headers["Authorization"] = basic(given)
        connection = self.connections.get(parts.netloc)
        if connection is None:
            connection = http.client.HTTPSConnection(parts.netloc, timeout=_TIMEOUT, context=self.tls)
            self.connections[parts.netloc] = connection
        target = parts._replace(scheme="", netloc="").geturl()
        started = time.monotonic()
        connection.request(method, target, body or None, headers)
        response = connection.getresponse()
        content = response.read()
        self.findings.note(time.monotonic() - started, response.status)
        if self.faults and response.status in FAULTY:
            raise FaultMet
        return response.status, response.headers.get("Location", ""), content

    def _place(self, url: str) -> Place | None:
        parts = urlsplit(url)
        hosts = {
            self.domain.ecr.authority: Place.REGISTRY,
            self.domain.ecr.bucket.authority: Place.BUCKET,
        }
        if parts.netloc != self.domain.authority:
            return hosts.get(parts.netloc)
        prefixes = {
            f"/_registry/{self.domain.ecr.authority}/v2/": Place.CARRIED,
            "/_challenge/v2/": Place.CHALLENGE,
            "/v2/": Place.NAME,
        }
        return next((place for start, place in prefixes.items() if parts.path.startswith(start)), None)

    def _require(self, right: bool, operation: LoadOperation, otherwise: str) -> None:
        if not right:
            raise WrongResponse(f"{operation.name}: {otherwise}")


def basic(token: str) -> str:
    return "Basic " + base64.b64encode(f"{USER}:{token}".encode()).decode()
