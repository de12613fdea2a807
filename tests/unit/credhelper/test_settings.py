"""Settings: defaults, and where botocore's files are."""

from __future__ import annotations

import os
import pwd

import pytest

from credhelper.errors import InvalidVariable
from credhelper.settings import DEFAULT_TIMEOUT, EVERY_HOST, LISTED_HOSTS, NO_HOST, HelperSettings


def _settings(**environ: str) -> HelperSettings:
    return HelperSettings({"HOME": "/nowhere", **environ})


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
        assert settings.discover == LISTED_HOSTS


def test_two_values_say_that_no_host_or_every_host_may_be_asked() -> None:
    assert _settings(AWS_ECR_CUSTOM_DISCOVER="0").discover == NO_HOST
    assert _settings(AWS_ECR_CUSTOM_DISCOVER="1").discover == EVERY_HOST


@pytest.mark.parametrize("value", ["none", "00", "2", "true", "false", "off", " 0", "https://u:hunter2@h"])
def test_an_unknown_value_means_neither(value: str) -> None:
    """Each of these used to mean that every host may be asked."""
    with pytest.raises(InvalidVariable, match="AWS_ECR_CUSTOM_DISCOVER is ") as refused:
        _ = _settings(AWS_ECR_CUSTOM_DISCOVER=value).discover
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize("value", ["0", "-1", "soon", "nan", "inf", "3601"])
def test_a_time_limit_that_is_none_is_refused(value: str) -> None:
    with pytest.raises(InvalidVariable, match=f"AWS_ECR_CUSTOM_TIMEOUT is '{value}'"):
        _ = _settings(AWS_ECR_CUSTOM_TIMEOUT=value).timeout


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/etc/aws", "/etc/aws"),
        ("~/aws", "/nowhere/aws"),
        ("$A/aws", "/of/a/aws"),
        ("~/${A}x/$B$UNSET", "/nowhere//of/ax/b$UNSET"),
        ("~root/aws", f"{pwd.getpwnam('root').pw_dir}/aws"),
        ("~nobody-of-that-name/aws", "~nobody-of-that-name/aws"),
        ("$HOME/aws", "/nowhere/aws"),
    ],
)
def test_a_file_of_botocores_is_looked_for_where_botocore_looks(
    path: str, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    variables = {"HOME": "/nowhere", "A": "/of/a", "B": "b"}
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("UNSET", raising=False)
    settings = HelperSettings(variables | {"AWS_CONFIG_FILE": path})
    assert settings.aws_files[0] == expected
    # As botocore does it (botocore/configloader.py, raw_config_parse).
    assert os.path.expanduser(os.path.expandvars(path)) == expected  # noqa: PTH111


def test_botocore_reads_botos_files_as_well() -> None:
    assert _settings().aws_files[2:] == ["/etc/boto.cfg", "/nowhere/.boto"]
    assert _settings(BOTO_CONFIG="~/x").aws_files[2:] == ["/nowhere/x"]
