"""Basic credentials: what counts, and all that is treated as absent."""

from __future__ import annotations

import base64

import pytest

from chalicelib.credentials import BasicCredentials, basic_credentials


def basic(text: str | bytes, scheme: str = "Basic") -> str:
    raw = text if isinstance(text, bytes) else text.encode()
    return f"{scheme} {base64.b64encode(raw).decode()}"


@pytest.mark.parametrize(
    ("authorization", "user", "password"),
    [
        (basic("AWS:token"), "AWS", "token"),
        # Scheme names are case-insensitive (RFC 7235 section 2.1).
        (basic("AWS:token", "bAsIc"), "AWS", "token"),
        (basic("AWS:a:b"), "AWS", "a:b"),
        (basic("AWS:pässword"), "AWS", "pässword"),
        (basic("AWS:" + "x" * 7_000), "AWS", "x" * 7_000),
    ],
)
def test_basic_credentials_are_read(authorization: str, user: str, password: str) -> None:
    assert basic_credentials([authorization]) == BasicCredentials(user, password)


@pytest.mark.parametrize(
    "authorization",
    [
        [],
        [""],
        ["Basic"],
        ["Basic "],
        ["Bearer abc"],
        ["Digest username=AWS"],
        [basic("no colon")],
        [basic(":token")],
        [basic("AWS:")],
        [basic(":")],
        [basic(b"AWS:\xff\xfe")],
        [basic("AWS:to\r\nken")],
        [basic("AWS:to\x00ken")],
        ["Basic not!base64"],
        ["Basic QVdTOnRva2V"],
        ["Basic QVdTOnRva2Vu="],
        ["Basic QVdT\nOnRva2Vu"],
        ["BasicQVdTOnRva2Vu"],
        # Which of two would be right is not ours to guess.
        [basic("AWS:one"), basic("AWS:two")],
    ],
)
def test_anything_else_counts_as_absent(authorization: list[str]) -> None:
    assert basic_credentials(authorization) is None


def test_credentials_show_nothing_of_themselves() -> None:
    assert "secret" not in repr(BasicCredentials("secret-user", "secret-password"))
