"""What must hold for every domain, in the mode that it runs in. Nothing is written, and the only
credentials that are sent are made up."""

from __future__ import annotations

import base64

from tests.live.live_domain import LiveDomain, LiveMode
from tests.live.live_report import LiveReport

MADE_UP = {"Authorization": "Basic " + base64.b64encode(b"AWS:made-up-by-the-live-tests").decode()}
#: ECR answers made-up credentials with 400 or 401, other registries with 401 or 403.
REFUSED = (400, 401, 403)


def test_the_root_of_the_api_leads_where_the_mode_says(
    live: LiveDomain, mode: LiveMode, report: LiveReport
) -> None:
    response = live.ask("GET", "/v2/")
    report.record("GET /v2/", report.response(response))
    expected = {
        LiveMode.EDGE: f"/_registry/{live.registry}/v2/",
        LiveMode.RELAY: "/_challenge/v2/",
        LiveMode.PLAIN: f"https://{live.registry}/v2/",
    }[mode]
    assert (response.status, response["Location"]) == (307, expected)


def test_a_client_without_credentials_is_challenged_by_the_host_that_it_asked(
    live: LiveDomain, mode: LiveMode, report: LiveReport
) -> None:
    response = live.ask("GET", live.ask("GET", "/v2/")["Location"]) if mode is not LiveMode.PLAIN else None
    if response is not None:
        report.record("the challenge", report.response(response, body=True))
        assert response.status == 401
        assert response["WWW-Authenticate"].startswith("Basic ")


def test_made_up_credentials_are_refused_by_the_registry(
    live: LiveDomain, mode: LiveMode, report: LiveReport
) -> None:
    target = live.ask("GET", "/v2/")["Location"] if mode is LiveMode.EDGE else "/v2/"
    response = live.ask("GET", target, MADE_UP)
    report.record("made-up credentials", report.response(response, body=True))
    if mode is not LiveMode.PLAIN:
        assert response.status in REFUSED
        assert b"<html" not in response.body.lower()


def test_another_host_behind_the_edges_prefix_is_not_reached(
    live: LiveDomain, mode: LiveMode, report: LiveReport
) -> None:
    response = live.ask("GET", "/_registry/not-configured.invalid/v2/")
    report.record("/_registry/ of another host", report.response(response, body=True))
    assert mode is LiveMode.PLAIN or response.status == 404


def test_the_edge_lets_nothing_but_the_registry_api_through(
    live: LiveDomain, edge: str, report: LiveReport
) -> None:
    for path in ("/", "/v1/", "/v2/../x", "/v2/%2e%2e/x"):
        response = live.ask("GET", f"{edge}{path}", MADE_UP)
        report.record(f"edge {path}", report.response(response, body=True))
        assert 400 <= response.status < 500


def test_the_second_request_comes_from_the_cache(live: LiveDomain, edge: str, report: LiveReport) -> None:
    target = "/v2/live-tests/cache/manifests/1"
    responses = [live.ask("GET", target) for _ in range(5)]
    report.record("the same request, five times", [report.response(response) for response in responses])
    # CloudFront has many caches in one place, so the second request may meet another one than the first.
    assert any(response["X-Cache"].startswith("Hit") for response in responses[1:])
    assert len({response["Location"] for response in responses}) == 1


def test_the_redirect_does_not_depend_on_credentials(live: LiveDomain, edge: str) -> None:
    target = "/v2/live-tests/credentials/manifests/1"
    assert live.ask("GET", target, MADE_UP)["Location"] == live.ask("GET", target)["Location"]
