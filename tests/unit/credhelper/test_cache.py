"""Which records of the cache are kept, and which of them are found again."""

from __future__ import annotations

from pathlib import Path

import pytest

from credhelper.cache import Cache
from credhelper.cached_get import CLOCK_TOLERANCE, ROUTE_LIFETIME, RegistryRoute, Token

REGISTRY = "123456789012.dkr.ecr.us-east-1.amazonaws.com"
OTHER_REGISTRY = "123456789012.dkr.ecr.eu-west-1.amazonaws.com"
HOST = "ecr.example.com"
KEY = "0" * 64


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "custom"


@pytest.fixture
def cache(directory: Path) -> Cache:
    return Cache(str(directory))


@pytest.mark.parametrize(
    ("until", "found"),
    [
        (100.0, False),
        (101.0, True),
        (100.0 + ROUTE_LIFETIME + CLOCK_TOLERANCE, True),
        # The clock has been set back since: nobody can tell how old the record is.
        (101.0 + ROUTE_LIFETIME + CLOCK_TOLERANCE, False),
    ],
)
def test_a_route_is_found_until_its_time_is_over(cache: Cache, until: float, found: bool) -> None:
    cache.keep_route(KEY, RegistryRoute(HOST, REGISTRY), until)
    route = cache.route(KEY, HOST, now=100.0)
    assert (route is not None and route.registry == REGISTRY) == found


@pytest.mark.parametrize("time", ["soon", "nan", "inf", "-1"])
def test_a_record_with_a_time_that_is_none_is_absent(cache: Cache, directory: Path, time: str) -> None:
    cache.keep_token(KEY, Token(REGISTRY, "x", 0.0, 100.0))
    (record,) = directory.glob("token-*")
    record.write_text(record.read_text().replace("100.0", time))
    assert cache.token(KEY, REGISTRY) is None


def test_what_does_not_fit_a_line_is_not_kept(cache: Cache, directory: Path) -> None:
    for secret in ("two\nlines", 'a "quote"', ""):
        cache.keep_token(KEY, Token(REGISTRY, secret, 0.0, 100.0))
    cache.keep_route(KEY, RegistryRoute(HOST, "", reason="two\nlines"), 100.0)
    assert not directory.exists()


def test_a_cache_is_removed_only_where_nothing_else_is_in_its_directory(
    cache: Cache, directory: Path
) -> None:
    cache.keep_token(KEY, Token(REGISTRY, "x", 0.0, 100.0))
    (directory / "theirs").touch()
    with pytest.raises(OSError, match="not empty"):
        cache.clear()
    assert [path.name for path in directory.iterdir()] == ["theirs"]


def test_what_is_over_is_pruned_and_what_is_not_stays(cache: Cache, directory: Path) -> None:
    for key, registry, end in ((KEY, REGISTRY, 100.0), ("1" * 64, OTHER_REGISTRY, 101.0)):
        cache.keep_token(key, Token(registry, "x", 0.0, end))
        cache.keep_route(key, RegistryRoute(HOST, registry), end)
    cache.prune(now=100.0)
    assert {path.name for path in directory.iterdir()} == {"token-" + "1" * 64, "route-" + "1" * 64}


def test_a_route_stays_as_long_as_a_token_of_its_registry(cache: Cache, directory: Path) -> None:
    cache.keep_token(KEY, Token(REGISTRY, "x", 0.0, 100.0))
    cache.keep_route(KEY, RegistryRoute(HOST, REGISTRY), 10.0)
    cache.prune(now=99.0)
    assert cache.route(KEY, HOST, now=99.0) is None
    assert set(cache.records_of(HOST, set())) == {f"route-{KEY}", f"token-{KEY}"}
    cache.prune(now=100.0)
    assert list(directory.iterdir()) == []


@pytest.mark.parametrize("registry", [OTHER_REGISTRY, ""])
def test_a_token_is_found_by_the_host_whose_route_has_changed_since(
    cache: Cache, directory: Path, registry: str
) -> None:
    """It named another registry, or none, when it was asked again."""
    cache.keep_token(KEY, Token(REGISTRY, "x", 0.0, 100.0))
    for each, until in ((REGISTRY, 10.0), (registry, 20.0), (registry, 30.0)):
        cache.keep_route(KEY, RegistryRoute(HOST, each), until)
    cache.prune(now=15.0)
    assert f"token-{KEY}" in cache.records_of(HOST, set())
    cache.remove(cache.records_of(HOST, set()))
    assert list(directory.iterdir()) == []


def test_a_route_from_before_goes_with_the_token_of_its_registry(cache: Cache, directory: Path) -> None:
    for each in (REGISTRY, OTHER_REGISTRY):
        cache.keep_route(KEY, RegistryRoute(HOST, each), 20.0)
    cache.prune(now=15.0)
    assert [path.name for path in directory.iterdir()] == [f"route-{KEY}"]
