"""What holds of every decision, whatever a client sends."""

from __future__ import annotations

from urllib.parse import parse_qsl, quote, urlsplit

import urllib3
from hypothesis import assume, example, given
from hypothesis import strategies as st

from chalicelib.decision import Redirect, Refusal, ToRelay, decide, response_of
from chalicelib.event import line_of, request_of
from chalicelib.http_message import RequestLine
from chalicelib.location import MAX_LOCATION
from chalicelib.registries import Registries, RegistryPrefix
from chalicelib.registry_host import RegistryHost
from chalicelib.request_log import request_line
from chalicelib.settings import RedirectMode
from tests.unit.service.gateway_events import event

DEFAULT = RegistryHost.parse("111111111111.dkr.ecr.us-west-2.amazonaws.com")
OTHER = RegistryHost.parse("222222222222.dkr.ecr.us-west-2.amazonaws.com")
REGISTRIES = Registries(DEFAULT, (RegistryPrefix("a/", OTHER),))

METHODS = st.sampled_from(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
STARTS = st.sampled_from(
    ["/", "/v2", "/v2/", "/v2/a", "/v2/a/b", "/_challenge", "/_challenge/v2/a", "//", "/\\", "@",
     "/_registry/", f"/_registry/{DEFAULT.authority}", f"/_registry/{OTHER.authority}/v2/a", "/_registry/x@"]
)  # fmt: skip
ENDPOINTS = st.sampled_from(
    ["", "/manifests/latest", "/blobs/sha256:a", "/blobs/uploads/", "/blobs/uploads/1", "/tags/list"]
)
PATHS = st.one_of(
    st.builds(lambda name, tail, odd: f"{name}{tail}{odd}", STARTS, ENDPOINTS, st.text(max_size=8)),
    st.builds(lambda name, odd: f"{name}{quote(odd, errors='replace')}", STARTS, st.text(max_size=12)),
    st.text(max_size=40),
)
QUERIES = st.lists(st.tuples(st.text(max_size=6), st.text(max_size=10)), max_size=6).map(tuple)
MODES = st.sampled_from(RedirectMode)
LINES = st.builds(RequestLine, METHODS, PATHS, QUERIES)


@given(LINES, MODES)
@example(RequestLine("GET", "//evil.example.com/v2/"), RedirectMode.EDGE)
@example(RequestLine("GET", "/\\evil.example.com"), RedirectMode.EDGE)
@example(RequestLine("GET", "@evil.example.com/"), RedirectMode.PLAIN)
@example(RequestLine("GET", "/v2/\r\nLocation: x"), RedirectMode.EDGE)
@example(RequestLine("GET", "/_registry/AWS:x@evil.example.com/v2/"), RedirectMode.PLAIN)
def test_a_location_is_at_a_configured_registry(line: RequestLine, mode: RedirectMode) -> None:
    decision = decide(line, REGISTRIES, mode)
    if not isinstance(decision, Redirect):
        return
    location = decision.location
    assert location.isascii()
    assert location.isprintable()
    assert not {" ", "\\"} & set(location)
    assert len(location) <= MAX_LOCATION
    # Python's two parsers, of which urllib3's is the stricter one, see one host and no user info.
    parts, strict = urlsplit(location), urllib3.util.parse_url(location)
    assert (parts.username, parts.password, strict.auth) == (None, None, None)
    if decision.name == "edge":
        assert mode is RedirectMode.EDGE
        assert (parts.scheme, parts.netloc, strict.host) == ("", "", None)
        assert any(location.startswith(f"/_registry/{each.authority}/v2") for each in REGISTRIES.all())
        return
    assert decision.name == "plain"
    assert (parts.scheme, parts.port) == ("https", None)
    assert parts.hostname == strict.host
    assert parts.hostname in {each.host for each in REGISTRIES.all()}


@given(LINES, MODES)
def test_the_query_is_neither_lost_nor_reordered(line: RequestLine, mode: RedirectMode) -> None:
    assume(not {"mount", "from"} & {name for name, _ in line.query})
    decision = decide(line, REGISTRIES, mode)
    if isinstance(decision, Refusal):
        return
    if isinstance(decision, ToRelay):
        assert decision.query == line.query
        return
    sent = parse_qsl(decision.location.partition("?")[2], keep_blank_values=True)
    # Lone surrogates have no encoding; all else comes out as it went in.
    assert sent == [(_encodable(name), _encodable(value)) for name, value in line.query]


@given(LINES, MODES)
def test_only_edge_mode_lets_a_shared_cache_keep_a_response_and_only_a_redirect(
    line: RequestLine, mode: RedirectMode
) -> None:
    decision = decide(line, REGISTRIES, mode)
    if isinstance(decision, ToRelay):
        return
    kept = "Cache-Control" in response_of(decision).headers
    assert (
        kept
        == (
            isinstance(decision, Redirect)
            and decision.name == "edge"
            and line.method in ("GET", "HEAD")
            # CloudFront may take these for another path's spelling, and keep one's response for the other.
            and not {"%", "//"}
            & {line.path[at : at + size] for at in range(len(line.path)) for size in (1, 2)}
        )
    )
    assert not kept or mode is RedirectMode.EDGE


@given(LINES, st.text(min_size=3, max_size=10))
def test_a_log_line_holds_nothing_of_the_query(line: RequestLine, value: str) -> None:
    secret = f"secret{value}"
    assume(secret not in line.path)
    logged = request_line("id", line._replace(query=((secret, secret),)), "edge", 307)
    assert "secret" not in logged.replace("secret", "", line.path.count("secret"))


MAPS = st.one_of(
    st.none(),
    st.dictionaries(st.text(max_size=8), st.lists(st.text(max_size=8), min_size=1, max_size=3), max_size=4),
)


@given(MAPS, MAPS, st.one_of(st.none(), st.text(max_size=20)), st.booleans(), PATHS)
def test_no_event_makes_it_raise(
    headers: dict[str, list[str]] | None,
    query: dict[str, list[str]] | None,
    body: str | None,
    is_base64: bool,
    path: str,
) -> None:
    sent = event("PUT", path, query=query or None, headers=headers, body=body, is_base64=is_base64)
    if headers is None:
        sent["multiValueHeaders"] = None
    line = line_of(sent)
    request_of(sent, line)
    decide(line, REGISTRIES, RedirectMode.RELAY)


def _encodable(text: str) -> str:
    return text.encode("utf-8", "replace").decode()
