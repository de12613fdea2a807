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


def write_keys(path: Path, key: str) -> None:
    """Give `key` to whoever reads the file, as boto's or as the AWS SDKs'."""
    path.parent.mkdir(parents=True, exist_ok=True)
    keys = f"aws_access_key_id = {key}\naws_secret_access_key = s\n"
    path.write_text(f"[Credentials]\n{keys}[default]\n{keys}")


def keys_used(program: Program, aws: FakeAws, *environments: Mapping[str, str]) -> list[str]:
    """Whose credentials asked for each new token, of a `get` in each environment in turn."""
    for environ in environments:
        assert program.get(REGISTRY, **NO_KEYS, **environ).code == 0
    return [call.authorization.partition("Credential=")[2].partition("/")[0] for call in aws.calls]


@pytest.mark.parametrize(
    ("variable", "spelling"),
    [
        ("BOTO_CONFIG", "$WHO/config"),
        ("AWS_CONFIG_FILE", "$WHO/config"),
        ("AWS_CONFIG_FILE", "${WHO}/config"),
        ("AWS_SHARED_CREDENTIALS_FILE", "~/$WHO/config"),
    ],
)
def test_a_variable_in_a_path_is_part_of_the_identity(
    program: Program, aws: FakeAws, variable: str, spelling: str
) -> None:
    write_keys(program.home / "one" / "config", "AKIAONE")
    write_keys(program.home / "two" / "config", "AKIATWO")
    prefix = "" if spelling.startswith("~") else f"{program.home}/"
    one, two = ({variable: spelling, "WHO": f"{prefix}{name}"} for name in ("one", "two"))
    assert keys_used(program, aws, one, one, two, one) == ["AKIAONE", "AKIATWO"]


@pytest.mark.parametrize(
    ("file", "environ"),
    [
        (".boto", {}),
        ("boto", {"BOTO_CONFIG": "~/boto"}),
        (".aws/config", {}),
        (".aws/credentials", {}),
        ("one/config", {"AWS_CONFIG_FILE": "~/$WHO/config", "WHO": "one"}),
    ],
)
def test_an_edited_file_is_another_identity(
    program: Program, aws: FakeAws, file: str, environ: dict[str, str]
) -> None:
    """Even one that has the size and the time of the one before."""
    path = program.home / file
    write_keys(path, "AKIAONE")
    status = path.stat()
    assert keys_used(program, aws, environ, environ) == ["AKIAONE"]
    write_keys(path, "AKIATWO")
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert path.stat().st_ino == status.st_ino
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
