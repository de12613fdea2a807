"""Checks: what has to hold for a pull through a domain, in the order in which a pull needs it.

Each check takes what the ones before have found and returns its own finding; a check that fails raises
HelperError with the next step, and ends the examination. A token is asked for and sent only where `get`
would give one.
"""

from __future__ import annotations

import shutil
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING

from credhelper import VERSION
from credhelper.cached_get import RegistryRoute, Token
from credhelper.client_config import HELPER, helper_of, lists_helper
from credhelper.domain_probe import addresses, certificate_expiry
from credhelper.errors import (
    DiscoveryFailed,
    HelperError,
    HostNotServed,
    shown_path,
    without_secrets,
)
from credhelper.json_file import read_json_file
from credhelper.mapping import DomainMapping, DomainMappings
from credhelper.registry_checks import (
    CheckFailed,
    ImageName,
    TokenHolder,
    check_layer,
    check_manifest,
    check_push,
    check_registry,
    token_forms,
)
from credhelper.registry_host import shown
from credhelper.routing import DISCOVERY_PATH, ask, goes_through_proxy, registry_of, route_to
from credhelper.server_url import ServerURL
from credhelper.settings import HelperSettings
from credhelper.waiting import bounded

if TYPE_CHECKING:
    from credhelper.ecr_token import AwsSession

NAME = "docker-credential-ecr-custom"

_BY_PROXY = "seen with the redirect, since requests to this domain go through the proxy of HTTPS_PROXY"


@dataclass
class Examination:
    """A domain under examination, and what has been found out about it so far."""

    settings: HelperSettings
    url: ServerURL
    #: What to pull; None: the examination ends with the domain.
    image: ImageName | None
    #: Whether to try a push as well.
    push: bool
    #: Where the domain leads.
    route: RegistryRoute = field(init=False)
    #: AWS, with the route's credentials.
    account: AwsSession = field(init=False)
    #: The ARN of these credentials.
    caller: str = field(init=False)
    token: Token = field(init=False, repr=False)
    #: What no finding may hold: the token's forms, once there is one.
    secrets: tuple[str, ...] = field(default=(), init=False, repr=False)
    #: The digest of one of the image's layers.
    layer: str = field(init=False)

    @property
    def domain(self) -> str:
        return self.url.host

    @property
    def holder(self) -> TokenHolder:
        return TokenHolder(self.domain, self.route.registry, self.caller, self.token)


def helper_on_path(_: Examination) -> str:
    path = shutil.which(NAME)
    if path is None:
        raise CheckFailed(
            f"{NAME} is not on PATH, so Docker cannot find it", "run `pipx ensurepath`, or add its directory"
        )
    return f"{shown_path(path)}, version {VERSION}"


def client_configured(exam: Examination) -> str:
    found = {}
    for path in (exam.settings.docker_config_path, exam.settings.containers_auth_path):
        if path is not None:
            found[path] = helper_of(read_json_file(Path(path)), exam.domain)
    ours = [shown_path(path) for path, helper in found.items() if helper == HELPER]
    if not ours:
        other = ", ".join(
            f"{shown_path(path)} names {shown(helper)}" for path, helper in found.items() if helper
        )
        raise CheckFailed(
            f"no client asks this helper for {exam.domain}" + (f" ({other})" if other else ""),
            f"run `{NAME} init {exam.domain}`",
        )
    return f"{', '.join(ours)} names {HELPER} for {exam.domain}"


def mapped(exam: Examination) -> str:
    settings = exam.settings
    mappings = DomainMappings.read(settings.config_path)

    def is_listed() -> bool:
        return lists_helper(settings, exam.domain)

    # As `get` has it, but that the domain itself is asked later, after its name and certificate.
    exam.route = route_to(exam.url, settings, mappings, lambda _: "", is_listed)
    if not exam.route.registry:
        where = f" in {shown_path(settings.config_path)}" if settings.config_path else ""
        return f"not mapped{where}, so the domain is asked for its registry"
    listed = mappings.domains.get(exam.domain, DomainMapping())
    source = "by custom.json" if listed.registry else "by its name or AWS_ECR_CUSTOM_DEFAULT"
    return f"stands for {exam.route.registry}, {source}"


def resolved(exam: Examination) -> str:
    name = exam.url.name
    if goes_through_proxy(exam.domain):
        return _BY_PROXY
    try:
        found = addresses(name)
    except OSError as error:
        raise CheckFailed(
            f"{name} does not resolve: {error.strerror or error}",
            f"see that the domain's DNS record is there (`dig {name}`) and this network's resolver sees it",
        ) from error
    return f"{name} is at {', '.join(found)}"


def certified(exam: Examination) -> str:
    if goes_through_proxy(exam.domain):
        return _BY_PROXY
    try:
        expires = certificate_expiry(exam.domain)
    except ssl.SSLCertVerificationError as error:
        raise CheckFailed(
            f"the certificate of {exam.domain} is not trusted: {error.verify_message}",
            "see that the domain's certificate is issued for this name and this machine trusts its issuer "
            "(SSL_CERT_FILE adds one)",
        ) from error
    except OSError as error:
        reason = error.reason if isinstance(error, ssl.SSLError) else error.strerror or str(error)
        raise CheckFailed(
            f"there is no TLS connection to {exam.domain}: {reason}",
            "see that the DNS record leads to the domain, that HTTPS is served there, and that this network "
            "lets it through",
        ) from error
    days = (expires - time.time()) / 86400
    return f"trusted, valid until {datetime.fromtimestamp(expires, timezone.utc).date()} ({days:.0f} days)"


def redirected(exam: Examination) -> str:
    known = exam.route.registry
    try:
        registry = registry_of(exam.domain, ask(exam.domain, DISCOVERY_PATH))
    except DiscoveryFailed as error:
        next_step = "see the redirect service's log"
        if goes_through_proxy(exam.domain):
            way = "see that HTTPS_PROXY lets requests to the domain through, and that SSL_CERT_FILE trusts it"
            next_step = f"{way}; {next_step}"
        raise CheckFailed(error.finding, next_step) from error
    except HostNotServed as error:
        if known:
            return f"names no registry by itself, and stands for {known} all the same ({error.reason})"
        raise CheckFailed(
            error.finding, "see that the redirect service is deployed behind this domain, with its registry"
        ) from error
    if known and known != registry:
        return f"redirects to {registry}; the token is {known}'s, as custom.json or the default says"
    exam.route.registry = registry
    return f"redirects to {registry}"


def identified(exam: Examination) -> str:
    from credhelper.ecr_token import AwsSession

    def work() -> tuple[AwsSession, str]:
        account = AwsSession(exam.route)
        return account, account.caller()

    exam.account, exam.caller = bounded(exam.settings.timeout, work, "AWS STS")
    return f"AWS knows these credentials as {exam.caller}"


def token_given(exam: Examination) -> str:
    exam.token = bounded(exam.settings.timeout, exam.account.token, "AWS ECR")
    exam.secrets = token_forms(exam.token)
    hours = (exam.token.expires_at - time.time()) / 3600
    return f"AWS gives a token for {exam.route.registry}, valid for {hours:.1f} hours"


def registry_accepts(exam: Examination) -> str:
    return check_registry(exam.holder)


def manifest_readable(exam: Examination) -> str:
    if exam.image is None:
        return ""
    finding, exam.layer = check_manifest(exam.holder, exam.image)
    return finding


def layer_readable(exam: Examination) -> str:
    return check_layer(exam.holder, exam.image, exam.layer) if exam.image is not None else ""


def push_allowed(exam: Examination) -> str:
    if exam.image is None or not exam.push:
        return ""
    return check_push(exam.holder, exam.image)


#: In order; a check that finds nothing was not asked for.
CHECKS: tuple[tuple[str, Callable[[Examination], str]], ...] = (
    ("helper", helper_on_path),
    ("client", client_configured),
    ("mapping", mapped),
    ("dns", resolved),
    ("certificate", certified),
    ("redirect", redirected),
    ("identity", identified),
    ("token", token_given),
    ("registry", registry_accepts),
    ("manifest", manifest_readable),
    ("layer", layer_readable),
    ("push", push_allowed),
)


@dataclass(frozen=True)
class CheckResult:
    """One check's result."""

    domain: str
    check: str
    ok: bool
    finding: str
    #: What to do; empty where nothing is to be done.
    next_step: str = ""


def examine(exam: Examination) -> list[CheckResult]:
    """The findings of all checks in order, up to and including the first that fails."""
    findings = []

    def add(check: str, ok: bool, *texts: str) -> None:
        # The domain is sent the token and can repeat it in all that is taken from its responses.
        findings.append(
            CheckResult(exam.domain, check, ok, *(without_secrets(text, exam.secrets) for text in texts))
        )

    for name, check in CHECKS:
        try:
            if finding := check(exam):
                add(name, True, finding)
        except HelperError as error:
            add(name, False, error.finding, error.next_step)
            break
    return findings
