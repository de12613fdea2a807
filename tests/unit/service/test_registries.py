"""Several registries behind one name: whose a repository is, and which prefixes and regions are taken."""

from __future__ import annotations

import pytest

from chalicelib.registries import Registries, RegistryPrefix, is_prefix, region_fault
from chalicelib.registry_host import RegistryHost

DEFAULT = RegistryHost.parse("111111111111.dkr.ecr.us-west-2.amazonaws.com")
PAYMENTS = RegistryHost.parse("222222222222.dkr.ecr.us-west-2.amazonaws.com")
CARDS = RegistryHost.parse("333333333333.dkr.ecr.us-west-2.amazonaws.com")
REGISTRIES = Registries(
    DEFAULT, (RegistryPrefix("payments/cards/", CARDS), RegistryPrefix("payments/", PAYMENTS))
)


@pytest.mark.parametrize(
    ("repository", "registry"),
    [
        ("payments/app", PAYMENTS),
        ("payments/a/b/c", PAYMENTS),
        # The longest prefix, and at a slash only.
        ("payments/cards/app", CARDS),
        # One repository can be named as well, with the slash.
        ("payments/cards", CARDS),
        ("payments/cardsharp", PAYMENTS),
        ("payments", PAYMENTS),
        ("payments-old/app", DEFAULT),
        ("team/payments/app", DEFAULT),
        ("Payments/app", DEFAULT),
        ("", DEFAULT),
        # The registry reads the escapes of a path, and so does this.
        ("payments%2Fapp", PAYMENTS),
        ("p%61yments/cards%2fapp", CARDS),
        ("payments%252Fapp", DEFAULT),
        ("payments%", DEFAULT),
    ],
)
def test_a_repository_is_in_the_registry_of_its_longest_prefix(
    repository: str, registry: RegistryHost
) -> None:
    assert REGISTRIES.of_repository(repository) == registry


def test_without_prefixes_there_is_one_registry() -> None:
    assert Registries(DEFAULT).of_repository("payments/app") == DEFAULT
    assert Registries(DEFAULT).all() == (DEFAULT,)


def test_every_registry_is_listed_once() -> None:
    twice = Registries(DEFAULT, (RegistryPrefix("a/", PAYMENTS), RegistryPrefix("b/", PAYMENTS)))
    assert twice.all() == (DEFAULT, PAYMENTS)


@pytest.mark.parametrize(
    ("authority", "registry"),
    [
        (PAYMENTS.authority, PAYMENTS),
        (DEFAULT.authority, DEFAULT),
        (DEFAULT.authority.upper(), None),
        (f"{DEFAULT.authority}:443", None),
        (f"{DEFAULT.authority}.", None),
        (f"AWS@{DEFAULT.authority}", None),
        (DEFAULT.origin, None),
        ("", None),
    ],
)
def test_an_authority_is_that_of_a_registry_letter_for_letter(
    authority: str, registry: RegistryHost | None
) -> None:
    assert REGISTRIES.with_authority(authority) == registry


@pytest.mark.parametrize(
    ("text", "accepted"),
    [
        ("payments/", True),
        ("payments/cards/", True),
        ("a.b_c-d/0/", True),
        ("payments", False),
        ("/payments/", False),
        ("payments//", False),
        ("/", False),
        ("", False),
        ("Payments/", False),
        ("pay ments/", False),
        ("-payments/", False),
        ("payments-/", False),
        ("../", False),
        ("payments/*", False),
        ("payments%2F", False),
        ("payments/\n", False),
        ("päyments/", False),
    ],
)
def test_a_prefix_is_made_of_whole_path_components(text: str, accepted: bool) -> None:
    assert is_prefix(text) is accepted


@pytest.mark.parametrize(
    "other",
    [
        "222222222222.dkr.ecr.us-east-1.amazonaws.com",
        "222222222222.dkr.ecr.cn-north-1.amazonaws.com.cn",
        "registry.example.com",
        "public.ecr.aws",
    ],
)
def test_a_registry_of_another_region_does_not_take_the_same_token(other: str) -> None:
    fault = region_fault((DEFAULT, PAYMENTS, RegistryHost.parse(other)))
    assert fault is not None
    assert other in fault
    assert DEFAULT.authority in fault


def test_all_forms_of_one_regions_registries_take_one_token() -> None:
    forms = (
        "dkr.ecr.us-west-2.amazonaws.com",
        "dkr.ecr-fips.us-west-2.amazonaws.com",
        "dkr-ecr.us-west-2.on.aws",
    )
    assert region_fault(tuple(RegistryHost.parse(f"123456789012.{form}") for form in forms)) is None
    others = tuple(RegistryHost.parse(f"http://127.0.0.1:{port}") for port in (5000, 5001))
    assert region_fault(others) is None
