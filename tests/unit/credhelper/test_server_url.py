"""Server URLs: the host in them, and what of them may be shown."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from credhelper.errors import InvalidServerURL
from credhelper.registry_host import shown
from credhelper.server_url import parse_server_url, read_server_url


@pytest.mark.parametrize(
    ("text", "host", "plain_http"),
    [
        # registryurl/parse_test.go of docker-credential-helpers.
        ("foobar.example.com", "foobar.example.com", False),
        ("foobar.example.com:2376", "foobar.example.com:2376", False),
        ("//foobar.example.com:2376", "foobar.example.com:2376", False),
        ("http://foobar.example.com:2376", "foobar.example.com:2376", True),
        ("https://foobar.example.com:2376", "foobar.example.com:2376", False),
        ("https://foobar.example.com:2376/some/path", "foobar.example.com:2376", False),
        ("https://foobar.example.com:2376/some/path?foo=bar", "foobar.example.com:2376", False),
        ("https://foobar.example.com?x=/", "foobar.example.com", False),
        # The scheme's own port is none; another scheme's is one.
        ("https://foobar.example.com:443", "foobar.example.com", False),
        ("http://foobar.example.com:80/", "foobar.example.com", True),
        ("http://foobar.example.com:443", "foobar.example.com:443", True),
        ("foobar.example.com/redirect?to=http://x", "foobar.example.com", False),
        ("[::1]:5000", "[::1]:5000", False),
        # What the kubelet asks for, and `doctor` takes.
        ("foobar.example.com:2376/app:1.0@sha256:00", "foobar.example.com:2376", False),
    ],
)
def test_a_server_url_names_a_host(text: str, host: str, plain_http: bool) -> None:
    url = parse_server_url(text)
    assert (url.text, url.host, url.plain_http) == (text, host, plain_http)


@pytest.mark.parametrize(
    "text", ["/foobar.example.com", "ftp://foobar.example.com:2376", "", "https://", "a b", "ü.example.com"]
)
def test_what_names_no_host_is_refused(text: str) -> None:
    with pytest.raises(InvalidServerURL):
        parse_server_url(text)


@given(st.binary(max_size=200))
def test_any_input_is_a_host_or_refused(data: bytes) -> None:
    try:
        url = parse_server_url(read_server_url(data))
    except InvalidServerURL:
        return
    assert url.host == url.host.lower()
    assert "/" not in url.host
    assert "@" not in url.host


@pytest.mark.parametrize(
    "text",
    [
        "https://user:4711/x@ecr.example.com",
        "user:4711/x@ecr.example.com:443/app",
        "user:4711?x@ecr.example.com",
        "user/x@ecr.example.com",
        "user:4711/x@ecr.example.com/app@sha256:00",
        "user:x@sha256:5000",
        "user:4711/x@sha256:5000@ecr.example.com",
    ],
)
def test_user_information_is_not_taken_for_a_host_and_a_path(text: str) -> None:
    with pytest.raises(InvalidServerURL, match="user name and password") as refused:
        parse_server_url(text)
    assert "user:" not in str(refused.value)
    assert "4711" not in str(refused.value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ecr.example.com:5000/app", "ecr.example.com:5000/app"),
        ("https://user:password@ecr.example.com/v2/", "https://***@ecr.example.com/v2/"),
        ("user:pass/wo?rd@ecr.example.com", "***@ecr.example.com"),
        ("user:x://y@ecr.example.com", "***@ecr.example.com"),
        ("ecr.example.com/?token=x", "ecr.example.com/?***"),
        ("ecr.example.com/#x?y", "ecr.example.com/#***"),
        ("user%3Apassword%40ecr.example.com", "***@ecr.example.com"),
        ("HTTP://user:p%40ss@ecr.example.com/%3Ftoken=x", "http://***@ecr.example.com/%3F***"),
        ("a@ecr.example.com", "***@ecr.example.com"),
        ("a" * 300, "a" * 200 + "…"),
    ],
)
def test_user_information_and_query_are_not_shown(text: str, expected: str) -> None:
    assert shown(text) == expected


@given(st.text(), st.text())
def test_nothing_before_an_at_sign_or_after_a_question_mark_is_shown(before: str, after: str) -> None:
    assert shown(f"{before}\u2603@ecr.example.com?\u2603{after}").count("\u2603") == 0
