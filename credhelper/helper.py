"""The credential helper itself: get, erase and list, in the protocol's words.

`get` finds the route, then the token: from memory until half of its life, else from AWS. One process
at a time asks for one key, the others wait for its result. When AWS refuses or the time is up, a
token that is still valid is served, with a warning; an expired one never is.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress

from credhelper.cache import FAILURE_LIFETIME, REFUSAL_LIFETIME, ROUTE_LIFETIME, Cache, Route, Token
from credhelper.deadline import bounded
from credhelper.errors import DiscoveryFailed, HelperError, HostNotServed, TimedOut, TokenRefused
from credhelper.identity import WebIdentity
from credhelper.mapping import DomainMappings
from credhelper.registry_host import ecr_registry
from credhelper.routing import Discover, route_to
from credhelper.server_url import ServerURL
from credhelper.settings import CACHE_DIR, TIMEOUT, Settings
from credhelper.source import route_key, token_key
from credhelper.waiting import Turns

RequestToken = Callable[[Route, WebIdentity | None], Token]
"""From a route to a new token for it, asked for as the environment or another. Raises TokenRefused."""

_ALLOW_MORE = f"allow more with {TIMEOUT}, in seconds"


class CredentialHelper:
    """`warn` takes one line for a person. `started` is the run's start on `time.monotonic`'s clock.

    `is_named` tells whether a client's configuration names a HOST[:PORT] for this helper.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        discover: Discover,
        is_named: Callable[[str], bool],
        request_token: RequestToken,
        warn: Callable[[str], None],
        clock: Callable[[], float] = time.time,
        started: float | None = None,
    ) -> None:
        self.settings = settings
        self._discover = discover
        self._is_named = is_named
        self._request_token = request_token
        self.warn = warn
        self.clock = clock
        self._started = time.monotonic() if started is None else started
        self._memory = Cache(settings.cache_directory)
        self._turns = Turns(settings.cache_directory)

    def get(self, url: ServerURL) -> Token:
        """The token to log in with at `url`. Raises HelperError with the reason where there is none."""
        return self.token(self.route(url))

    def list(self) -> dict[str, str]:
        """Server URL -> user name, for every domain of custom.json. Raises InvalidFile, FileTrouble."""
        domains = DomainMappings.read(self.settings.config_path).domains
        return {f"https://{domain}": "AWS" for domain in domains}

    def erase(self, url: ServerURL) -> None:
        """Forget the tokens and the route of the host; one that was never remembered is no error."""
        registries = {url.without_port} if ecr_registry(url.without_port) else set()
        with suppress(HelperError):
            mapping = DomainMappings.read(self.settings.config_path).domains.get(url.host)
            if mapping is not None and mapping.registry:
                registries.add(mapping.registry)
        self._memory.forget(url.host, registries)

    def route(self, url: ServerURL, named: bool = False) -> Route:
        """Where `url` leads, as remembered or as configured or discovered now. `named`: the caller itself
        has named the host for this helper."""
        key = route_key(self.settings, url.host, url.plain_http, named)
        route = self._turns.found_or_made(
            key,
            lambda: self._memory.route(key, self.clock()),
            lambda: self._new_route(key, url, named),
            self._remaining(),
        )
        if not route.registry:
            raise HostNotServed(url.host, route.reason)
        return route

    def token(self, route: Route) -> Token:
        """The token for `route`, as remembered or new."""
        key = token_key(self.settings, route)
        held = self._memory.token(key)
        now = self.clock()
        if held is not None and held.fresh(now):
            return held
        spare = held if held is not None and held.usable(now) else None
        remaining = self._remaining()

        def found_or_made() -> Token:
            return self._turns.found_or_made(
                key, lambda: self._fresh_token(key), lambda: self._new_token(key, route), remaining, spare
            )

        try:
            return bounded(remaining, found_or_made, "AWS", _ALLOW_MORE)
        except (TokenRefused, TimedOut) as failure:
            if spare is None or not spare.usable(self.clock()):
                raise
            minutes = (spare.expires_at - self.clock()) / 60
            self.warn(f"{failure}. The token from before is used; it is valid for {minutes:.0f} more minutes")
            return spare

    def token_as(self, identity: WebIdentity, route: Route) -> Token:
        """A token for `route` asked for as `identity`; never remembered, so that nobody else gets it."""
        return bounded(self._remaining(), lambda: self._request_token(route, identity), "AWS", _ALLOW_MORE)

    def _remaining(self) -> float:
        return self._started + self.settings.timeout - time.monotonic()

    def _new_route(self, key: str, url: ServerURL, named: bool) -> Route:
        def is_named() -> bool:
            return named or self._is_named(url.host)

        try:
            mappings = DomainMappings.read(self.settings.config_path)
            route = route_to(url, self.settings, mappings, self._discover, is_named)
            lifetime = ROUTE_LIFETIME
        except HostNotServed as error:
            route, lifetime = (
                Route(url.host, "", reason=f"{error.reason}; {error.next_step}"),
                REFUSAL_LIFETIME,
            )
        except DiscoveryFailed as error:
            reason = f"it could not be asked where it redirects: {error.reason}"
            route, lifetime = Route(url.host, "", reason=reason), FAILURE_LIFETIME
        # Without memory every run asks again: slower, and reported with the token, if at all.
        with suppress(OSError):
            self._memory.remember_route(key, route, self.clock() + lifetime)
        return route

    def _fresh_token(self, key: str) -> Token | None:
        token = self._memory.token(key)
        return token if token is not None and token.fresh(self.clock()) else None

    def _new_token(self, key: str, route: Route) -> Token:
        token = self._request_token(route, None)
        try:
            self._memory.remember_token(key, token)
            self._memory.prune(self.clock())
        except OSError as error:
            self.warn(
                f"the token is not remembered: {error.strerror} ({error.filename}); "
                f"set {CACHE_DIR} to a directory of yours"
            )
        return token
