"""What a distribution keeps, for how long, and under which key.

The CloudFront developer guide: "Manage how long content stays in the cache (expiration)", "How CloudFront
processes HTTP 4xx and 5xx status codes from your origin", "Understand the cache key".

What is known, and from where: docs/cloudfront.md#caching, #errors.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime

from tests.standins.cloudfront.distribution_config import CacheBehaviour
from tests.standins.http_message import HttpRequest, HttpResponse

MOST_BYTES = 8 * 1024 * 1024
"""A longer body is not kept here; CloudFront keeps up to 50 GB."""

_ALWAYS = frozenset({404, 414, 500, 501, 502, 503, 504})
_IF_THE_ORIGIN_SAYS_SO = frozenset({400, 403, 405, 412, 415})
_KEPT = frozenset({200, 203, 300, 301, 302, 303, 307, 308, 410})
_ERROR_SECONDS = 10.0
_DIRECTIVE = re.compile(r'([A-Za-z-]+)(?:="?([^",]*)"?)?')


@dataclass(frozen=True)
class CacheKey:
    """Holds no header, so no credential: the response is the same for everybody."""

    #: HEAD has responses of its own where there is none to GET.
    head: bool
    #: The behaviour's path pattern: each leads to an origin of its own.
    pattern: str | None
    path: str
    query: str


@dataclass(frozen=True)
class CachedResponse:
    """What every viewer who asks for `key` is given."""

    key: CacheKey
    response: HttpResponse
    #: By the cache's clock.
    since: float
    until: float


class EdgeCache:
    """`clock` gives seconds."""

    def __init__(self, error_minimum: Mapping[int, float], clock: Callable[[], float]) -> None:
        self._error_minimum = error_minimum
        self._clock = clock
        self._responses: dict[CacheKey, CachedResponse] = {}
        self._lock = threading.Lock()

    @property
    def responses(self) -> tuple[CachedResponse, ...]:
        """All that was kept and not replaced, expired or not."""
        with self._lock:
            return tuple(self._responses.values())

    def forget(self) -> None:
        """What an invalidation of `/*` does."""
        with self._lock:
            self._responses.clear()

    def find(self, key: CacheKey) -> CachedResponse | None:
        """A fresh response; one to GET serves HEAD as well."""
        return self._find(key, lambda kept: self._clock() < kept.until)

    def find_expired(self, key: CacheKey) -> CachedResponse | None:
        """A response that is no error, for when the origin cannot give a newer one."""
        return self._find(key, lambda kept: kept.response.status < 400)

    def age(self, kept: CachedResponse) -> int:
        return int(self._clock() - kept.since)

    def keep(self, key: CacheKey, response: HttpResponse, seconds: float) -> None:
        now = self._clock()
        with self._lock:
            self._responses[key] = CachedResponse(key, response, now, now + seconds)

    def seconds(
        self, request: HttpRequest, response: HttpResponse, behaviour: CacheBehaviour, *, errors_always: bool
    ) -> float:
        """How long a response is kept. `errors_always`: errors even where the policy keeps none."""
        if request.method not in ("GET", "HEAD") or request.values("Range"):
            return 0
        directives = _directives(response)
        stated = _stated_seconds(response, directives)
        policy = behaviour.cache
        status = response.status
        if status in _ALWAYS or (status in _IF_THE_ORIGIN_SAYS_SO and stated is not None):
            if policy.maximum == 0 and not errors_always:
                return 0
            return max(self._error_minimum.get(status, _ERROR_SECONDS), stated or 0)
        if status not in _KEPT:
            return 0
        if {"no-store", "no-cache", "private"} & set(directives):
            return policy.minimum
        wanted = policy.default if stated is None else stated
        return min(max(wanted, policy.minimum), policy.maximum)

    def _find(self, key: CacheKey, fits: Callable[[CachedResponse], bool]) -> CachedResponse | None:
        keys = (replace(key, head=False), key) if key.head else (key,)
        with self._lock:
            found = (self._responses.get(each) for each in keys)
            return next((kept for kept in found if kept is not None and fits(kept)), None)


def cache_key(request: HttpRequest, behaviour: CacheBehaviour) -> CacheKey:
    """Of the request as its viewer-request function left it."""
    path, _, query = request.target.partition("?")
    return CacheKey(
        request.method == "HEAD", behaviour.pattern, path, query if behaviour.cache.whole_query else ""
    )


def _directives(response: HttpResponse) -> dict[str, str]:
    lines = ",".join(response.values("Cache-Control"))
    return {match[1].lower(): match[2] or "" for match in _DIRECTIVE.finditer(lines)}


def _stated_seconds(response: HttpResponse, directives: Mapping[str, str]) -> float | None:
    """`s-maxage` before `max-age` before `Expires`."""
    for name in ("s-maxage", "max-age"):
        if directives.get(name, "").isdigit():
            return float(directives[name])
    for value in response.values("Expires"):
        try:
            return max(0.0, (parsedate_to_datetime(value) - datetime.now(timezone.utc)).total_seconds())
        except (TypeError, ValueError):
            return 0.0
    return None
