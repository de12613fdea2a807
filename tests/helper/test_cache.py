"""Tokens remembered between runs: when one is used again, for whom, and what the files are like."""

from __future__ import annotations

import stat
import time
from collections.abc import Callable

import pytest

from credhelper.cache import Cache
from credhelper.cached_get import RegistryRoute, Token, route_key, token_key
from credhelper.settings import HelperSettings
from tests.helper.conftest import ACCESS_KEY, SECRET_KEY
from tests.helper.fake_aws import SECRET, FakeAws
from tests.helper.fake_domain import FakeDomain
from tests.helper.program import NOT_FOUND, REGISTRY, Program

HOUR = 3600.0
OLD = "a token from before"


def keep(program: Program, requested_at: float, expires_at: float) -> None:
    """Put a token for REGISTRY into the program's cache, as a run with its environment would have."""
    settings = HelperSettings(program.environ)
    key = token_key(settings, RegistryRoute(REGISTRY, REGISTRY))
    Cache(settings.cache_directory).keep_token(key, Token(REGISTRY, OLD, requested_at, expires_at))


@pytest.mark.parametrize(
    ("requested", "expires", "used"),
    [
        (-1 * HOUR, 11 * HOUR, OLD),
        (-5.9 * HOUR, 6.1 * HOUR, OLD),
        # Half of its life is over: refreshed.
        (-6.1 * HOUR, 5.9 * HOUR, SECRET),
        (-13 * HOUR, -1 * HOUR, SECRET),
        # The clock was set back by more than it may drift: its expiry cannot be known.
        (+1 * HOUR, 13 * HOUR, SECRET),
        (+60, 12 * HOUR, OLD),
        # No token of ECR lives that long.
        (-1 * HOUR, 48 * HOUR, SECRET),
    ],
)
def test_a_token_is_used_until_half_of_its_life(
    program: Program, requested: float, expires: float, used: str
) -> None:
    now = time.time()
    keep(program, now + requested, now + expires)
    assert program.get(REGISTRY).secret == used


def test_a_cached_get_asks_nobody(program: Program, aws: FakeAws) -> None:
    assert program.get(REGISTRY) == program.get(REGISTRY)
    assert aws.tokens_asked == 1


def test_domains_that_share_a_registry_share_its_token(program: Program, aws: FakeAws) -> None:
    program.map({"ecr.example.com": REGISTRY, "ecr.example.net": REGISTRY})
    for host in ("ecr.example.com", "ecr.example.net", REGISTRY):
        assert program.get(host).secret == SECRET
    assert aws.tokens_asked == 1


def test_keys_that_change_under_a_role_still_hit(program: Program, aws: FakeAws) -> None:
    """What the Go helper never does: its key holds the access key id, which a role changes every hour."""
    config = program.home / ".aws" / "config"
    process = program.home / "process"
    process.write_text(
        '#!/bin/sh\necho \'{"Version":1,"AccessKeyId":"ASIA\'$(date +%N)\'","SecretAccessKey":"s",'
        '"SessionToken":"t","Expiration":"2099-01-01T00:00:00Z"}\'\n'
    )
    process.chmod(0o755)
    config.parent.mkdir()
    config.write_text(f"[profile role]\ncredential_process = {process}\n")
    environ = {"AWS_PROFILE": "role", "AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}
    for _ in range(2):
        assert program.get(REGISTRY, **environ).secret == SECRET
    assert aws.tokens_asked == 1


@pytest.mark.parametrize(
    "change",
    [
        {"AWS_PROFILE": "default"},
        {"AWS_ACCESS_KEY_ID": "AKIAOTHER"},
        {"AWS_SESSION_TOKEN": "other"},
        {"AWS_ROLE_ARN": "arn:aws:iam::123456789012:role/other"},
        {"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/other"},
        {"AWS_ENDPOINT_URL_STS": "http://127.0.0.1:1"},
        {"AWS_CONFIG_FILE": "/nowhere"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_another_source_never_gets_the_token(program: Program, aws: FakeAws, change: dict[str, str]) -> None:
    program.have_profiles("default")
    program.get(REGISTRY)
    program.get(REGISTRY, **change)
    assert aws.tokens_asked == 2


def test_a_changed_mapping_takes_effect_at_once(program: Program, aws: FakeAws) -> None:
    other = REGISTRY.replace("us-east-1", "eu-west-1")
    program.map({"ecr.example.com": REGISTRY})
    program.get("ecr.example.com")
    program.map({"ecr.example.com": other})
    program.get("ecr.example.com")
    assert "eu-west-1" in aws.calls[-1].authorization


def test_the_files_are_private_and_hold_no_key(program: Program) -> None:
    assert program.get(REGISTRY).code == 0
    assert stat.S_IMODE(program.cache.stat().st_mode) == 0o700
    for file in program.cache.iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        text = file.name + file.read_text()
        assert ACCESS_KEY not in text
        assert SECRET_KEY not in text


def _with_lines(record: bytes, changes: dict[int, bytes]) -> bytes:
    lines = record.split(b"\n")
    return b"\n".join(changes.get(number, line) for number, line in enumerate(lines))


@pytest.mark.parametrize(
    "spoilt",
    [
        lambda _: b"no record\n",
        lambda record: record[:-1],
        lambda record: record + b"x",
        lambda _: b"\xff" * 100,
        lambda _: b"",
        lambda record: _with_lines(record, {3: b'x","Username":"y'}),
        lambda record: _with_lines(record, {4: b"nan", 5: b"inf"}),
    ],
    ids=["text", "cut off", "longer", "bytes", "empty", "quote", "times"],
)
def test_a_file_that_is_no_record_of_ours_is_replaced(
    program: Program, aws: FakeAws, spoilt: Callable[[bytes], bytes]
) -> None:
    program.get(REGISTRY)
    (token,) = program.cache.glob("token-*")
    token.write_bytes(spoilt(token.read_bytes()))
    result = program.get(REGISTRY)
    assert (result.secret, result.stderr) == (SECRET, "")
    assert program.get(REGISTRY).secret == SECRET
    assert aws.tokens_asked == 2


def test_a_directory_in_a_records_place_costs_only_the_cache(program: Program) -> None:
    program.get(REGISTRY)
    (token,) = program.cache.glob("token-*")
    token.unlink()
    token.mkdir()
    result = program.get(REGISTRY)
    assert result.secret == SECRET
    assert "the token is not kept" in result.stderr


def test_what_is_over_is_pruned(program: Program) -> None:
    now = time.time()
    keep(program, now - 13 * HOUR, now - 1 * HOUR)
    leftover = program.cache / "new-abandoned"
    leftover.write_text("half a rec")
    foreign = program.cache / "somebody's"
    foreign.write_text("")
    program.get("ecr.example.com", AWS_ECR_CUSTOM_DISCOVER="0")
    program.get(REGISTRY.replace("us-east-1", "eu-west-1"))
    # Written a moment ago, it may be another run's.
    assert leftover.exists()
    assert foreign.exists()
    assert len(list(program.cache.glob("token-*"))) == 1


def test_a_logout_removes_the_token_of_a_domain_whose_route_is_over(
    program: Program, aws: FakeAws, domain: FakeDomain
) -> None:
    program.get(domain.host)
    (route,) = program.cache.glob("route-*")
    route.write_bytes(_with_lines(route.read_bytes(), {9: b"1.0"}))
    program.get(REGISTRY.replace("us-east-1", "eu-west-1"))
    assert program.run("erase", stdin=domain.host).code == 0
    assert program.get(domain.host).secret == SECRET
    assert aws.tokens_asked == 3


def test_caching_can_be_turned_off(program: Program, aws: FakeAws) -> None:
    for _ in range(2):
        assert program.get(REGISTRY, AWS_ECR_DISABLE_CACHE="anything").secret == SECRET
    assert aws.tokens_asked == 2
    assert not program.cache.exists()


@pytest.mark.parametrize("directory", ["~/elsewhere", "{home}/elsewhere"])
def test_the_cache_directory_can_be_chosen(program: Program, aws: FakeAws, directory: str) -> None:
    for _ in range(2):
        program.get(REGISTRY, AWS_ECR_CACHE_DIR=directory.format(home=program.home))
    assert aws.tokens_asked == 1
    assert list((program.home / "elsewhere" / "custom").glob("token-*"))


def test_not_found_is_remembered_for_a_while(program: Program) -> None:
    results = [program.get("unmapped.example.com", AWS_ECR_CUSTOM_DISCOVER="0") for _ in range(2)]
    assert results[0] == results[1]
    assert results[1].stdout == NOT_FOUND
    settings = HelperSettings(program.environ | {"AWS_ECR_CUSTOM_DISCOVER": "0"})
    key = route_key(settings, "unmapped.example.com", False)
    cache = Cache(settings.cache_directory)
    now = time.time()
    assert cache.route(key, "unmapped.example.com", now) is not None
    assert cache.route(key, "unmapped.example.com", now + 61) is None
