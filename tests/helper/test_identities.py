"""One identity's token is never another's, and one registry's never another host's."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.helper.fake_aws import FakeAws
from tests.helper.program import REGISTRY, Program

NO_KEYS = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}
OTHER = REGISTRY.replace("123456789012", "210987654321")


def write_boto(path: Path, key: str) -> None:
    path.write_text(f"[Credentials]\naws_access_key_id = {key}\naws_secret_access_key = s\n")


def write_config(path: Path, key: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"[default]\naws_access_key_id = {key}\naws_secret_access_key = s\n")


def keys_used(program: Program, aws: FakeAws, *environments: Mapping[str, str]) -> list[str]:
    """Whose credentials asked for each new token, of a `get` in each environment in turn."""
    for environ in environments:
        assert program.get(REGISTRY, **NO_KEYS, **environ).code == 0
    return [call.authorization.partition("Credential=")[2].partition("/")[0] for call in aws.calls]


def test_another_boto_config_is_another_identity(program: Program, aws: FakeAws) -> None:
    write_boto(program.home / "one", "AKIAONE")
    write_boto(program.home / "two", "AKIATWO")
    one, two = ({"BOTO_CONFIG": str(program.home / name)} for name in ("one", "two"))
    assert keys_used(program, aws, one, one, two, one) == ["AKIAONE", "AKIATWO"]


def test_an_edited_boto_file_is_another_identity(program: Program, aws: FakeAws) -> None:
    write_boto(program.home / ".boto", "AKIAONE")
    assert keys_used(program, aws, {}) == ["AKIAONE"]
    write_boto(program.home / ".boto", "AKIATWO2")
    assert keys_used(program, aws, {}) == ["AKIAONE", "AKIATWO2"]
    write_boto(program.home / "boto", "AKIATHREE")
    assert keys_used(program, aws, {"BOTO_CONFIG": "~/boto"})[-1] == "AKIATHREE"
    write_boto(program.home / "boto", "AKIAFOUR2")
    assert keys_used(program, aws, {"BOTO_CONFIG": "~/boto"})[-1] == "AKIAFOUR2"


@pytest.mark.parametrize("variable", ["AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"])
@pytest.mark.parametrize("spelling", ["$WHO/config", "${WHO}/config", "~/$WHO/config"])
def test_a_variable_in_a_path_is_part_of_the_identity(
    program: Program, aws: FakeAws, variable: str, spelling: str
) -> None:
    write_config(program.home / "one" / "config", "AKIAONE")
    write_config(program.home / "two" / "config", "AKIATWO")
    prefix = "" if spelling.startswith("~") else f"{program.home}/"
    one, two = ({variable: spelling, "WHO": f"{prefix}{name}"} for name in ("one", "two"))
    assert keys_used(program, aws, one, one, two, one) == ["AKIAONE", "AKIATWO"]


def test_an_edited_file_behind_a_variable_is_another_identity(program: Program, aws: FakeAws) -> None:
    environ = {"AWS_CONFIG_FILE": "$WHO/config", "WHO": str(program.home / "one")}
    write_config(program.home / "one" / "config", "AKIAONE")
    assert keys_used(program, aws, environ, environ) == ["AKIAONE"]
    write_config(program.home / "one" / "config", "AKIATWO")
    assert keys_used(program, aws, environ) == ["AKIAONE", "AKIATWO"]


def test_a_file_with_the_time_and_size_of_the_one_before_is_another_identity(
    program: Program, aws: FakeAws
) -> None:
    config = program.home / "config"
    write_config(config, "AKIAONE")
    status = config.stat()
    environ = {"AWS_CONFIG_FILE": str(config)}
    assert keys_used(program, aws, environ) == ["AKIAONE"]
    write_config(config, "AKIATWO")
    os.utime(config, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert config.stat().st_ino == status.st_ino
    assert keys_used(program, aws, environ) == ["AKIAONE", "AKIATWO"]


@pytest.mark.parametrize("kind", ["route", "token"])
def test_a_renamed_record_is_nobodys(program: Program, aws: FakeAws, kind: str) -> None:
    """It used to give one registry's token to another host."""
    aws.secrets = {"123456789012": "the one", "210987654321": "the other"}
    program.map({"one.example.com": REGISTRY, "other.example.com": OTHER})
    records: dict[str, Path] = {}
    for host in ("one.example.com", "other.example.com"):
        before = set(program.cache.glob(f"{kind}-*"))
        program.get(host)
        (records[host],) = set(program.cache.glob(f"{kind}-*")) - before
    records["one.example.com"].replace(records["other.example.com"])
    assert program.get("other.example.com").secret == "the other"
    assert program.get("one.example.com").secret == "the one"


def test_a_record_of_another_identity_is_nobodys(program: Program, aws: FakeAws) -> None:
    program.get(REGISTRY)
    (mine,) = program.cache.glob("token-*")
    aws.secret = "another identity's"
    program.get(REGISTRY, AWS_ACCESS_KEY_ID="AKIAOTHER")
    (theirs,) = set(program.cache.glob("token-*")) - {mine}
    theirs.replace(mine)
    aws.secret = "mine"
    assert program.get(REGISTRY).secret == "mine"
