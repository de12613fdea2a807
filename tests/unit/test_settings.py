"""Settings: read once, and refused with the variable, the value and the accepted form."""

from __future__ import annotations

import pytest

from chalicelib.errors import InvalidSetting
from chalicelib.registry_host import RegistryHost
from chalicelib.settings import RedirectMode, Settings

HOST = "123456789012.dkr.ecr.us-west-2.amazonaws.com"


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, Settings(None, RedirectMode.AUTO)),
        # Chalice and consoles write empty strings for "not set".
        ({"ECR_REGISTRY": "", "REDIRECT_MODE": ""}, Settings(None, RedirectMode.AUTO)),
        ({"ECR_REGISTRY": HOST}, Settings(RegistryHost.parse(HOST), RedirectMode.AUTO)),
        ({"REDIRECT_MODE": "plain"}, Settings(None, RedirectMode.PLAIN)),
    ],
)
def test_settings_come_from_two_variables(environment: dict[str, str], expected: Settings) -> None:
    assert Settings.from_environment(environment) == expected


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("ECR_REGISTRY", "my registry"),
        ("ECR_REGISTRY", f"http://{HOST}"),
        ("ECR_REGISTRY", f"{HOST}/my-repo"),
        ("REDIRECT_MODE", "Plain"),
        ("REDIRECT_MODE", "proxy"),
    ],
)
def test_a_bad_setting_names_itself_its_value_and_the_accepted_form(variable: str, value: str) -> None:
    with pytest.raises(InvalidSetting) as refused:
        Settings.from_environment({variable: value})
    assert (refused.value.variable, refused.value.value) == (variable, value)
    assert refused.value.expected in str(refused.value)
    assert f"{variable}={value!r}" in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_password_in_a_setting_is_not_repeated() -> None:
    with pytest.raises(InvalidSetting) as refused:
        Settings.from_environment({"ECR_REGISTRY": f"https://AWS:eyJsecret@{HOST}"})
    assert "secret" not in str(refused.value)
