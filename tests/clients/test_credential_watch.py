"""The watch over the clients ring notices each thing that must not be."""

from __future__ import annotations

import base64
from dataclasses import replace

import pytest
import urllib3

from chalicelib.settings import RedirectMode
from tests.clients.conftest import DomainStarter
from tests.clients.credential_watch import CredentialWatch
from tests.clients.registry import USER, registry_token
from tests.clients.sandbox import DOMAIN_NAME
from tests.clients.secret import Secret
from tests.standins.cloudfront.edge_cache import CacheKey
from tests.standins.cloudfront.passage import Passage
from tests.standins.domain import API_TARGET
from tests.standins.http_message import HttpRequest, HttpResponse

TOKEN = registry_token()
AUTHORIZATION = ("Authorization", "Basic " + base64.b64encode(f"{USER}:{TOKEN}".encode()).decode())
WITHOUT = HttpRequest("GET", "/v2/app/manifests/1", (("Host", "ecr.example.com"),))
WITH_TOKEN = replace(WITHOUT, headers=(*WITHOUT.headers, AUTHORIZATION))
REDIRECT = HttpResponse(307, (("Location", "/_registry/localhost/v2/app/manifests/1"),))
TO_API = Passage(WITH_TOKEN, API_TARGET, WITHOUT, REDIRECT, REDIRECT)
TO_REGISTRY = Passage(WITH_TOKEN, "localhost", WITH_TOKEN, HttpResponse(200), HttpResponse(200))


def _watch() -> CredentialWatch:
    watch = CredentialWatch()
    watch.know(Secret(USER, TOKEN))
    return watch


def _at_gateway(mode: RedirectMode, request: HttpRequest, response: HttpResponse) -> list[str]:
    watch = _watch()
    watch.at_gateway(mode, None)(request, response)
    return watch.faults()


def _at_edge(*passages: Passage) -> list[str]:
    watch = _watch()
    observe = watch.at_edge(None)
    for passage in passages:
        observe(passage)
    return watch.faults()


def test_what_has_to_be_is_not_a_fault() -> None:
    assert _at_gateway(RedirectMode.EDGE, WITHOUT, REDIRECT) == []
    assert _at_gateway(RedirectMode.RELAY, WITH_TOKEN, HttpResponse(200)) == []
    assert _at_edge(TO_API, TO_REGISTRY, TO_API) == []


@pytest.mark.parametrize(
    "request_",
    [
        WITH_TOKEN,
        replace(WITHOUT, headers=(("Authorization", "Basic eDp5"),)),
        replace(WITHOUT, headers=(("X-Forwarded-Authorization", AUTHORIZATION[1]),)),
        replace(WITHOUT, target=f"/v2/?token={TOKEN}"),
    ],
    ids=["credentials", "other credentials", "another header", "query"],
)
def test_in_edge_api_gateway_is_sent_no_credential(request_: HttpRequest) -> None:
    assert _at_gateway(RedirectMode.EDGE, request_, REDIRECT)
    assert _at_edge(replace(TO_API, origin_request=request_))


def test_in_edge_api_gateway_is_sent_no_credential_in_a_body() -> None:
    form = f"grant_type=password&password={TOKEN}".encode()
    assert _at_gateway(RedirectMode.EDGE, replace(WITHOUT, method="POST", body=form), REDIRECT)


@pytest.mark.parametrize("mode", [RedirectMode.EDGE, RedirectMode.RELAY])
@pytest.mark.parametrize(
    "response",
    [
        HttpResponse(307, (("Location", "https://AWS:x@localhost/v2/"),)),
        HttpResponse(307, (("Location", f"/v2/?{TOKEN}"),)),
        HttpResponse(403, (), f'{{"errors": "{TOKEN}"}}'.encode()),
        HttpResponse(401, (("WWW-Authenticate", AUTHORIZATION[1]),)),
    ],
    ids=["user info", "Location", "body", "another header"],
)
def test_no_response_holds_a_credential(mode: RedirectMode, response: HttpResponse) -> None:
    assert _at_gateway(mode, WITHOUT, response)
    assert _at_edge(replace(TO_REGISTRY, viewer_response=response))


def test_in_relay_the_token_is_in_no_other_header() -> None:
    assert _at_gateway(RedirectMode.RELAY, replace(WITHOUT, headers=(("Cookie", TOKEN),)), HttpResponse(200))


def test_the_registry_is_sent_the_token_in_no_other_header() -> None:
    astray = replace(WITH_TOKEN, headers=(*WITH_TOKEN.headers, ("X-Amz-Cf-Note", AUTHORIZATION[1])))
    assert _at_edge(replace(TO_REGISTRY, origin_request=astray))


@pytest.mark.parametrize(
    "second",
    [
        HttpResponse(307, (("Location", "/_registry/127.0.0.1/v2/app/manifests/1"),)),
        HttpResponse(302, REDIRECT.headers),
        HttpResponse(307, (*REDIRECT.headers, ("Set-Cookie", "a=b"))),
        HttpResponse(307, REDIRECT.headers, b"for you"),
    ],
    ids=["Location", "status", "header", "body"],
)
def test_in_edge_everybody_gets_the_same_response(second: HttpResponse) -> None:
    other = replace(TO_API, viewer_request=WITHOUT, origin_response=second, viewer_response=second)
    assert len(_at_edge(TO_API, other)) == 1
    kept = replace(second, headers=(*second.headers, ("Age", "3")))
    assert len(_at_edge(TO_API, replace(other, origin=None, origin_request=None, viewer_response=kept))) == 1


def test_a_domains_log_and_cache_are_looked_at(start_domain: DomainStarter) -> None:
    watch = _watch()
    with start_domain("watched", RedirectMode.EDGE) as running, watch.over(running):
        assert running.cloudfront is not None
        cache = running.cloudfront.cache
        tls = running.certificates.client_context()
        with urllib3.PoolManager(ssl_context=tls, assert_hostname=DOMAIN_NAME) as http:
            # The path is among what the service logs.
            url = f"https://127.0.0.1:{running.cloudfront.port}/v2/{TOKEN}/manifests/1"
            http.request("GET", url, redirect=False, headers={"Host": DOMAIN_NAME})
        assert any("the function's log" in fault for fault in watch.faults())
        assert watch.faults() == []
        cache.keep(CacheKey(False, None, "/v2/", ""), HttpResponse(200, (("X-Note", TOKEN),)), 60)
        assert any("CloudFront's cache" in fault for fault in watch.faults())
        cache.keep(CacheKey(False, "/_registry/localhost/*", "/v2/", ""), HttpResponse(404), 60)
        assert watch.faults() == ["cached, though credentials were sent for it: /v2/"]
        cache.forget()  # The ring's own watch would find it as well.


def test_a_fault_is_reported_once() -> None:
    watch = _watch()
    watch.at_gateway(RedirectMode.EDGE, None)(WITH_TOKEN, REDIRECT)
    assert watch.faults()
    assert watch.faults() == []
