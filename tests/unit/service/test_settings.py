"""Settings: read once, and refused with the variable, the value and the accepted form."""

from __future__ import annotations

import json

import pytest

from chalicelib.errors import InvalidSetting
from chalicelib.registries import Registries, RegistryPrefix
from chalicelib.registry_host import RegistryHost
from chalicelib.settings import RedirectMode, Settings

HOST = "123456789012.dkr.ecr.us-west-2.amazonaws.com"
OTHER = "222222222222.dkr.ecr.us-west-2.amazonaws.com"
ELSEWHERE = "222222222222.dkr.ecr.eu-west-1.amazonaws.com"
REGISTRY = RegistryHost.parse(HOST)
LAMBDA = {"AWS_LAMBDA_FUNCTION_NAME": "x", "AWS_REGION": "us-west-2"}


def prefixes(*names: str) -> tuple[RegistryPrefix, ...]:
    return tuple(RegistryPrefix(name, RegistryHost.parse(OTHER)) for name in names)


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, Settings(None, (), RedirectMode.RELAY)),
        # Chalice and consoles write empty strings for "not set".
        ({"ECR_REGISTRY": "", "ECR_REGISTRIES": "", "REDIRECT_MODE": ""}, Settings()),
        ({"ECR_REGISTRY": HOST}, Settings(REGISTRY)),
        ({"REDIRECT_MODE": "plain"}, Settings(mode=RedirectMode.PLAIN)),
        ({"REDIRECT_MODE": "relay"}, Settings(mode=RedirectMode.RELAY)),
        ({"REDIRECT_MODE": "edge"}, Settings(mode=RedirectMode.EDGE)),
        ({"ECR_REGISTRIES": "{}"}, Settings()),
        # The longest prefix comes first, in whatever order they are written.
        (
            {"ECR_REGISTRY": HOST, "ECR_REGISTRIES": json.dumps({"a/": OTHER, "a/b/": OTHER, "c/": OTHER})},
            Settings(REGISTRY, prefixes("a/b/", "a/", "c/")),
        ),
    ],
)
def test_settings_come_from_three_variables(environment: dict[str, str], expected: Settings) -> None:
    assert Settings.from_environment(environment) == expected


@pytest.mark.parametrize(
    ("variable", "text", "value", "words"),
    [
        ("ECR_REGISTRY", "my registry", "my registry", "HOST[:PORT]"),
        ("ECR_REGISTRY", f"http://{HOST}", f"http://{HOST}", "loopback"),
        ("ECR_REGISTRY", f"{HOST}/my-repo", f"{HOST}/my-repo", "HOST[:PORT]"),
        ("REDIRECT_MODE", "Plain", "Plain", "edge, relay or plain"),
        ("REDIRECT_MODE", "proxy", "proxy", "edge, relay or plain"),
        ("REDIRECT_MODE", "auto", "auto", "relay, which is what auto is called now"),
        ("ECR_REGISTRIES", "payments/", "payments/", "it is not JSON"),
        ("ECR_REGISTRIES", '{"a/": ', '{"a/": ', "it is not JSON"),
        ("ECR_REGISTRIES", "[" * 100_000, "[" * 200 + "…", "it is not JSON"),
        ("ECR_REGISTRIES", f'["{OTHER}"]', f'["{OTHER}"]', "it is not an object"),
        ("ECR_REGISTRIES", f'[["a/", "{OTHER}"]]', f'[["a/", "{OTHER}"]]', "it is not an object"),
        ("ECR_REGISTRIES", f'"{OTHER}"', f'"{OTHER}"', "it is not an object"),
        ("ECR_REGISTRIES", "null", "null", "it is not an object"),
        ("ECR_REGISTRIES", f'{{"a": "{OTHER}"}}', "a", "this is not a prefix"),
        ("ECR_REGISTRIES", f'{{"": "{OTHER}"}}', "", "this is not a prefix"),
        ("ECR_REGISTRIES", f'{{"A/": "{OTHER}"}}', "A/", "this is not a prefix"),
        ("ECR_REGISTRIES", f'{{"a/": "{OTHER}", "a/": "{HOST}"}}', "a/", "this prefix is there twice"),
        ("ECR_REGISTRIES", '{"a/": ""}', "a/", "this prefix has no registry"),
        ("ECR_REGISTRIES", '{"a/": null}', "a/", "this prefix has no registry"),
        ("ECR_REGISTRIES", '{"a/": {}}', "a/", "this prefix has no registry"),
        ("ECR_REGISTRIES", '{"a/": "my registry"}', "my registry", "is not a host name"),
    ],
)  # fmt: skip
def test_a_bad_setting_names_itself_its_value_and_the_accepted_form(
    variable: str, text: str, value: str, words: str
) -> None:
    with pytest.raises(InvalidSetting) as refused:
        Settings.from_environment({variable: text})
    assert (refused.value.variable, refused.value.value) == (variable, value)
    line = str(refused.value)
    assert f"{variable}={value!r}" in line
    assert words in line
    assert variable != "ECR_REGISTRIES" or '{"payments/": "123456789012.dkr.ecr.' in line
    assert "\n" not in line


@pytest.mark.parametrize(
    "environment",
    [
        {"ECR_REGISTRY": HOST, "ECR_REGISTRIES": f'{{"a/": "{ELSEWHERE}"}}'},
        {"ECR_REGISTRY": HOST, "ECR_REGISTRIES": '{"a/": "registry.example.com"}'},
        {"ECR_REGISTRIES": f'{{"a/": "{HOST}", "b/": "{ELSEWHERE}"}}'},
        # The default is the function's own registry, whose region is known at start.
        {"ECR_REGISTRIES": f'{{"a/": "{OTHER}"}}', **LAMBDA, "AWS_REGION": "eu-west-1"},
        {"ECR_REGISTRIES": '{"a/": "registry.example.com"}', **LAMBDA},
    ],
)
def test_registries_of_two_regions_are_refused_at_start(environment: dict[str, str]) -> None:
    with pytest.raises(InvalidSetting, match="region") as refused:
        Settings.from_environment(environment)
    assert refused.value.variable == "ECR_REGISTRIES"
    assert "\n" not in str(refused.value)


def test_registries_of_the_functions_own_region_are_taken() -> None:
    settings = Settings.from_environment({"ECR_REGISTRIES": f'{{"a/": "{OTHER}"}}', **LAMBDA})
    registries = settings.registries("arn:aws:lambda:us-west-2:123456789012:function:x")
    assert registries == Registries(REGISTRY, prefixes("a/"))


def test_a_function_elsewhere_is_no_default_for_registries_here() -> None:
    """Outside Lambda the region of the function is not known before its ARN is."""
    settings = Settings.from_environment({"ECR_REGISTRIES": f'{{"a/": "{OTHER}"}}'})
    with pytest.raises(InvalidSetting, match="region"):
        settings.registries("arn:aws:lambda:eu-west-1:123456789012:function:x")


@pytest.mark.parametrize(
    ("variable", "text"),
    [
        ("ECR_REGISTRY", f"https://AWS:eyJsecret@{HOST}"),
        ("ECR_REGISTRIES", f'{{"a/": "https://AWS:eyJsecret@{HOST}"}}'),
        ("ECR_REGISTRIES", f"https://AWS:eyJsecret@{HOST}"),
        ("ECR_REGISTRIES", f'["https://AWS:eyJsecret@{HOST}"]'),
    ],
)
def test_a_password_in_a_setting_is_not_repeated(variable: str, text: str) -> None:
    with pytest.raises(InvalidSetting) as refused:
        Settings.from_environment({variable: text})
    assert "secret" not in str(refused.value)
    assert "secret" not in refused.value.value
