"""Routing: from a host that a client asked about to the registry whose token it needs.

In this order: what custom.json says about the host (with its port); an ECR host stands for itself;
AWS_ECR_CUSTOM_DEFAULT; discovery. Docker Hub's hosts take no default and are never asked, plain http
is never asked.

A host is asked only if its user names it for this helper: in custom.json, under `credHelpers`, or in the
kubelet's matchImages. Whoever is asked may name any registry, and is then sent the token for it by the
client: as the `credsStore` of all hosts, this helper would hand a token to every host that redirects to
ECR.
"""

from __future__ import annotations

from collections.abc import Callable

from credhelper.cache import Route
from credhelper.errors import HostNotServed, InvalidServerURL, InvalidSetting
from credhelper.mapping import DomainMapping, DomainMappings, InvalidMapping, ecr_host
from credhelper.registry_host import InvalidRegistry, RegistryHost, ecr_registry
from credhelper.server_url import ServerURL
from credhelper.settings import ANY, DEFAULT_REGISTRY, DISCOVER, NONE, Settings

Discover = Callable[[str], str]
"""From HOST[:PORT] to its ECR host. Raises HostNotServed and DiscoveryFailed."""

_NEXT_STEP = "map it with `docker-credential-ecr-custom init {host} REGISTRY`"


def route_to(
    url: ServerURL,
    settings: Settings,
    mappings: DomainMappings,
    discover: Discover,
    is_named: Callable[[], bool],
) -> Route:
    """Where `url` leads; `is_named` tells whether a client's configuration names the host for us.

    Raises InvalidServerURL, HostNotServed, DiscoveryFailed, and InvalidSetting for a default that is
    no ECR host.
    """
    try:
        RegistryHost.parse(url.host)
    except InvalidRegistry as error:
        raise InvalidServerURL(url.asked, error.reason) from error
    mapped = mappings.domains.get(url.host)
    mapping = mapped or DomainMapping()
    registry = mapping.registry or _by_itself(url) or _by_default(url, settings)
    if not registry:
        registry = _by_discovery(url, settings, discover, lambda: mapped is not None or is_named())
    return Route(url.host, registry, mapping.profile, mapping.role_arn, mapping.region)


def _by_itself(url: ServerURL) -> str:
    # Whatever port: an ECR host name is AWS's, and so is every port behind it.
    return url.without_port if ecr_registry(url.without_port) else ""


def _by_default(url: ServerURL, settings: Settings) -> str:
    if not settings.default_registry or url.docker_hub:
        return ""
    try:
        return ecr_host(settings.default_registry)
    except InvalidMapping as error:
        raise InvalidSetting(
            DEFAULT_REGISTRY, settings.default_registry, "an ECR registry's host name"
        ) from error


def _by_discovery(
    url: ServerURL, settings: Settings, discover: Discover, is_trusted: Callable[[], bool]
) -> str:
    if url.docker_hub:
        raise HostNotServed(url.host, "it is Docker Hub's")
    next_step = _NEXT_STEP.format(host=url.host)
    if url.plain_http:
        raise HostNotServed(url.host, "it is not mapped, and plain http is not asked", next_step)
    if settings.discover == NONE:
        raise HostNotServed(url.host, f"it is not mapped, and {DISCOVER} turns discovery off", next_step)
    if settings.discover != ANY and not is_trusted():
        raise HostNotServed(url.host, "it is neither mapped nor named under credHelpers", next_step)
    return discover(url.host)
