"""What is seen of a name from outside, and what each thing that can be wrong looks like."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest

from chalice_patches.gateway_responses import CHALLENGE
from chalicelib.registry_host import RegistryHost
from chalicelib.settings import RedirectMode
from infra.answers import probe
from infra.checks import registry_answers
from infra.outside import NotReached, Reply

REGISTRY = RegistryHost.parse("111122223333.dkr.ecr.eu-west-1.amazonaws.com")
ORIGIN = "https://ecr.example.com"
PATH = "/v2/custom-ecr-domain/doctor/tags/list?n=1"
PLAIN_PATH = "/custom-ecr-domain/doctor?n=1"


@dataclass
class Scripted:
    """Answers as the service does, but for what `wrong` says: User-Agent's product or path -> reply."""

    wrong: Mapping[str, Reply | NotReached] = field(default_factory=dict)
    resolves: bool = True
    asked: list[tuple[str, Mapping[str, str]]] = field(default_factory=list)

    def addresses(self, host: str) -> tuple[str, ...]:
        if not self.resolves:
            raise NotReached(f"the name {host} does not resolve")
        return ("192.0.2.1",)

    def get(self, origin: str, target: str, headers: Mapping[str, str]) -> Reply:
        assert origin == ORIGIN
        self.asked.append((target, headers))
        product = headers["User-Agent"].partition("/")[0] + ("+" if "Authorization" in headers else "")
        wrong = self.wrong.get(target) or self.wrong.get(product)
        if isinstance(wrong, NotReached):
            raise wrong
        return wrong or self._answer(target, headers)

    def _answer(self, target: str, headers: Mapping[str, str]) -> Reply:
        product = headers["User-Agent"].partition("/")[0]
        if target.startswith("/_challenge"):
            return Reply(401, {"www-authenticate": CHALLENGE})
        if product == "containerd":
            return Reply(307, {"location": f"/_challenge{target}"})
        if "Authorization" in headers:
            return Reply(401)
        return Reply(307, {"location": f"{REGISTRY.origin}{target}"})


def failed(outside: Scripted, mode: RedirectMode = RedirectMode.RELAY) -> list[str]:
    return [finding.check for finding in probe(outside, "ecr.example.com", REGISTRY, mode) if not finding.ok]


def test_all_five_things_are_seen() -> None:
    found = probe(Scripted(), "ecr.example.com", REGISTRY, RedirectMode.RELAY)
    assert [finding.check for finding in found if finding.ok] == [
        "dns", "certificate", "plain", "challenge", "relay"
    ]  # fmt: skip


def test_in_plain_mode_there_is_one_answer() -> None:
    found = probe(Scripted(), "ecr.example.com", REGISTRY, RedirectMode.PLAIN)
    assert [finding.check for finding in found] == ["dns", "certificate", "plain"]


@pytest.mark.parametrize(
    ("wrong", "expected"),
    [
        # The function failed, or the API has no such route.
        ({PATH: Reply(502), PLAIN_PATH: Reply(502)}, ["plain", "challenge", "relay"]),
        # The query was lost on the way.
        ({PLAIN_PATH: Reply(307, {"location": f"{REGISTRY.origin}{PLAIN_PATH[:-4]}"})}, ["plain"]),
        # A hand-made gateway response, gone with the next deployment: the header is not there.
        ({f"/_challenge{PATH}": Reply(401)}, ["challenge"]),
        ({f"/_challenge{PATH}": Reply(401, {"x-amzn-remapped-www-authenticate": CHALLENGE})}, ["challenge"]),
        ({"containerd": Reply(307, {"location": f"{REGISTRY.origin}{PATH}"})}, ["challenge"]),
        # Made-up credentials let in, and a redirect where the registry should have been asked.
        ({"custom-ecr-domain-doctor+": Reply(200)}, ["relay"]),
        ({"custom-ecr-domain-doctor+": Reply(307, {"location": "x"})}, ["relay"]),
        # The relay does not reach the registry.
        ({"custom-ecr-domain-doctor+": Reply(504)}, ["relay"]),
    ],
)
def test_each_fault_is_found_where_it_is(
    wrong: Mapping[str, Reply | NotReached], expected: list[str]
) -> None:
    assert failed(Scripted(wrong)) == expected


def test_a_name_that_is_not_reached_is_asked_nothing_more() -> None:
    silent = Scripted(resolves=False)
    assert (failed(silent), silent.asked) == (["dns"], [])
    assert failed(Scripted({"/": NotReached("a certificate that does not hold")})) == ["certificate"]


@pytest.mark.parametrize(("status", "ok"), [(200, True), (401, True), (403, False), (404, False)])
def test_a_registry_answers_its_version_check(status: int, ok: bool) -> None:
    assert registry_answers(Scripted({"/v2/": Reply(status)}), ORIGIN).ok is ok


def test_a_registry_that_is_not_there_is_named_with_its_setting() -> None:
    finding = registry_answers(Scripted({"/v2/": NotReached("does not resolve")}), ORIGIN)
    assert not finding.ok
    assert "ECR_REGISTRY" in finding.line
