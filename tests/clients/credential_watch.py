"""Looks at every request that the ring's gateways and CloudFronts see, for credentials that are astray.

- No `Location` holds user info.
- The token stands in the client's own `Authorization` and in what goes to the registry, and nowhere else: in
  no other header, no query, no response, no line of the function's log and no cache.
- In `edge` API Gateway, and so the function, is sent no `Authorization`, and no token in anything else.
- In `edge` the service answers everybody the same, and CloudFront caches its responses alone, not a
  registry's: so what is cached came without credentials, and is the same for everybody.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

from chalicelib.settings import RedirectMode
from tests.clients.secret import USER_INFO, Secret
from tests.standins.cloudfront.edge_cache import CachedResponse
from tests.standins.cloudfront.passage import Passage, PassageObserver
from tests.standins.domain import API_TARGET, Domain
from tests.standins.http_message import Header, HttpRequest, HttpResponse, Observer, without

_OF_ONE_RESPONSE = (
    "Age",
    "Connection",
    "Date",
    "Via",
    "X-Amz-Apigw-Id",
    "X-Amz-Cf-Id",
    "X-Amz-Cf-Pop",
    "X-Amzn-RequestId",
    "X-Amzn-Trace-Id",
    "X-Cache",
)
"""They differ between two responses to the same request."""


class CredentialWatch:
    """Collects from all threads; `faults` is called from one."""

    def __init__(self) -> None:
        self._secrets: list[Secret] = []
        self._lock = threading.Lock()
        self._seen: list[tuple[str, str]] = []
        self._faults: list[str] = []
        self._domains: dict[str, _Logged] = {}

    def know(self, secret: Secret) -> None:
        """Looks for it, too, from now on and in what was collected."""
        self._secrets.append(secret)

    def at_gateway(self, mode: RedirectMode, then: Observer | None) -> Observer:
        """An observer for the gateway of a domain, which tells `then` as well."""

        def observe(request: HttpRequest, response: HttpResponse) -> None:
            if mode is RedirectMode.EDGE:
                self._must_be_without_credentials("API Gateway", request)
                self._saw("what API Gateway was sent", _head(request), request.body)
            else:
                self._saw("what API Gateway was sent", _head(_less(request)))
            self._responded("API Gateway", response)
            if then is not None:
                then(request, response)

        return observe

    def at_edge(self, then: PassageObserver | None) -> PassageObserver:
        """An observer for the CloudFront of a domain, which tells `then` as well."""
        same: dict[tuple[str, str], object] = {}

        def observe(passage: Passage) -> None:
            self._saw("what CloudFront was sent", _head(_less(passage.viewer_request)))
            self._responded("CloudFront", passage.viewer_response)
            sent = passage.origin_request
            if sent is not None and passage.origin == API_TARGET:
                self._must_be_without_credentials("the API", sent)
                self._saw("what CloudFront sent to the API", _head(sent))
            elif sent is not None:
                self._saw("what CloudFront sent to the registry", _head(_less(sent)))
            if passage.from_cache or passage.origin == API_TARGET:
                self._must_be_the_same(passage, same)
            if then is not None:
                then(passage)

        return observe

    @contextmanager
    def over(self, domain: Domain) -> Iterator[None]:
        """Looks at the domain's log and cache as well, while it runs."""
        self._domains[domain.authority] = _Logged(domain)
        try:
            yield
        finally:
            self._look_at(self._domains.pop(domain.authority))

    def faults(self) -> list[str]:
        """What was wrong since the last call."""
        for logged in self._domains.values():
            self._look_at(logged)
        with self._lock:
            seen, self._seen = self._seen, []
            faults, self._faults = self._faults, []
        faults += [
            f"{trace} in {place}: {text}"
            for place, text in dict.fromkeys(seen)
            for secret in self._secrets
            for trace in secret.traces(text)
        ]
        return list(dict.fromkeys(faults))

    def _look_at(self, logged: _Logged) -> None:
        self._saw("the function's log", "\n".join(logged.new_lines()))
        for cached in logged.newly_cached():
            if cached.key.pattern is not None:
                self._fault(f"cached, though credentials were sent for it: {cached.key.path}")
            self._responded("CloudFront's cache", cached.response)

    def _responded(self, whose: str, response: HttpResponse) -> None:
        for location in response.values("Location"):
            if USER_INFO.search(location):
                self._fault(f"user info in a Location of {whose}")
        self._saw(f"a response of {whose}", _lines(response.headers), response.body)

    def _must_be_without_credentials(self, who: str, request: HttpRequest) -> None:
        if request.values("Authorization") or request.values("Proxy-Authorization"):
            self._fault(f"{who} was sent credentials: {request.method} {request.path}")

    def _must_be_the_same(self, passage: Passage, same: dict[tuple[str, str], object]) -> None:
        request, response = passage.viewer_request, passage.viewer_response
        if response.status >= 400:
            return
        # A response to HEAD has the length that its origin gave it, or that of a cached one to GET.
        head = request.method == "HEAD"
        headers = without(response.headers, *_OF_ONE_RESPONSE, *(("Content-Length",) if head else ()))
        now = (response.status, sorted(headers), b"" if head else response.body)
        with self._lock:
            before = same.setdefault((request.method, request.target), now)
        if before != now:
            self._fault(f"not the same for everybody: {request.method} {request.path}: {before} {now}")

    def _saw(self, place: str, text: str, body: bytes = b"") -> None:
        with self._lock:
            self._seen.append((place, f"{text}\n{body.decode('latin-1')}"))

    def _fault(self, words: str) -> None:
        with self._lock:
            self._faults.append(words)


class _Logged:
    """A domain, and what of its log and its cache was looked at."""

    def __init__(self, domain: Domain) -> None:
        self.domain = domain
        self._read = 0
        self._cached: frozenset[CachedResponse] = frozenset()

    def new_lines(self) -> Sequence[str]:
        lines = self.domain.log
        new, self._read = lines[self._read :], len(lines)
        return new

    def newly_cached(self) -> Iterable[CachedResponse]:
        if self.domain.cloudfront is None:
            return ()
        cached = frozenset(self.domain.cloudfront.cache.responses)
        new, self._cached = cached - self._cached, cached
        return new


def _less(request: HttpRequest) -> HttpRequest:
    """The request without the one place where the token belongs."""
    return HttpRequest(request.method, request.target, without(request.headers, "Authorization"))


def _head(request: HttpRequest) -> str:
    return f"{request.method} {request.target}\n{_lines(request.headers)}"


def _lines(headers: tuple[Header, ...]) -> str:
    return "\n".join(f"{name}: {value}" for name, value in headers)
