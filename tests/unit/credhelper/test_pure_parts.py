"""The helper's pure parts: values in, values out, no file, no network, no process."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import botocore.exceptions as aws
import pytest
from hypothesis import given
from hypothesis import strategies as st

from credhelper.cache import Route, Token, plain
from credhelper.cached_get import answer
from credhelper.client_config import helper_change, helper_of, helper_removal
from credhelper.discovery import Reply, registry_of
from credhelper.ecr_token import refusal
from credhelper.errors import HelperError, HostNotServed, InvalidFile, InvalidServerURL
from credhelper.json_file import JsonFile, parse_json_object
from credhelper.protocol import answer_line
from credhelper.server_url import parse_server_url, read_server_url
from credhelper.settings import DEFAULT_TIMEOUT, NAMED, Settings
from credhelper.source import route_key, token_key

REGISTRY = "123456789012.dkr.ecr.us-east-1.amazonaws.com"
FILE = Path("config.json")


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
    ],
)
def test_a_server_url_names_a_host(text: str, host: str, plain_http: bool) -> None:
    url = parse_server_url(text)
    assert (url.asked, url.host, url.plain_http) == (text, host, plain_http)


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


@given(st.text(alphabet=st.characters(min_codepoint=0x20, max_codepoint=0x7E), min_size=1))
def test_both_ways_to_write_an_answer_agree(asked: str) -> None:
    """The `get` from memory writes JSON by hand; what `plain` lets through needs no escape."""
    token = Token(REGISTRY, "c2VjcmV0", 0.0, 1.0)
    url = parse_server_url("ecr.example.com")
    url.asked = asked
    if plain(asked):
        assert answer(url, token).decode() == answer_line(asked, token) + "\n"
        assert json.loads(answer(url, token))["ServerURL"] == asked


def test_quotes_escapes_and_controls_are_not_plain() -> None:
    assert [plain(text) for text in ('a"b', "a\\b", "a\nb", "ü", "a b~")] == [False] * 4 + [True]


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
    assert (token.fresh(now), token.usable(now)) == (fresh, usable)


def _settings(**environ: str) -> Settings:
    return Settings({"HOME": "/nowhere", **environ})


def test_settings_have_defaults_and_an_empty_variable_is_none() -> None:
    for settings in (
        _settings(),
        _settings(AWS_ECR_CUSTOM_CONFIG="", AWS_ECR_CACHE_DIR="", AWS_ECR_DISABLE_CACHE=""),
    ):
        assert settings.config_path == "/nowhere/.ecr/custom.json"
        assert settings.cache_directory == "/nowhere/.ecr/custom"
        assert settings.docker_config_path == "/nowhere/.docker/config.json"
        assert settings.containers_auth_path == "/nowhere/.config/containers/auth.json"
        assert settings.timeout == DEFAULT_TIMEOUT
        assert settings.discover == NAMED


def test_keys_differ_by_source_and_show_nothing_of_it() -> None:
    route = Route("ecr.example.com", REGISTRY)
    keys = [
        token_key(_settings(**environ), changed)
        for environ, changed in [
            ({}, route),
            ({"AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE"}, route),
            ({"AWS_PROFILE": "a"}, route),
            # Not one long name: the parts cannot run into each other.
            ({"AWS_A": "x", "AWS_B": "y"}, route),
            ({"AWS_A": "x\nAWS_B=y"}, route),
            ({}, Route("", REGISTRY, profile="a")),
            ({}, Route("", REGISTRY, role_arn="a")),
            ({}, Route("", REGISTRY, region="a")),
            ({}, Route("", "public.ecr.aws")),
        ]
    ]
    assert len(set(keys)) == len(keys)
    assert all(len(key) == 64 and set(key) <= set("0123456789abcdef") for key in keys)
    assert (
        token_key(_settings(AWS_ECR_CUSTOM_DISCOVER="0", OTHER="x"), Route("another host", REGISTRY))
        == keys[0]
    )


def test_the_digest_is_sha256() -> None:
    """Against a known answer: the Go helper's key showed the access key id for years."""
    files = [
        f"/nowhere/{path}\n-"
        for path in (".ecr/custom.json", ".docker/config.json", ".config/containers/auth.json")
    ]
    parts = "\0".join(["route", "h", "False False named", *files, ""])
    assert route_key(_settings(), "h", False) == hashlib.sha256(parts.encode()).hexdigest()


@pytest.mark.parametrize(
    ("reply", "registry"),
    [
        (Reply(307, f"https://{REGISTRY}/v2/"), REGISTRY),
        (Reply(302, f"https://{REGISTRY.upper()}:443/v2/?x=y"), REGISTRY),
        (Reply(301, "https://public.ecr.aws/v2/"), "public.ecr.aws"),
        (Reply(307, f"https://{REGISTRY}./v2/"), None),
        (Reply(307, f"//{REGISTRY}/v2/"), None),
        (Reply(307, f"https://x@{REGISTRY}/v2/"), None),
        (Reply(307, f"https://{REGISTRY}@evil.test/v2/"), None),
        (Reply(307, f"https://evil.test/{REGISTRY}/"), None),
        (Reply(307, f"https://{REGISTRY}:x/v2/"), None),
        (Reply(304, f"https://{REGISTRY}/v2/"), None),
        (Reply(401, "", "Basic"), None),
    ],
)
def test_a_reply_names_a_registry_or_none(reply: Reply, registry: str | None) -> None:
    if registry is not None:
        assert registry_of("ecr.example.com", reply) == registry
        return
    with pytest.raises(HostNotServed, match=r"ecr\.example\.com"):
        registry_of("ecr.example.com", reply)


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (aws.NoCredentialsError(), "no AWS credentials"),
        (aws.PartialCredentialsError(provider="env", cred_var="x"), "no AWS credentials"),
        (aws.ProfileNotFound(profile="dev"), "no AWS profile 'dev'"),
        (aws.UnauthorizedSSOTokenError(), "run `aws sso login --profile dev`"),
        (aws.SSOTokenLoadError(error_msg="x", profile_name="dev"), "run `aws sso login --profile dev`"),
        (aws.TokenRetrievalError(provider="sso", error_msg="hunter2"), "run `aws sso login --profile dev`"),
        (aws.CredentialRetrievalError(provider="custom-process", error_msg="hunter2"), "to see why"),
        (aws.EndpointConnectionError(endpoint_url="https://hunter2"), "cannot be reached"),
        (aws.ConnectTimeoutError(endpoint_url="https://hunter2"), "cannot be reached"),
        (aws.ReadTimeoutError(endpoint_url="https://hunter2"), "cannot be reached"),
        (aws.ProxyConnectionError(proxy_url="http://u:hunter2@p", error="x"), "cannot be reached"),
        (aws.SSLError(endpoint_url="https://x", error=OSError("hunter2")), "cannot be reached"),
        (aws.InvalidRegionError(region_name="hunter2"), "could not be asked (InvalidRegionError)"),
        (
            aws.ClientError({"Error": {"Code": "SignatureDoesNotMatch", "Message": "hunter2"}}, "AssumeRole"),
            "clock",
        ),
        (
            aws.ClientError({"Error": {"Code": "AccessDenied", "Message": "User: x\nis not"}}, "AssumeRole"),
            "AWS refused AssumeRole (AccessDenied): User: x is not; allow the action AssumeRole",
        ),
        (aws.ClientError({}, "GetAuthorizationToken"), "(unknown)"),
    ],
)
def test_what_aws_says_becomes_one_line_without_a_secret(error: Exception, told: str) -> None:
    line = str(refusal(error, "dev", "us-east-1"))
    assert told in line
    assert "\n" not in line
    assert "hunter2" not in line


def _file(members: object) -> JsonFile:
    return parse_json_object(FILE, json.dumps(members))


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ('{"credHelpers": 5}', 1, 17),
        ('{\n\t"a": {"credHelpers": [1, "}"]},\n\t"credHelpers" :\n []}', 4, 2),
        # The last of two is the one that counts.
        ('{"credHelpers": {}, "credHelpers": 5}', 1, 36),
        ('{"\\u0063redHelpers": 5}', 1, 22),
    ],
)
def test_a_wrong_type_has_a_place(text: str, line: int, column: int) -> None:
    with pytest.raises(InvalidFile) as refused:
        parse_json_object(FILE, text).strings("credHelpers")
    assert (refused.value.line, refused.value.column) == (line, column)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda c: st.lists(c) | st.dictionaries(st.text(), c),
    )
)
def test_every_member_has_its_place(value: object) -> None:
    text = json.dumps({"before": [1], "value": value, "after": ""}, indent=1)
    file = parse_json_object(FILE, text)
    assert json.JSONDecoder().raw_decode(text, file.places["value"])[0] == value


def test_helpers_are_changed_and_the_change_is_undone() -> None:
    before = {"auths": {}, "credHelpers": {"ghcr.io": "pass"}}
    (change,) = helper_change(_file(before), "ecr.example.com", REGISTRY)
    after = _file(change.members)
    assert helper_of(after, "ecr.example.com") == helper_of(after, REGISTRY) == "ecr-custom"
    assert helper_change(after, "ecr.example.com", REGISTRY) == []
    (removal,) = helper_removal(after, {"ecr.example.com", REGISTRY})
    assert removal.members == before
    assert helper_removal(_file(before), {"ghcr.io"}) == []


def test_a_credential_store_for_all_hosts_counts() -> None:
    assert helper_of(_file({"credsStore": "ecr-custom"}), "any.example.com") == "ecr-custom"


def test_an_error_is_its_finding_and_its_next_step() -> None:
    assert str(HelperError("found", "do")) == "found; do"
    assert str(HelperError("found")) == "found"
