"""The name as registry clients see it, asked from outside.

The credentials sent here are made up, so that nothing secret travels and nothing can be read or changed: the
registry's refusal is what shows that a request reaches it.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from chalice_patches.gateway_responses import CHALLENGE
from chalicelib.registries import Registries
from chalicelib.registry_host import RegistryHost
from infra.outside import NotReached, Outside, Reply

_AGENT = {"User-Agent": "custom-ecr-domain-doctor/1"}
_WRONG = {"Authorization": "Basic " + base64.b64encode(b"custom-ecr-domain:made-up").decode(), **_AGENT}
# ECR answers made-up credentials with 400 or 401, other registries with 401 or 403.
_REFUSALS = (400, 401, 403)
_SHOWN = ("location", "www-authenticate", "x-cache")
_UNCONFIGURED = "/_registry/not-configured.invalid/v2/"


@dataclass(frozen=True)
class Finding:
    """The outcome of one check."""

    #: Its short name.
    check: str
    ok: bool
    #: What was found; where it is not `ok`, also what to do.
    line: str

    @property
    def shown(self) -> str:
        return f"{'ok  ' if self.ok else 'FAIL'} {self.check}: {self.line}"


def registry_answers(outside: Outside, registry: RegistryHost) -> Finding:
    """Whether something that speaks the registry API is there: it answers /v2/ with 200 or 401."""
    setting = "ECR_REGISTRY or ECR_REGISTRIES; without them the registry of the account"
    try:
        status = outside.get(registry.origin, "/v2/", _AGENT).status
    except NotReached as error:
        return Finding("registry", False, f"the registry {registry.origin} ({setting}): {error}")
    ok = status in (200, 401)
    result = "answers" if ok else f"({setting}) answers /v2/ with {status}: it is not a registry"
    return Finding("registry", ok, f"{registry.origin} {result}")


def probe(outside: Outside, domain: str, registries: Registries, mode: str) -> tuple[Finding, ...]:
    """Ask the name. Where it is not reached at all, what depends on that is left out."""
    try:
        found = outside.addresses(domain)
    except NotReached as error:
        line = f"{error}; a new record takes a minute, and the zone must be the one its parent delegates to"
        return (Finding("dns", False, line),)
    dns = Finding("dns", True, f"{domain} is at {', '.join(found)}")
    origin = f"https://{domain}"
    try:
        outside.get(origin, "/", _AGENT)
    except NotReached as error:
        return (dns, Finding("certificate", False, f"{error}; a new name takes some minutes"))
    certificate = Finding("certificate", True, f"{domain} shows a certificate that holds")
    return (dns, certificate, *(_ask(outside, origin, each) for each in _questions(registries, mode)))


class _Question(NamedTuple):
    """A request, and what its response has to be."""

    #: A key of _EXPECTED.
    check: str
    target: str
    headers: Mapping[str, str]
    is_right: Callable[[Reply], bool]


def _questions(registries: Registries, mode: str) -> Iterator[_Question]:
    # The API's root, and a repository under each prefix.
    paths = [("/v2/", registries.default)]
    for prefix, registry in registries.prefixes:
        paths.append((f"/v2/{prefix}custom-ecr-domain-doctor/tags/list", registry))
    for path, registry in paths:
        if mode == "plain":
            yield _Question("redirect", path, _AGENT, _leads_to(f"{registry.origin}{path}"))
        elif mode == "relay":
            yield _Question("redirect", path, _AGENT, _leads_to(f"/_challenge{path}"))
            yield _Question("challenge", f"/_challenge{path}", _AGENT, _gateway_challenges)
            yield _Question("refusal", path, _WRONG, _refuses)
        else:
            location = f"/_registry/{registry.authority}{path}"
            yield _Question("redirect", path, _AGENT, _leads_to(location))
            yield _Question("challenge", location, _AGENT, _registry_challenges)
            yield _Question("refusal", location, _WRONG, _refuses)
    if mode == "edge":
        yield _Question("other hosts", _UNCONFIGURED, _AGENT, lambda reply: reply.status == 404)
        yield _Question("cache", "/v2/", _AGENT, _from_cache)


def _ask(outside: Outside, origin: str, question: _Question) -> Finding:
    try:
        reply = outside.get(origin, question.target, question.headers)
    except NotReached as error:
        return Finding(question.check, False, str(error))
    headers = (f"{name}: {reply.headers[name]}" for name in _SHOWN if name in reply.headers)
    line = f"{question.target} is answered {reply.status} {', '.join(headers)}".rstrip()
    ok = question.is_right(reply)
    return Finding(question.check, ok, line if ok else f"{line}; {_EXPECTED[question.check]}")


_EXPECTED = {
    "redirect": "expected a 307 to where the registry is reached; run `up`, or wait some minutes",
    "challenge": "expected the 401 with which a client begins its login; run `up`",
    "refusal": "expected the registry to refuse made-up credentials",
    "other hosts": "expected a 404 for a host that is not configured",
    "cache": "expected the second response from CloudFront's cache (X-Cache: Hit from cloudfront)",
}


def _leads_to(location: str) -> Callable[[Reply], bool]:
    return lambda reply: (reply.status, reply.headers.get("location")) == (307, location)


def _gateway_challenges(reply: Reply) -> bool:
    return (reply.status, reply.headers.get("www-authenticate")) == (401, CHALLENGE)


def _registry_challenges(reply: Reply) -> bool:
    return reply.status == 401 and "www-authenticate" in reply.headers


def _refuses(reply: Reply) -> bool:
    return reply.status in _REFUSALS


def _from_cache(reply: Reply) -> bool:
    return reply.headers.get("x-cache", "").lower().startswith("hit")
