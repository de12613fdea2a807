"""Routing: from a host that a client asks about to the registry whose token it needs.

In this order: what custom.json says about the host (with its port); an ECR host stands for itself;
AWS_ECR_CUSTOM_DEFAULT; discovery, which asks the host. The last two are for listed hosts. No token is ever
given for Docker Hub, for a plain http host other than this machine, or for an ECR host at another port than
its own.

A host is listed if its user has named it for this helper, in custom.json or under `credHelpers`. The client
sends the token to the host that it asks about. So, as the `credsStore` of all hosts, this helper would
otherwise give a token to every host in an image's name. The kubelet's matchImages list none: they can hold
wildcards, and the kubelet does not say which of them matched.

Discovery sends one request, for a path that is not under /v2/. The redirect service answers it with a
redirect to its registry in every mode and in every release, and so does the original module, which
has no route for `/` itself. The redirect is not followed: only its registry is wanted, and only a host that
fits ECR's own form is believed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING
from urllib.parse import urlsplit

from credhelper import VERSION
from credhelper.cached_get import RegistryRoute
from credhelper.errors import (
    DiscoveryFailed,
    HostNotServed,
    InvalidServerURL,
    InvalidVariable,
    TimedOut,
)
from credhelper.mapping import DomainMapping, DomainMappings, InvalidMapping, ecr_host
from credhelper.registry_host import InvalidRegistry, RegistryHost, ecr_registry, is_loopback, shown
from credhelper.server_url import ServerURL
from credhelper.settings import DEFAULT_REGISTRY, DISCOVER, EVERY_HOST, NO_HOST, HelperSettings
from credhelper.waiting import bounded

if TYPE_CHECKING:
    import ssl
    from http.client import HTTPMessage
    from urllib.request import Request

Discover = Callable[[str], str]
"""From HOST[:PORT] to its ECR host. Raises HostNotServed and DiscoveryFailed."""

#: What discovery asks a host for; the name says in the host's log who asked.
DISCOVERY_PATH = "/docker-credential-ecr-custom"
#: The path below which an edge passes requests on to a registry: /_registry/REGISTRY/v2/...
EDGE_PREFIX = "/_registry/"
#: Seconds for the whole of discovery, with name resolution and TLS.
LONGEST_DISCOVERY = 3.0
REDIRECTS = frozenset({301, 302, 303, 307, 308})

_USER_AGENT = f"docker-credential-ecr-custom/{VERSION}"


def route_to(
    url: ServerURL,
    settings: HelperSettings,
    mappings: DomainMappings,
    discover: Discover,
    is_listed: Callable[[], bool],
) -> RegistryRoute:
    """Where `url` leads; `is_listed` says whether a client's configuration lists the host for this helper.

    Raises InvalidServerURL, HostNotServed, DiscoveryFailed, and InvalidVariable.
    """
    may_ask = settings.discover  # read first: an invalid value ends the run, even where no host is asked
    try:
        host = RegistryHost.parse(url.host)
    except InvalidRegistry as error:
        raise InvalidServerURL(url.text, error.reason) from error
    if url.is_docker_hub:
        raise HostNotServed(url.host, "it is Docker Hub's")
    if url.plain_http and not is_loopback(host.host):
        raise HostNotServed(url.host, "over plain http a token would travel in the clear", "use https")
    if host.ecr is not None and host.port is not None:
        raise HostNotServed(url.host, f"ECR does not listen on port {host.port}", f"use {host.host}")
    mapped = mappings.domains.get(url.host)
    mapping = mapped or DomainMapping()
    registry = (
        mapping.registry
        or (host.host if host.ecr is not None else "")
        or _unmapped(url, may_ask, _default(settings), discover, lambda: mapped is not None or is_listed())
    )
    return RegistryRoute(url.host, registry, mapping.profile, mapping.role_arn, mapping.region)


def _default(settings: HelperSettings) -> str:
    if not settings.default_registry:
        return ""
    try:
        return ecr_host(settings.default_registry)
    except InvalidMapping as error:
        raise InvalidVariable(
            DEFAULT_REGISTRY, settings.default_registry, "an ECR registry's host name"
        ) from error


def _unmapped(
    url: ServerURL, may_ask: str, default: str, discover: Discover, is_listed: Callable[[], bool]
) -> str:
    """The registry of a host for which custom.json names none: the default, or what the host says."""
    next_step = f"map it with `docker-credential-ecr-custom init {url.host} REGISTRY`"
    if url.plain_http and not default:
        raise HostNotServed(url.host, "it is not mapped, and plain http is not asked", next_step)
    if may_ask == NO_HOST and not default:
        raise HostNotServed(url.host, f"it is not mapped, and {DISCOVER} turns discovery off", next_step)
    if may_ask != EVERY_HOST and not is_listed():
        raise HostNotServed(url.host, "it is neither mapped nor listed under credHelpers", next_step)
    return default or discover(url.host)


@dataclass(frozen=True)
class DomainResponse:
    """What a host responded."""

    status: int
    #: The Location header, or empty.
    location: str = ""
    #: The body, as far as it was asked for.
    body: bytes = b""


def discover(host: str, seconds: float = LONGEST_DISCOVERY) -> str:
    """Ask HOST[:PORT] for its registry. Raises HostNotServed and DiscoveryFailed."""
    return registry_of(host, ask(host, DISCOVERY_PATH, seconds=seconds))


def registry_of(host: str, response: DomainResponse) -> str:
    """The ECR host that the response of HOST[:PORT] names. Pure. Raises HostNotServed.

    It is the host of an absolute Location, or REGISTRY in a Location of /_registry/REGISTRY/... at HOST.
    """
    if response.status not in REDIRECTS or not response.location:
        raise HostNotServed(host, f"it answers {response.status} and does not redirect to a registry")
    try:
        target = urlsplit(response.location)
        port, name = target.port, target.hostname or ""
        has_user = target.username is not None or target.password is not None
    except ValueError as error:
        raise HostNotServed(host, "it redirects to a malformed address") from error
    if at_host(host, response.location) is not None:
        if not target.path.startswith(EDGE_PREFIX):
            raise HostNotServed(host, "it redirects to itself, and names no registry")
        name, port = target.path.removeprefix(EDGE_PREFIX).partition("/")[0], None
    elif target.scheme != "https" or has_user or port not in (None, 443):
        raise HostNotServed(host, f"it redirects to {shown(name)!r}, but not to a plain https address")
    if ecr_registry(name.lower()) is None:
        raise HostNotServed(host, f"it redirects to {shown(name)!r}, which is outside of ECR")
    return name.lower()


def at_host(host: str, location: str) -> str | None:
    """The path and query of `location` where it leads to HOST[:PORT] itself over https; else None. Pure."""
    if location.startswith("/") and not location.startswith("//"):
        return location
    scheme, separator, rest = location.partition("://")
    authority, slash, path = rest.partition("/")
    if not separator or scheme.lower() != "https":
        return None
    return slash + path if authority.lower().removesuffix(":443") == host else None


def ask(
    host: str,
    path: str,
    *,
    method: str = "GET",
    headers: tuple[tuple[str, str], ...] = (),
    body: bytes | None = None,
    longest_body: int = 0,
    seconds: float = LONGEST_DISCOVERY,
) -> DomainResponse:
    """The response of HOST[:PORT], redirects not followed; at most `longest_body` bytes of the body.

    `headers` go to this host alone, not to a proxy. Raises DiscoveryFailed.
    """
    # Imported by the runs that ask: together they take as long as a `get` that asks nobody.
    import http.client
    import urllib.error
    import urllib.request

    class NotFollowed(urllib.request.HTTPRedirectHandler):
        def http_error_302(
            self, req: Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage
        ) -> None:
            """Leave the redirect as the response that it is; not even its address is parsed here."""

        http_error_301 = http_error_303 = http_error_307 = http_error_308 = http_error_302

    request = urllib.request.Request(f"https://{host}{path}", data=body, method=method)
    for name, value in (("User-Agent", _USER_AGENT), *headers):
        request.add_unredirected_header(name, value)
    opener = urllib.request.build_opener(NotFollowed, urllib.request.HTTPSHandler(context=tls_context()))

    def work() -> DomainResponse:
        try:
            response = opener.open(request, timeout=seconds)
        except urllib.error.HTTPError as error:
            response = error
        with response:
            content = response.read(longest_body) if longest_body else b""
            return DomainResponse(response.status, response.headers.get("Location", ""), content)

    try:
        return bounded(seconds, work, "the response")
    except TimedOut as error:
        raise DiscoveryFailed(host, f"no response within {round(seconds, 1):g} s") from error
    except urllib.error.URLError as error:
        raise DiscoveryFailed(host, _reason(error.reason)) from error
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise DiscoveryFailed(host, _reason(error)) from error


def goes_through_proxy(host: str) -> bool:
    """Whether `ask` asks a proxy for HOST[:PORT], which then looks the name up."""
    from urllib.request import getproxies, proxy_bypass

    return "https" in getproxies() and not proxy_bypass(host)


def tls_context() -> ssl.SSLContext:
    """The system's trust (SSL_CERT_FILE and SSL_CERT_DIR honoured); certificates and names are checked."""
    import ssl
    import sys
    from importlib.util import find_spec
    from pathlib import Path

    context = ssl.create_default_context()
    if sys.platform == "darwin" and not context.get_ca_certs():  # pragma: no cover (macOS)
        # python.org's macOS builds come without any certificate; botocore brings its own.
        package = find_spec("botocore")
        if package is not None and package.origin:
            context.load_verify_locations(str(Path(package.origin).with_name("cacert.pem")))
    return context


def _reason(error: object) -> str:
    message = getattr(error, "verify_message", "")
    if message:
        return f"its certificate is not trusted: {message}"
    if isinstance(error, OSError):
        return error.strerror or type(error).__name__
    # The text of others can repeat the address, and with it what stands in a redirect.
    return error if isinstance(error, str) else type(error).__name__
