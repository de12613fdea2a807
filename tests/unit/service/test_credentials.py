"""Basic credentials: what counts, and all that is treated as absent."""

from __future__ import annotations

import base64

import pytest

from chalicelib.relaying.credentials import credentials_from


def basic(text: str | bytes, scheme: str = "Basic") -> str:
    raw = text if isinstance(text, bytes) else text.encode()
    return f"{scheme} {base64.b64encode(raw).decode()}"


@pytest.mark.parametrize(
    "authorization",
    [
        basic("AWS:token"),
        # Scheme names are case-insensitive (RFC 7235 section 2.1).
        basic("AWS:token", "bAsIc"),
        basic("AWS:a:b"),
        basic("AWS:pässword"),
        basic("AWS:" + "x" * 7_000),
        basic("AWS:token") + " ",
    ],
)
def test_basic_credentials_keep_the_header_as_it_is(authorization: str) -> None:
    found = credentials_from([authorization])
    assert found is not None
    assert found.authorization == authorization


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
    assert credentials_from(authorization) is None


def key(authorization: str) -> int:
    found = credentials_from([authorization])
    assert found is not None
    return found.connection_key


def test_a_connection_key_is_of_the_whole_header() -> None:
    """All ECR tokens begin with the same characters, and many end with the same."""
    one, other = (basic("AWS:" + "x" * 500 + middle + "y" * 500) for middle in "ab")
    assert one[:600] == other[:600]
    assert one[-600:] == other[-600:]
    assert key(one) == key(basic("AWS:" + "x" * 500 + "a" + "y" * 500)) != key(other)


def test_credentials_show_nothing_of_themselves() -> None:
    found = credentials_from([basic("secret-user:secret-password")])
    assert found is not None
    for shown in (repr(found), str(found), f"{found}"):
        assert basic("secret-user:secret-password")[6:20] not in shown
