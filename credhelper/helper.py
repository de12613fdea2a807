"""The credential helper itself: get, erase and list, in the protocol's words.

`get` finds the route, then the token: from the cache until half of its life, else from AWS. One process
at a time asks for one key, the others wait for its result. When AWS refuses or the time is up, a
token that is still valid is given, with a warning; an expired one never is.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from credhelper.cache import FAILURE_LIFETIME, REFUSAL_LIFETIME, Cache
from credhelper.cached_get import ROUTE_LIFETIME, RegistryRoute, Token, route_key, token_key
from credhelper.client_config import lists_helper
from credhelper.errors import DiscoveryFailed, HelperError, HostNotServed, TimedOut, TokenRefused, shown_path
from credhelper.mapping import DomainMappings
from credhelper.registry_host import ecr_registry
from credhelper.routing import LONGEST_DISCOVERY, discover, route_to
from credhelper.server_url import ServerURL
from credhelper.settings import CACHE_DIR, TIMEOUT, HelperSettings
from credhelper.waiting import bounded, found_or_made

if TYPE_CHECKING:
    from credhelper.ecr_token import WebIdentity

_ALLOW_MORE = f"allow more with {TIMEOUT}, in seconds"


class CredentialHelper:
    """`warn` takes one line for a person. `started` is the run's start on `time.monotonic`'s clock."""

    def __init__(self, settings: HelperSettings, warn: Callable[[str], None], started: float) -> None:
        self.settings = settings
        self.warn = warn
        self._started = started
        self._cache = Cache(settings.cache_directory)

    def get(self, url: ServerURL) -> Token:
        """The token to log in with at `url`. Raises HelperError with the reason where there is none."""
        return self.token(self.route(url))

    def list(self) -> dict[str, str]:
        """Server URL -> user name, for every domain of custom.json. Raises InvalidFile, FileTrouble."""
        domains = DomainMappings.read(self.settings.config_path).domains
        return {f"https://{domain}": "AWS" for domain in domains}

    def erase(self, url: ServerURL) -> None:
        """Forget the tokens and the route of the host; one that is not in the cache is not an error."""
        registries = {url.name} if ecr_registry(url.name) else set()
        with suppress(HelperError):
            mapping = DomainMappings.read(self.settings.config_path).domains.get(url.host)
            if mapping is not None and mapping.registry:
                registries.add(mapping.registry)
        self._cache.remove(self._cache.records_of(url.host, registries))

    def route(self, url: ServerURL) -> RegistryRoute:
        """Where `url` leads: from the cache, or as configured or discovered now.

        Raises HostNotServed, and HelperError for what is malformed.
        """
        remaining = self._remaining()
        key = route_key(self.settings, url.host, url.plain_http)
        route = found_or_made(
            self._cache,
            key,
            lambda: self._cache.route(key, url.host, time.time()),
            lambda: self._new_route(key, url),
            remaining,
        )
        if not route.registry:
            raise HostNotServed(url.host, route.reason, route.next_step)
        return route

    def token(self, route: RegistryRoute) -> Token:
        """The token for `route`, from the cache or new. Raises TokenRefused and TimedOut."""
        key = token_key(self.settings, route)
        kept = self._cache.token(key, route.registry)
        now = time.time()
        if kept is not None and kept.is_fresh(now):
            return kept
        fallback = kept if kept is not None and kept.is_usable(now) else None
        remaining = self._remaining()

        def work() -> Token:
            return found_or_made(
                self._cache,
                key,
                lambda: self._fresh_token(key, route),
                lambda: self._new_token(key, route),
                remaining,
                fallback,
            )

        try:
            return bounded(remaining, work, "AWS", _ALLOW_MORE)
        except (TokenRefused, TimedOut) as failure:
            if fallback is None or not fallback.is_usable(time.time()):
                raise
            minutes = (fallback.expires_at - time.time()) / 60
            self.warn(f"{failure}. The token from before is used; it is valid for {minutes:.0f} more minutes")
            return fallback

    def token_as(self, identity: WebIdentity, route: RegistryRoute) -> Token:
        """A token for `route`, asked for as `identity`; not kept, so that nobody else ever gets it."""
        from credhelper.ecr_token import request_token

        return bounded(self._remaining(), lambda: request_token(route, identity), "AWS", _ALLOW_MORE)

    def _remaining(self) -> float:
        return self._started + self.settings.timeout - time.monotonic()

    def _new_route(self, key: str, url: ServerURL) -> RegistryRoute:
        def is_listed() -> bool:
            return lists_helper(self.settings, url.host)

        def ask(host: str) -> str:
            return discover(host, min(LONGEST_DISCOVERY, max(self._remaining(), 0)))

        try:
            mappings = DomainMappings.read(self.settings.config_path)
            route = route_to(url, self.settings, mappings, ask, is_listed)
            lifetime = ROUTE_LIFETIME
        except HostNotServed as error:
            route = RegistryRoute(url.host, "", reason=error.reason, next_step=error.next_step)
            lifetime = REFUSAL_LIFETIME
        except DiscoveryFailed as error:
            route = RegistryRoute(
                url.host, "", reason=f"it could not be asked for its registry: {error.reason}"
            )
            lifetime = FAILURE_LIFETIME
        # Without a cache every run finds out again; the run that keeps a token warns about it.
        with suppress(OSError):
            self._cache.keep_route(key, route, time.time() + lifetime)
        return route

    def _fresh_token(self, key: str, route: RegistryRoute) -> Token | None:
        token = self._cache.token(key, route.registry)
        return token if token is not None and token.is_fresh(time.time()) else None

    def _new_token(self, key: str, route: RegistryRoute) -> Token:
        # botocore takes 100 ms to import: only runs that ask AWS pay for it.
        from credhelper.ecr_token import request_token

        token = request_token(route)
        try:
            self._cache.keep_token(key, token)
            self._cache.prune(time.time())
        except OSError as error:
            self.warn(
                f"the token is not kept: {error.strerror} ({shown_path(str(error.filename))}); "
                f"set {CACHE_DIR} to a directory of yours"
            )
        return token
