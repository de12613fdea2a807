"""The name asked from outside, in each mode, by a world that is written down here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest

from chalice_patches.gateway_responses import CHALLENGE
from chalicelib.registries import Registries, RegistryPrefix
from chalicelib.registry_host import RegistryHost
from infra.outside import NotReached, Reply
from infra.public_name import probe, registry_answers

REGISTRY, OTHER = (RegistryHost.parse(f"{digit * 12}.dkr.ecr.us-west-2.amazonaws.com") for digit in "12")
REGISTRIES = Registries(REGISTRY, (RegistryPrefix("payments/", OTHER),))
PAYMENTS = "/v2/payments/custom-ecr-domain-doctor/tags/list"


@dataclass
class KnownName:
    """Answers by path, without credentials and with them; any other path is answered 404."""

    anonymous: dict[str, Reply]
    authorized: dict[str, Reply] = field(default_factory=dict)
    requests: Counter[str] = field(default_factory=Counter)

    def addresses(self, host: str) -> tuple[str, ...]:
        return ("192.0.2.1",)

    def get(self, origin: str, target: str, headers: Mapping[str, str]) -> Reply:
        known = self.authorized if "Authorization" in headers else self.anonymous
        reply = known.get(target, Reply(404))
        self.requests[target] += 1
        cached = {"x-cache": "Hit from cloudfront"} if self.requests[target] > 1 else {}
        return Reply(reply.status, {**cached, **reply.headers})


def to(location: str) -> Reply:
    return Reply(307, {"location": location})


def edge() -> KnownName:
    paths = {"/v2/": REGISTRY, PAYMENTS: OTHER}
    behind = {f"/_registry/{registry.host}{path}": registry for path, registry in paths.items()}
    return KnownName(
        {path: to(f"/_registry/{registry.host}{path}") for path, registry in paths.items()}
        | {path: Reply(401, {"www-authenticate": "Basic"}) for path in behind},
        {path: Reply(400) for path in behind},
    )


def relay() -> KnownName:
    paths = ("/v2/", PAYMENTS)
    return KnownName(
        {path: to(f"/_challenge{path}") for path in paths}
        | {f"/_challenge{path}": Reply(401, {"www-authenticate": CHALLENGE}) for path in paths},
        dict.fromkeys(paths, Reply(401)),
    )


def plain() -> KnownName:
    return KnownName({"/v2/": to(f"{REGISTRY.origin}/v2/"), PAYMENTS: to(f"{OTHER.origin}{PAYMENTS}")})


WORLDS = {"edge": edge, "relay": relay, "plain": plain}


@pytest.mark.parametrize("mode", WORLDS)
def test_a_name_that_serves_the_mode_has_no_finding(mode: str) -> None:
    findings = probe(WORLDS[mode](), "ecr.example.com", REGISTRIES, mode)
    assert [finding.line for finding in findings if not finding.ok] == []


@pytest.mark.parametrize(
    ("mode", "path", "reply", "check"),
    [
        ("edge", "/v2/", to("/v2/"), "redirect"),
        ("edge", "/v2/", Reply(403), "redirect"),
        ("edge", PAYMENTS, to(f"/_registry/{REGISTRY.host}{PAYMENTS}"), "redirect"),
        ("edge", f"/_registry/{REGISTRY.host}/v2/", Reply(401), "challenge"),
        ("edge", f"/_registry/{OTHER.host}{PAYMENTS}", Reply(502), "challenge"),
        ("edge", "/_registry/not-configured.invalid/v2/", Reply(401), "other hosts"),
        ("edge", "/v2/", Reply(307, {"x-cache": "Miss from cloudfront"}), "cache"),
        ("relay", "/v2/", to(f"{REGISTRY.origin}/v2/"), "redirect"),
        ("relay", "/_challenge/v2/", Reply(401, {"www-authenticate": "Bearer"}), "challenge"),
        ("plain", "/v2/", to("/_challenge/v2/"), "redirect"),
    ],
)
def test_each_wrong_response_is_found(mode: str, path: str, reply: Reply, check: str) -> None:
    world = WORLDS[mode]()
    world.anonymous[path] = reply
    findings = [finding for finding in probe(world, "ecr.example.com", REGISTRIES, mode) if not finding.ok]
    assert check in {finding.check for finding in findings}
    assert any(finding.line.startswith(f"{path} is answered {reply.status}") for finding in findings)


@pytest.mark.parametrize("mode", ["edge", "relay"])
def test_made_up_credentials_must_be_refused(mode: str) -> None:
    world = WORLDS[mode]()
    world.authorized = dict.fromkeys(world.authorized, Reply(200))
    findings = probe(world, "ecr.example.com", REGISTRIES, mode)
    assert {finding.check for finding in findings if not finding.ok} == {"refusal"}


class Nowhere(KnownName):
    """A name that does not resolve."""

    def addresses(self, host: str) -> tuple[str, ...]:
        raise NotReached(f"the name {host} does not resolve")


class Unreached(KnownName):
    """A name whose certificate does not hold."""

    def get(self, origin: str, target: str, headers: Mapping[str, str]) -> Reply:
        raise NotReached("it shows a certificate that does not hold")


@pytest.mark.parametrize(
    ("world", "checks"), [(Nowhere({}), ["dns"]), (Unreached({}), ["dns", "certificate"])]
)
def test_what_depends_on_a_name_that_is_not_reached_is_left_out(world: KnownName, checks: list[str]) -> None:
    findings = probe(world, "ecr.example.com", REGISTRIES, "edge")
    assert [finding.check for finding in findings] == checks
    assert not findings[-1].ok


@pytest.mark.parametrize(("status", "ok"), [(200, True), (401, True), (403, False), (404, False)])
def test_a_registry_answers_its_root_with_200_or_401(status: int, ok: bool) -> None:
    assert registry_answers(KnownName({"/v2/": Reply(status)}), REGISTRY).ok is ok


def test_a_registry_that_is_not_reached_is_shown_with_its_setting() -> None:
    finding = registry_answers(Unreached({}), REGISTRY)
    assert not finding.ok
    assert REGISTRY.origin in finding.line
    assert "ECR_REGISTRY" in finding.line
