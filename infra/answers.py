"""See from outside that the name works: DNS, certificate, and each of the three answers.

The credentials sent here are made up, so that nothing secret travels and nothing can be read or
changed: the registry's refusal is what shows that the relay reaches it.
"""

from __future__ import annotations

import base64

from chalice_patches.gateway_responses import CHALLENGE
from chalicelib.registry_host import RegistryHost
from chalicelib.settings import RedirectMode
from infra.checks import Finding
from infra.outside import NotReached, Outside, Reply

_USER_INFO = "custom-ecr-domain:made-up"
_AUTHORIZATION = "Basic " + base64.b64encode(_USER_INFO.encode()).decode()
_PATH = "/v2/custom-ecr-domain/doctor/tags/list?n=1"
_PLAIN_PATH = "/custom-ecr-domain/doctor?n=1"
_ANY, _CONTAINERD = "custom-ecr-domain-doctor/1", "containerd/2.0.0"


def probe(outside: Outside, domain: str, registry: RegistryHost, mode: RedirectMode) -> tuple[Finding, ...]:
    """Ask the name as registry clients do. Where it is not reached at all, what depends on that is left
    out. Nothing is logged that was sent."""
    try:
        found = outside.addresses(domain)
    except NotReached as error:
        line = f"{error}; a new record takes a minute, and the zone must be the one its parent delegates to"
        return (Finding("dns", False, line),)
    dns = Finding("dns", True, f"{domain} is at {', '.join(found)}")
    origin = f"https://{domain}"
    try:
        outside.get(origin, "/", {"User-Agent": _ANY})
    except NotReached as error:
        return (dns, Finding("certificate", False, f"{error}; a new domain name takes some minutes"))
    certificate = Finding("certificate", True, f"{domain} shows a certificate that holds")
    # A path that is not under /v2/ gets the plain redirect in every mode.
    answers = {"plain": _plain}
    if mode is RedirectMode.RELAY:
        answers |= {"challenge": _challenge, "relay": _relay}
    found_answers = []
    for check, answer in answers.items():
        try:
            found_answers.append(answer(outside, origin, registry))
        except NotReached as error:
            found_answers.append(Finding(check, False, str(error)))
    return (dns, certificate, *found_answers)


def _plain(outside: Outside, origin: str, registry: RegistryHost) -> Finding:
    reply = outside.get(origin, _PLAIN_PATH, {"User-Agent": _ANY})
    return _redirects("plain", reply, f"{registry.origin}{_PLAIN_PATH}")


def _challenge(outside: Outside, origin: str, registry: RegistryHost) -> Finding:
    first = outside.get(origin, _PATH, {"User-Agent": _CONTAINERD})
    location = f"/_challenge{_PATH}"
    finding = _redirects("challenge", first, location)
    if not finding.ok:
        return finding
    second = outside.get(origin, location, {"User-Agent": _CONTAINERD})
    header = second.headers.get("www-authenticate")
    if (second.status, header) == (401, CHALLENGE):
        return Finding("challenge", True, f"401 with {CHALLENGE}")
    line = (
        f"{origin}{location} answers {second.status} with WWW-Authenticate {header!r}, not 401 with "
        f"{CHALLENGE!r}: the gateway response is missing; run `up`"
    )
    return Finding("challenge", False, line)


def _relay(outside: Outside, origin: str, registry: RegistryHost) -> Finding:
    reply = outside.get(origin, _PATH, {"User-Agent": _ANY, "Authorization": _AUTHORIZATION})
    # ECR answers made-up credentials with 400 or 401, other registries with 401 or 403.
    if reply.status in (400, 401, 403):
        return Finding("relay", True, f"{registry.host} refused made-up credentials ({reply.status})")
    line = f"made-up credentials are answered {reply.status}; expected {registry.host} to refuse them"
    return Finding("relay", False, line)


def _redirects(check: str, reply: Reply, location: str) -> Finding:
    found = reply.headers.get("location")
    if (reply.status, found) == (307, location):
        return Finding(check, True, f"307 to {location}")
    return Finding(check, False, f"answered {reply.status} to {found!r}; expected 307 to {location}")
