"""`doctor` and a domain that repeats the token which it was sent: nothing of it is printed."""

from __future__ import annotations

import base64
import hashlib

import pytest

from credhelper.errors import without_secrets
from tests.helper.fake_aws import FakeAws
from tests.helper.fake_domain import LAYER_DIGEST, FakeDomain
from tests.helper.program import Program

#: Unlike a real one in that each of its pieces stands in it once.
TOKEN = "".join(hashlib.sha256(bytes([number])).hexdigest() for number in range(50))
BASIC = base64.b64encode(f"AWS:{TOKEN}".encode()).decode()


def has_a_piece(text: str) -> bool:
    text = text.lower()
    return any(
        secret[start : start + 16].lower() in text
        for secret in (TOKEN, BASIC)
        for start in range(len(secret) - 15)
    )


@pytest.fixture(autouse=True)
def _a_token_of_distinct_pieces(healthy: Program, domain: FakeDomain, aws: FakeAws) -> None:
    aws.secret = domain.password = TOKEN


@pytest.mark.parametrize("output", [[], ["--json"]])
@pytest.mark.parametrize(
    "message",
    [
        f"you sent Authorization: Basic {BASIC}",
        f"you sent {BASIC[:100]}",
        f"you sent {TOKEN}",
        f"you sent {TOKEN[700:716]}",
        f"you sent ecr:{BASIC[:200]}",
        f"you sent {'x' * 380}{TOKEN}",
    ],
)
def test_a_refusal_that_repeats_the_token_is_printed_without_it(
    healthy: Program, domain: FakeDomain, output: list[str], message: str
) -> None:
    domain.refusals["/manifests/1.0"] = (403, "DENIED", message)
    result = healthy.run("doctor", f"{domain.host}/app:1.0", *output)
    assert result.code == 1
    assert "answers 403: you sent " in result.stdout
    assert not has_a_piece(result.stdout + result.stderr)


@pytest.mark.parametrize(
    ("location", "found"),
    [
        (f"https://{TOKEN}/", "the layer is at ***"),
        (f"https://x.{TOKEN[:40]}.test/", "the layer is at x.***.test"),
        ("https://layers.example.com\u001b[31m/", "address without a host"),
        ("https://layers.example.com\u009b31m/", "the layer is at layers.example.com 31m"),
        ("https://[/", "address without a host"),
    ],
)
def test_where_a_layer_is_said_to_be_is_printed_without_the_token(
    healthy: Program, domain: FakeDomain, location: str, found: str
) -> None:
    domain.refusals[LAYER_DIGEST] = (307, "", location)
    result = healthy.run("doctor", f"{domain.host}/app:1.0")
    assert found in result.stdout
    assert "Traceback" not in result.stderr
    assert not has_a_piece(result.stdout)
    assert all(line.isprintable() for line in result.stdout.splitlines())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a 0123456789abcdefgh b", "a *** b"),
        ("a 123456789ABCDEFG b", "a *** b"),
        ("a 123456789abcdef b", "a 123456789abcdef b"),
        ("0123456789abcdefgh0123456789abcdefgh", "***"),
        ("short and shorter", "*** and ***er"),
        ("", ""),
    ],
)
def test_pieces_of_sixteen_characters_are_hidden(text: str, expected: str) -> None:
    assert without_secrets(text, ("0123456789abcdefgh", "short", "")) == expected
