"""What holds of everything that is relayed, whatever a client sends and a registry responds."""

from __future__ import annotations

import base64
from urllib.parse import urlsplit

import urllib3
from hypothesis import assume, example, given
from hypothesis import strategies as st

from chalicelib.decision import Redirect, ToRelay
from chalicelib.errors import ResponseNotRelayable
from chalicelib.http_message import Request, RequestLine
from chalicelib.location import location_from
from chalicelib.registry_host import RegistryHost
from chalicelib.registry_path import Endpoint
from chalicelib.relaying.client_families import FAMILIES, OTHER, family_of
from chalicelib.relaying.credentials import Credentials, credentials_from
from chalicelib.relaying.relay import MAX_HEADERS, RegistryResponse, client_response, registry_request
from chalicelib.relaying.relay_decision import Relay, decide_relay
from tests.unit.service.test_decision_properties import LINES, QUERIES

REGISTRY = RegistryHost.parse("123456789012.dkr.ecr.us-west-2.amazonaws.com")
PRODUCTS = [product for family in FAMILIES for product in family.products]
USER_AGENTS = st.one_of(
    st.text(max_size=30),
    st.builds(lambda product, rest: f"{product}/{rest}", st.sampled_from(PRODUCTS), st.text(max_size=30)),
)
WRITTEN = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1, max_size=40)


def basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode("utf-8", "replace")).decode()


AUTHORIZATIONS = st.one_of(
    st.tuples(st.builds(basic, WRITTEN.filter(lambda user: ":" not in user), WRITTEN)),
    st.lists(st.one_of(st.builds(basic, st.text(max_size=9), st.text(max_size=9)), st.text(max_size=30))).map(
        tuple
    ),
)
HOSTS = st.one_of(st.text(max_size=20), st.sampled_from([REGISTRY.authority, "ecr.example.com"]))


def request(line: RequestLine, agent: str, host: str, authorization: tuple[str, ...]) -> Request:
    return Request(line, {"user-agent": (agent,), "host": (host,), "authorization": authorization})


REQUESTS = st.builds(request, LINES, USER_AGENTS, HOSTS, AUTHORIZATIONS)
TO_RELAY = st.builds(
    ToRelay,
    st.just(REGISTRY),
    st.sampled_from(Endpoint),
    st.sampled_from(["/v2/", "/v2/a/manifests/1", "/v2/a%2Fb/blobs/uploads/"]),
    QUERIES,
    st.booleans(),
)


@given(REQUESTS, TO_RELAY)
def test_a_location_of_the_relays_own_is_the_challenge_or_the_registry(
    made: Request, to_relay: ToRelay
) -> None:
    family = family_of(made.header("user-agent"))
    decision = decide_relay(made, to_relay, family)
    if not isinstance(decision, Redirect):
        return
    parts, strict = urlsplit(decision.location), urllib3.util.parse_url(decision.location)
    assert (parts.username, parts.password, strict.auth) == (None, None, None)
    if decision.name == "challenge":
        assert (parts.netloc, strict.host) == ("", None)
        assert decision.location.startswith("/_challenge/v2/")
    else:
        assert parts.hostname == strict.host == REGISTRY.host


@given(REQUESTS, TO_RELAY)
def test_malformed_credentials_change_nothing(made: Request, to_relay: ToRelay) -> None:
    assume(credentials_from(made.headers["authorization"]) is None)
    without = made._replace(headers={k: v for k, v in made.headers.items() if k != "authorization"})
    family = family_of(made.header("user-agent"))
    assert decide_relay(made, to_relay, family) == decide_relay(without, to_relay, family)


@given(REQUESTS, TO_RELAY)
def test_nothing_is_relayed_without_credentials(made: Request, to_relay: ToRelay) -> None:
    decision = decide_relay(made, to_relay, family_of(made.header("user-agent")))
    if isinstance(decision, Relay):
        assert made.headers["authorization"] == (decision.credentials.authorization,)


# Parts of which parsers disagree about, in every order.
PIECES = st.lists(
    st.sampled_from(
        ["https:", "http:", "HTTPS:", "//", "/", "\\", "@", ":", "?", "#", "%", "%40", "%2f", "%5c", "[", "]",
         "[::1]", ".", "..", ";", "443", "8443", "AWS:token", "evil.example.com", REGISTRY.authority,
         "bücket", "v2", "\t", " ", "\u3002", "\uff0e"]
    ),
    max_size=9,
).map("".join)  # fmt: skip


@given(st.one_of(st.text(max_size=60), PIECES, PIECES.map(lambda rest: f"https://{rest}")))
@example("https://evil.example.com/x")
@example(f"{REGISTRY.origin}//evil.example.com")
@example(f"{REGISTRY.origin}/%5Cevil.example.com")
@example(f"//AWS:x@{REGISTRY.host}/")
@example(f"https://evil.example.com\\@{REGISTRY.host}/")
@example("https://bucket.example.com%40evil.example.com/")
def test_all_parsers_read_a_location_in_one_way(reference: str) -> None:
    location = location_from(REGISTRY, "/v2/a/blobs/uploads/", reference, elsewhere=True)
    if location is None:
        return
    assert location.isascii()
    assert location.isprintable()
    assert " " not in location
    parts, strict = urlsplit(location), urllib3.util.parse_url(location)
    assert (parts.username, parts.password, strict.auth) == (None, None, None)
    if location.startswith("/"):
        assert not location.startswith(("//", "/\\"))
        assert (parts.netloc, strict.host) == ("", None)
        return
    assert (parts.scheme, strict.scheme) == ("https", "https")
    assert parts.hostname == (strict.host or "").strip("[]").lower()
    assert parts.port == strict.port
    assert (parts.hostname, parts.port) != (REGISTRY.host, None)
    # What browsers do (https://url.spec.whatwg.org): a backslash ends the host, `%` and `@` change it.
    authority = location.removeprefix("https://").partition("/")[0].partition("?")[0].partition("#")[0]
    assert authority == parts.netloc
    assert not set("\\%@") & set(authority)


HEADER_NAMES = st.one_of(
    st.sampled_from(
        ["Location", "Link", "Content-Type", "ETag", "WWW-Authenticate", "OCI-X", "Refresh", "Set-Cookie",
         "Strict-Transport-Security", "Content-Length", "Range"]
    ),
    st.text(max_size=6).map(lambda rest: f"OCI-{rest}"),
)  # fmt: skip
LINKS = st.lists(
    st.sampled_from(
        [
            f'<{REGISTRY.origin}/v2/x>; rel="next"',
            '</v2/x>; rel="next"',
            '<https://evil.example.com/>; rel="next"',
            "<//evil.example.com>",
        ]
    ),
    min_size=1,
    max_size=3,
).map(", ".join)
VALUES = st.one_of(st.text(max_size=40), LINKS, PIECES, st.integers(0, 12_000).map("x".__mul__))
CREDENTIALS = Credentials("Basic eDp5", 1)
RELAYS = st.builds(
    Relay,
    st.just(REGISTRY),
    st.sampled_from(Endpoint),
    st.just("/v2/a/b/c"),
    st.just(CREDENTIALS),
    st.sampled_from(FAMILIES),
)
RESPONSES = st.builds(
    RegistryResponse,
    st.integers(200, 599),
    st.lists(st.tuples(HEADER_NAMES, VALUES), max_size=5).map(tuple),
    st.binary(max_size=64),
)
PASSED = {"Content-Type", "Content-Length", "Docker-Content-Digest", "Etag", "Link", "Location", "Range"}


@given(REQUESTS, RELAYS, RESPONSES)
def test_whatever_a_registry_responds_is_passed_on_or_refused(
    made: Request, relay: Relay, given_response: RegistryResponse
) -> None:
    sent = registry_request(made, relay)
    assert all(value.isascii() and value.isprintable() for _, value in sent.headers)
    try:
        response = client_response(made, relay, given_response)
    except ResponseNotRelayable:
        return
    blob_head = made.line.method == "HEAD" and relay.endpoint is Endpoint.BLOB and relay.family is OTHER
    if not blob_head or given_response.status != 200:
        assert (response.status, response.body.encode()) == (given_response.status, given_response.body)
    assert sum(len(name) + len(value) + 4 for name, value in response.headers.items()) <= MAX_HEADERS + 64
    for name, value in response.headers.items():
        assert name in PASSED or name.startswith("Oci-")
        assert (name + value).isascii()
        assert (name + value).isprintable()
        if name == "Link":
            assert value.count("<") == 1
            assert value.startswith("</")
            assert not value.startswith("<//")
