"""Routing: which registry a host stands for, and which responses name one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from chalicelib.decision import Redirect, decide
from chalicelib.http_message import RequestLine
from chalicelib.registries import Registries
from chalicelib.registry_host import RegistryHost
from chalicelib.settings import RedirectMode
from credhelper.errors import HelperError, HostNotServed
from credhelper.json_file import parse_json_object
from credhelper.mapping import DomainMapping, DomainMappings
from credhelper.routing import DISCOVERY_PATH, DomainResponse, registry_of, route_to
from credhelper.server_url import parse_server_url
from credhelper.settings import HelperSettings

REGISTRY = "123456789012.dkr.ecr.us-east-1.amazonaws.com"
MAPPED, DEFAULT, DISCOVERED = (f"{digit * 12}.dkr.ecr.us-east-1.amazonaws.com" for digit in "123")


@pytest.mark.parametrize(
    ("response", "registry"),
    [
        (DomainResponse(307, f"https://{REGISTRY}/v2/"), REGISTRY),
        (DomainResponse(302, f"https://{REGISTRY.upper()}:443/v2/?x=y"), REGISTRY),
        (DomainResponse(301, "https://public.ecr.aws/v2/"), "public.ecr.aws"),
        (DomainResponse(307, f"/_registry/{REGISTRY.upper()}/v2/"), REGISTRY),
        (DomainResponse(307, f"https://ecr.example.com/_registry/{REGISTRY}/v2/?a=b"), REGISTRY),
        (DomainResponse(308, f"https://ecr.example.com:443/_registry/{REGISTRY}"), REGISTRY),
    ],
)
def test_a_response_names_a_registry(response: DomainResponse, registry: str) -> None:
    assert registry_of("ecr.example.com", response) == registry


@pytest.mark.parametrize(
    ("response", "words"),
    [
        (DomainResponse(307, f"https://x@ecr.example.com/_registry/{REGISTRY}/v2/"), "not to a plain https"),
        (DomainResponse(307, f"http://ecr.example.com/_registry/{REGISTRY}/v2/"), "not to a plain https"),
        (DomainResponse(307, f"_registry/{REGISTRY}/v2/"), "not to a plain https address"),
        (DomainResponse(307, f"//{REGISTRY}/v2/"), "not to a plain https address"),
        (DomainResponse(307, f"//evil.test/_registry/{REGISTRY}/v2/"), "not to a plain https address"),
        (DomainResponse(307, f"http://{REGISTRY}/v2/"), "not to a plain https address"),
        (DomainResponse(307, f"https://x:hunter2@{REGISTRY}/v2/"), "not to a plain https address"),
        (DomainResponse(307, f"https://{REGISTRY}:8443/v2/"), "not to a plain https address"),
        (DomainResponse(307, f"/v2/_registry/{REGISTRY}/v2/"), "redirects to itself"),
        (DomainResponse(307, f"/_registry/{REGISTRY}@evil.test/v2/"), "outside of ECR"),
        (DomainResponse(307, f"/_registry/{REGISTRY}.evil.test/v2/"), "outside of ECR"),
        (DomainResponse(307, f"/_registry/{REGISTRY}:8443/v2/"), "outside of ECR"),
        (DomainResponse(307, "/_registry//v2/"), "outside of ECR"),
        (DomainResponse(307, f"https://{REGISTRY}./v2/"), "outside of ECR"),
        (DomainResponse(307, f"https://{REGISTRY}@evil.test/v2/"), "not to a plain https address"),
        (DomainResponse(307, f"https://evil.test/_registry/{REGISTRY}/"), "'evil.test', which is outside"),
        (DomainResponse(307, f"https://{REGISTRY}:x/v2/"), "malformed"),
        (DomainResponse(307, "https://[/"), "malformed"),
        (DomainResponse(307), "answers 307 and does not redirect"),
        (DomainResponse(304, f"https://{REGISTRY}/v2/"), "answers 304"),
        (DomainResponse(200, f"https://{REGISTRY}/v2/"), "answers 200"),
        (DomainResponse(401), "answers 401"),
    ],
)
def test_a_response_that_names_none_is_not_believed(response: DomainResponse, words: str) -> None:
    with pytest.raises(HostNotServed, match=r"ecr\.example\.com") as refused:
        registry_of("ecr.example.com", response)
    assert words in str(refused.value)
    assert "hunter2" not in str(refused.value)


TO_DEFAULT = {"AWS_ECR_CUSTOM_DEFAULT": DEFAULT}
NO_HOST = {"AWS_ECR_CUSTOM_DISCOVER": "0"}
EVERY_HOST = {"AWS_ECR_CUSTOM_DISCOVER": "1"}


@pytest.mark.parametrize(
    ("text", "listed", "environ", "registry"),
    [
        ("mapped.example.com", False, {}, MAPPED),
        ("mapped.example.com", False, TO_DEFAULT, MAPPED),
        ("mapped.example.com:8443", False, {}, None),
        (REGISTRY, False, TO_DEFAULT, REGISTRY),
        (f"https://{REGISTRY}:443/v2/", False, {}, REGISTRY),
        (f"{REGISTRY}:80", False, TO_DEFAULT, None),
        ("any.example.com", True, TO_DEFAULT, DEFAULT),
        ("listed.example.com", False, TO_DEFAULT, DEFAULT),
        # As the credsStore, the helper is asked about every host in an image's name.
        ("any.example.com", False, TO_DEFAULT, None),
        ("http://localhost:5000", False, TO_DEFAULT, None),
        ("any.example.com", False, TO_DEFAULT | NO_HOST, None),
        ("any.example.com", True, TO_DEFAULT | NO_HOST, DEFAULT),
        ("any.example.com", False, TO_DEFAULT | EVERY_HOST, DEFAULT),
        ("any.example.com", False, {}, None),
        ("any.example.com", True, {}, DISCOVERED),
        ("any.example.com", True, NO_HOST, None),
        ("any.example.com", False, EVERY_HOST, DISCOVERED),
        # A mapping without a registry lists its host.
        ("listed.example.com", False, {}, DISCOVERED),
        ("http://mapped.example.com", True, {}, None),
        ("http://localhost:5000", True, {}, None),
        ("http://localhost:5000", True, TO_DEFAULT, DEFAULT),
        ("docker.io", True, TO_DEFAULT, None),
        ("https://index.docker.io/v1/", True, TO_DEFAULT, None),
        ("registry.hub.docker.com", True, TO_DEFAULT, None),
        ("notdocker.io", True, TO_DEFAULT, DEFAULT),
    ],
)
def test_a_host_stands_for_a_registry_or_for_none(
    text: str, listed: bool, environ: dict[str, str], registry: str | None
) -> None:
    mappings = DomainMappings(
        parse_json_object(Path("custom.json"), json.dumps({})),
        {"mapped.example.com": DomainMapping(MAPPED), "listed.example.com": DomainMapping()},
    )
    settings = HelperSettings({"HOME": "/nowhere", **environ})

    def route() -> str:
        url = parse_server_url(text)
        return route_to(url, settings, mappings, lambda _: DISCOVERED, lambda: listed).registry

    if registry is not None:
        assert route() == registry
        return
    with pytest.raises(HostNotServed):
        route()


def test_an_error_is_its_finding_and_its_next_step() -> None:
    assert str(HelperError("found", "do")) == "found; do"
    assert str(HelperError("found")) == "found"
    assert str(HostNotServed("h", "it is Docker Hub's")) == "h stands for no ECR registry: it is Docker Hub's"


@pytest.mark.parametrize("mode", list(RedirectMode))
def test_the_redirect_service_names_its_registry_in_every_mode(mode: RedirectMode) -> None:
    registries = Registries(RegistryHost.parse(REGISTRY))
    decision = decide(RequestLine("GET", DISCOVERY_PATH, ()), registries, mode)
    assert isinstance(decision, Redirect)
    assert registry_of("ecr.example.com", DomainResponse(307, decision.location)) == REGISTRY
