"""The `get` from the cache: credentials, tokens' lives and keys, as values."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from credhelper.cached_get import RegistryRoute, Token, credentials_bytes, is_plain, route_key, token_key
from credhelper.protocol import credentials_line
from credhelper.settings import HelperSettings

REGISTRY = "123456789012.dkr.ecr.us-east-1.amazonaws.com"


@given(st.text(alphabet=st.characters(min_codepoint=0x20, max_codepoint=0x7E), min_size=1))
def test_both_ways_to_write_an_answer_agree(text: str) -> None:
    """The `get` from the cache writes JSON by hand; what `is_plain` lets through needs no escape."""
    token = Token(REGISTRY, "c2VjcmV0", 0.0, 1.0)
    if is_plain(text):
        assert credentials_bytes(text, token).decode() == credentials_line(text, token) + "\n"
        assert json.loads(credentials_bytes(text, token))["ServerURL"] == text


def test_quotes_escapes_and_controls_are_not_plain() -> None:
    assert [is_plain(text) for text in ('a"b', "a\\b", "a\nb", "ü", "a b~")] == [False] * 4 + [True]


@pytest.mark.parametrize(
    ("now", "fresh", "usable"),
    [
        (0, True, True),
        (49, True, True),
        (50, False, True),
        (99, False, True),
        (100, False, False),
        (-301, False, False),
    ],
)
def test_a_tokens_life(now: float, fresh: bool, usable: bool) -> None:
    token = Token(REGISTRY, "x", 0.0, 100.0)
    assert (token.is_fresh(now), token.is_usable(now)) == (fresh, usable)


def _settings(**environ: str) -> HelperSettings:
    return HelperSettings({"HOME": "/nowhere", **environ})


def test_keys_differ_by_source_and_show_nothing_of_it() -> None:
    route = RegistryRoute("ecr.example.com", REGISTRY)
    keys = [
        token_key(_settings(**environ), changed)
        for environ, changed in [
            ({}, route),
            ({"AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE"}, route),
            ({"AWS_PROFILE": "a"}, route),
            # Not one long name: the parts cannot run into each other.
            ({"AWS_A": "x", "AWS_B": "y"}, route),
            ({"AWS_A": "x\nAWS_B=y"}, route),
            ({}, RegistryRoute("", REGISTRY, profile="a")),
            ({}, RegistryRoute("", REGISTRY, role_arn="a")),
            ({}, RegistryRoute("", REGISTRY, region="a")),
            ({}, RegistryRoute("", "public.ecr.aws")),
        ]
    ]
    assert len(set(keys)) == len(keys)
    assert all(len(key) == 64 and set(key) <= set("0123456789abcdef") for key in keys)
    assert (
        token_key(_settings(AWS_ECR_CUSTOM_DISCOVER="0", OTHER="x"), RegistryRoute("another host", REGISTRY))
        == keys[0]
    )


@pytest.mark.parametrize("name", ["AWS_PROFILE", "AWS_A_VARIABLE_OF_TOMORROW", "BOTO_CONFIG"])
def test_a_variable_that_is_set_and_empty_is_not_one_that_is_unset(name: str) -> None:
    route = RegistryRoute("", REGISTRY)
    assert token_key(_settings(**{name: ""}), route) != token_key(_settings(), route)


def test_what_may_be_asked_decides_which_route_is_found() -> None:
    keys = [
        route_key(_settings(AWS_ECR_CUSTOM_DISCOVER=discover), "ecr.example.com", plain_http)
        for discover in ("", "0", "1", "none")
        for plain_http in (False, True)
    ]
    assert len(set(keys)) == len(keys)
