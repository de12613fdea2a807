"""What holds of every decision, whatever a client sends."""

from __future__ import annotations

import base64
from urllib.parse import parse_qsl, quote, urlsplit

from hypothesis import assume, example, given
from hypothesis import strategies as st

from chalicelib.clients import CONTAINERS_IMAGE, FAMILIES, Treatment
from chalicelib.credentials import basic_credentials
from chalicelib.decision import Redirect, Refusal, Relay, decide
from chalicelib.errors import AnswerNotRelayable
from chalicelib.event import request_of
from chalicelib.handed_on import RegistryAnswer, handed_on, registry_request
from chalicelib.location import MAX_LOCATION, from_registry
from chalicelib.message import Query, Request
from chalicelib.registry_host import RegistryHost
from chalicelib.registry_path import Endpoint
from chalicelib.request_log import request_line
from chalicelib.settings import RedirectMode
from tests.unit.gateway_events import event

REGISTRY = RegistryHost.parse("123456789012.dkr.ecr.us-west-2.amazonaws.com")
SECRET = "c2VjcmV0LXRva2Vu"

METHODS = st.sampled_from(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
NAMES = st.sampled_from(
    ["/", "/v2", "/v2/", "/v2/a", "/v2/a/b", "/_challenge", "/_challenge/v2/a", "//", "/\\", "@"]
)
ENDPOINTS = st.sampled_from(
    ["", "/manifests/latest", "/blobs/sha256:a", "/blobs/uploads/", "/blobs/uploads/1", "/tags/list"]
)
PATHS = st.one_of(
    st.builds(lambda name, tail, odd: f"{name}{tail}{odd}", NAMES, ENDPOINTS, st.text(max_size=8)),
    st.builds(lambda name, odd: f"{name}{quote(odd, errors='replace')}", NAMES, st.text(max_size=12)),
    st.text(max_size=40),
)
QUERIES = st.lists(st.tuples(st.text(max_size=6), st.text(max_size=10)), max_size=6).map(tuple)
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
MODES = st.sampled_from(RedirectMode)


def request(method: str, path: str, query: Query, agent: str, authorization: tuple[str, ...]) -> Request:
    return Request(method, path, query, {"user-agent": (agent,), "authorization": authorization})


REQUESTS = st.builds(request, METHODS, PATHS, QUERIES, USER_AGENTS, AUTHORIZATIONS)


@given(REQUESTS, MODES)
@example(Request("GET", "//evil.example.com/v2/"), RedirectMode.AUTO)
@example(Request("GET", "/\\evil.example.com"), RedirectMode.AUTO)
@example(Request("GET", "@evil.example.com/"), RedirectMode.AUTO)
@example(Request("GET", "/v2/\r\nLocation: x"), RedirectMode.AUTO)
def test_a_location_is_at_the_registry_or_at_our_own_challenge(made: Request, mode: RedirectMode) -> None:
    decision = decide(made, REGISTRY, mode)
    if not isinstance(decision, Redirect):
        return
    location = decision.location
    assert location.isascii()
    assert location.isprintable()
    assert " " not in location
    assert "\\" not in location
    assert len(location) <= MAX_LOCATION
    parts = urlsplit(location)
    if decision.treatment is Treatment.CHALLENGE:
        assert location.startswith("/_challenge/v2/")
        assert (parts.scheme, parts.netloc) == ("", "")
        return
    assert (parts.scheme, parts.hostname, parts.port) == ("https", REGISTRY.host, None)
    user_info = parts.netloc.rpartition("@")[0]
    assert bool(user_info) == (decision.treatment is Treatment.CARRY)
    if user_info:
        assert decision.family is CONTAINERS_IMAGE
        credentials = basic_credentials(made.headers["authorization"])
        assert credentials is not None
        assert user_info == f"{quote(credentials.user, safe='')}:{quote(credentials.password, safe='')}"


@given(REQUESTS, MODES)
def test_the_query_is_neither_lost_nor_reordered(made: Request, mode: RedirectMode) -> None:
    decision = decide(made, REGISTRY, mode)
    if isinstance(decision, Refusal):
        return
    target = decision.location if isinstance(decision, Redirect) else decision.target
    sent = parse_qsl(target.partition("?")[2], keep_blank_values=True)
    # Lone surrogates have no encoding; all else comes out as it went in.
    assert sent == [(_encodable(name), _encodable(value)) for name, value in made.query]


@given(REQUESTS)
def test_malformed_credentials_change_nothing(made: Request) -> None:
    assume(basic_credentials(made.headers["authorization"]) is None)
    without = Request(made.method, made.path, made.query, {"user-agent": made.headers["user-agent"]})
    assert decide(made, REGISTRY, RedirectMode.AUTO) == decide(without, REGISTRY, RedirectMode.AUTO)


@given(REQUESTS)
def test_plain_mode_never_uses_credentials(made: Request) -> None:
    decision = decide(made, REGISTRY, RedirectMode.PLAIN)
    assert not isinstance(decision, Relay)
    assert not isinstance(decision, Redirect) or decision.treatment is Treatment.PLAIN


@given(METHODS, NAMES, ENDPOINTS, USER_AGENTS, st.text(max_size=10))
def test_a_log_line_has_neither_credential_nor_query(
    method: str, name: str, endpoint: str, agent: str, path_tail: str
) -> None:
    authorization = "Basic " + base64.b64encode(f"AWS:{SECRET}".encode()).decode()
    made = request(method, name + endpoint + path_tail, (("secret-name", SECRET),), agent, (authorization,))
    decision = decide(made, REGISTRY, RedirectMode.AUTO)
    line = request_line("id", made.method, made.path, "relay", decision.family.name, 200)
    for shown in (line, repr(decision).replace(getattr(decision, "target", "\0"), "")):
        assert SECRET not in shown
        assert authorization[6:] not in shown


@given(st.text(max_size=60))
@example("https://evil.example.com/x")
@example(f"{REGISTRY.origin}//evil.example.com")
@example(f"{REGISTRY.origin}/%5Cevil.example.com")
@example(f"//AWS:x@{REGISTRY.host}/")
def test_a_reference_made_ours_names_no_host(reference: str) -> None:
    handed = from_registry(REGISTRY, "/v2/a/blobs/uploads/", reference)
    if handed is None:
        return
    assert handed.isascii()
    assert handed.isprintable()
    parts = urlsplit(handed)
    if handed.startswith("/"):
        assert not handed.startswith(("//", "/\\"))
        assert parts.netloc == ""
    else:
        assert parts.scheme == "https"
        assert parts.hostname not in (None, REGISTRY.host)
        assert parts.username is None


HEADER_NAMES = st.sampled_from(["Location", "Link", "Content-Type", "ETag", "WWW-Authenticate", "OCI-X"])
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
VALUES = st.one_of(st.text(max_size=40), LINKS)
RELAYS = st.builds(Relay, st.sampled_from(FAMILIES), st.sampled_from(Endpoint), st.just("/v2/a/b/c"))
ANSWERS = st.builds(
    RegistryAnswer,
    st.integers(200, 599),
    st.lists(st.tuples(HEADER_NAMES, VALUES), max_size=5).map(tuple),
    st.binary(max_size=64),
)


@given(REQUESTS, RELAYS, ANSWERS)
def test_whatever_a_registry_answers_is_handed_on_or_refused(
    made: Request, relay: Relay, given_answer: RegistryAnswer
) -> None:
    sent = registry_request(made, relay)
    assert all(value.isascii() and value.isprintable() for _, value in sent.headers)
    try:
        answer = handed_on(made, relay, REGISTRY, given_answer)
    except AnswerNotRelayable:
        return
    assert answer.body.encode() == given_answer.body
    assert "WWW-Authenticate" not in answer.headers
    for name, value in answer.headers.items():
        assert value.isascii()
        assert value.isprintable()
        if name == "Link":
            assert value.count("<") == 1
            assert value.startswith("</")
            assert not value.startswith("<//")


@given(
    st.dictionaries(st.text(max_size=8), st.lists(st.text(max_size=8), min_size=1, max_size=3), max_size=4),
    st.dictionaries(st.text(max_size=8), st.lists(st.text(max_size=8), min_size=1, max_size=3), max_size=4),
    st.one_of(st.none(), st.text(max_size=20)),
    st.booleans(),
    PATHS,
)
def test_no_event_makes_it_raise(
    headers: dict[str, list[str]], query: dict[str, list[str]], body: str | None, is_base64: bool, path: str
) -> None:
    assume(path)
    made = request_of(
        event("PUT", path, query=query or None, headers=headers, body=body, is_base64=is_base64)
    )
    decide(made, REGISTRY, RedirectMode.AUTO)


def _encodable(text: str) -> str:
    return text.encode("utf-8", "replace").decode()
