"""The search for a credential finds it in every form, and finds nothing where there is nothing."""

from __future__ import annotations

import base64
import json

import pytest

from tests.clients.registry import USER, registry_token
from tests.clients.secret import USER_INFO, Secret
from tests.standins.ecr import authorization_token

SECRET = Secret(USER, registry_token())
_CONFIG = json.dumps({"auths": {"ecr.example.com": {"username": USER, "password": SECRET.token}}}).encode()


@pytest.mark.parametrize(
    ("form", "text"), [(form, text) for form, texts in SECRET.wholes.items() for text in texts]
)
def test_every_form_is_found(form: str, text: str) -> None:
    assert form in SECRET.traces(f'level=debug msg="GET {text} refused"')


# Written out here by hand, and not as the search makes them.
@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a part of the token", SECRET.token[:35] + "..."),
        ("a part of the token", "..." + SECRET.token[-35:]),
        ("a part of the token", f'{{"password":"{SECRET.token[5:40]}"}}'),
        ("a part of the Basic credentials", base64.b64encode(f"AWS:{SECRET.token}".encode()).decode()[9:45]),
        *(("a part of the token in base64", base64.b64encode(b"-" * n + _CONFIG).decode()) for n in range(3)),
        ("a part of the token in hexadecimal", SECRET.token.encode().hex(" ").replace(" ", "")),
        ("a part of the token as Go prints bytes", str(list(SECRET.token.encode())).replace(",", "")),
        ("the token", "".join(f"\\u{ord(each):04x}" for each in SECRET.token)),
        ("the token", "".join(f"%{ord(each):02x}" for each in SECRET.token)),
        ("the token", SECRET.token.replace("/", r"\/")),
    ],
)
def test_what_is_cut_off_escaped_or_inside_of_something_else_is_found(name: str, text: str) -> None:
    assert name in SECRET.traces(text)


def test_parts_of_a_token_as_long_as_ecrs_are_found() -> None:
    secret = Secret(USER, authorization_token(5000))
    assert "a part of the token" in secret.traces(f"Authorization: {secret.token[3000:3040]}")


def test_what_holds_no_credential_has_no_traces() -> None:
    assert SECRET.traces("https://AWS:xxxxx@localhost/v2/ 403") == []
    assert SECRET.traces(registry_token()) == []


@pytest.mark.parametrize(
    "url", ["https://AWS:x@localhost/v2/", "https://x@localhost", "//AWS@localhost:5000/"]
)
def test_user_info_is_found(url: str) -> None:
    assert USER_INFO.search(url)


@pytest.mark.parametrize("url", ["https://localhost/v2/a@sha256:1", "/v2/a@b", "https://localhost?a=b@c"])
def test_an_at_sign_elsewhere_is_not_user_info(url: str) -> None:
    assert not USER_INFO.search(url)
