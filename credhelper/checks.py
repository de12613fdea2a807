"""Checks: what has to hold for a pull through a domain, in the order in which a pull needs it.

Each takes what the ones before have found and returns its own finding; a check that fails raises
HelperError with the next step. What lies outside (the network, AWS, PATH) comes in as `World`.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Protocol

from credhelper.cache import Route, Token
from credhelper.client_config import HELPER, helper_of
from credhelper.discovery import Reply, registry_of
from credhelper.errors import DiscoveryFailed, HelperError, HostNotServed
from credhelper.json_file import read_json_file
from credhelper.mapping import DomainMapping, DomainMappings
from credhelper.routing import route_to
from credhelper.server_url import parse_server_url
from credhelper.settings import Settings

NAME = "docker-credential-ecr-custom"


class Failed(HelperError):
    """A check that found its condition not to hold."""


class Account(Protocol):
    """AWS as seen with a route's credentials; both raise HelperError."""

    def caller(self) -> str: ...
    def token(self) -> Token: ...


@dataclass(frozen=True)
class World:
    """What the checks look at.

    `which`: a program's path or None. `resolve`: a host's addresses; raises OSError. `certificate`:
    when the certificate at HOST[:PORT] expires, in seconds since the epoch; raises OSError with the
    reason it is not trusted. `ask`: GET /v2/ at HOST[:PORT], perhaps with an Authorization.
    """

    which: Callable[[str], str | None]
    resolve: Callable[[str], list[str]]
    certificate: Callable[[str], float]
    ask: Callable[[str, str], Reply]
    account: Callable[[Route], Account]
    clock: Callable[[], float]


@dataclass
class Examination:
    """A domain under examination, and what has been found out about it so far."""

    domain: str
    settings: Settings
    world: World
    route: Route = field(init=False)
    account: Account = field(init=False)
    token: Token = field(init=False)


def helper_on_path(exam: Examination) -> str:
    path = exam.world.which(NAME)
    if path is None:
        raise Failed(
            f"{NAME} is not on PATH, so Docker cannot find it", "run `pipx ensurepath`, or add its directory"
        )
    return path


def client_configured(exam: Examination) -> str:
    found = {}
    for path in (exam.settings.docker_config_path, exam.settings.containers_auth_path):
        if path is not None:
            found[path] = helper_of(read_json_file(Path(path)), exam.domain)
    ours = [path for path, helper in found.items() if helper == HELPER]
    if not ours:
        other = ", ".join(f"{path} names {helper}" for path, helper in found.items() if helper)
        raise Failed(
            f"no client asks this helper for {exam.domain}" + (f"; {other}" if other else ""),
            f"run `{NAME} init {exam.domain}`",
        )
    return f"{', '.join(ours)} names {HELPER} for {exam.domain}"


def mapped(exam: Examination) -> str:
    mappings = DomainMappings.read(exam.settings.config_path)
    url = parse_server_url(exam.domain)
    # Whoever names a domain to `doctor` wants it asked.
    exam.route = route_to(url, exam.settings, mappings, lambda _: "", lambda: True)
    if not exam.route.registry:
        return f"not mapped in {exam.settings.config_path}, so the domain is asked where it redirects"
    listed = mappings.domains.get(url.host, DomainMapping())
    source = "by custom.json" if listed.registry else "by its name or AWS_ECR_CUSTOM_DEFAULT"
    return f"stands for {exam.route.registry}, {source}"


def resolved(exam: Examination) -> str:
    name = parse_server_url(exam.domain).without_port
    try:
        addresses = exam.world.resolve(name)
    except OSError as error:
        raise Failed(
            f"{name} does not resolve: {error.strerror or error}",
            f"see that the domain's DNS record is there (`dig {name}`) and this network's resolver sees it",
        ) from error
    return f"{name} is at {', '.join(addresses)}"


def certified(exam: Examination) -> str:
    try:
        expires = exam.world.certificate(exam.domain)
    except OSError as error:
        raise Failed(
            f"no trusted TLS connection to {exam.domain}: {error.strerror or error}",
            "see that the domain's certificate is issued for this name and this machine trusts its issuer "
            "(SSL_CERT_FILE adds one)",
        ) from error
    days = (expires - exam.world.clock()) / 86400
    return f"trusted, valid until {_day(expires)} ({days:.0f} days)"


def redirected(exam: Examination) -> str:
    try:
        reply = exam.world.ask(exam.domain, "")
    except DiscoveryFailed as error:
        raise Failed(str(error), "see the redirect service's log") from error
    known = exam.route.registry
    if known and reply.status == 401:
        return "answers 401 by itself: a registry or a proxy, not a redirect"
    try:
        registry = registry_of(exam.domain, reply)
    except HostNotServed as error:
        raise Failed(
            error.finding,
            "see that the redirect service is deployed behind this domain and knows its registry",
        ) from error
    if known and known != registry:
        return f"redirects to {registry}; custom.json says {known}, whose token is used"
    exam.route.registry = registry
    return f"redirects to {registry}"


def identified(exam: Examination) -> str:
    exam.account = exam.world.account(exam.route)
    return f"AWS knows these credentials as {exam.account.caller()}"


def token_given(exam: Examination) -> str:
    exam.token = exam.account.token()
    hours = (exam.token.expires_at - exam.world.clock()) / 3600
    return f"AWS gives a token for {exam.route.registry}, valid for {hours:.1f} hours"


def accepted(exam: Examination) -> str:
    password = base64.b64encode(f"AWS:{exam.token.secret}".encode()).decode()
    reply = exam.world.ask(exam.domain, f"Basic {password}")
    through = exam.domain
    if reply.status in (301, 302, 307, 308) and registry_of(exam.domain, reply) == exam.route.registry:
        # A service that only redirects: the client goes to the registry by itself.
        through = exam.route.registry
        reply = exam.world.ask(through, f"Basic {password}")
    if reply.status != 200:
        raise Failed(
            f"{through} answers {reply.status} to the token",
            "see that the domain and custom.json mean the same registry, and that a registry policy or a VPC "
            "endpoint policy does not refuse these credentials",
        )
    return f"{through} accepts the token"


CHECKS: tuple[tuple[str, Callable[[Examination], str]], ...] = (
    ("helper", helper_on_path),
    ("client", client_configured),
    ("mapping", mapped),
    ("dns", resolved),
    ("certificate", certified),
    ("redirect", redirected),
    ("identity", identified),
    ("token", token_given),
    ("registry", accepted),
)


@dataclass(frozen=True)
class Finding:
    """One check's result; `next_step` is empty where nothing is to be done."""

    domain: str
    check: str
    ok: bool
    finding: str
    next_step: str = ""


def examine(domain: str, settings: Settings, world: World) -> list[Finding]:
    """The findings of all checks in order, up to and including the first that fails."""
    exam = Examination(domain, settings, world)
    findings = []
    for name, check in CHECKS:
        try:
            findings.append(Finding(domain, name, True, check(exam)))
        except HelperError as error:
            findings.append(Finding(domain, name, False, error.finding, error.next_step))
            break
    return findings


def _day(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, timezone.utc).date().isoformat()
