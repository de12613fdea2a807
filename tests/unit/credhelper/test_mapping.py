"""custom.json: what is refused, with its place, and what a mapping is written as."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from credhelper.errors import InvalidFile
from credhelper.mapping import DomainMapping, DomainMappings

REGISTRY = "123456789012.dkr.ecr.us-east-1.amazonaws.com"
ROLE = "arn:aws:iam::123456789012:role/pull"


def read(directory: Path, content: bytes) -> DomainMappings:
    path = directory / "custom.json"
    path.write_bytes(content)
    return DomainMappings.read(str(path))


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("ghcr.io", "'ghcr.io' is not a valid ECR registry host"),
        (f"{REGISTRY}.evil.test", "is not a valid ECR registry host"),
        ("", "is not a valid registry host"),
        (5, "ecr.example.com is a number; expected a registry host or an object"),
        (None, "is null"),
        ([], "is an array"),
        ({"registry": 1}, "registry is a number; expected a string"),
        ({"registri": REGISTRY}, "has a member 'registri'"),
        ({"registry": REGISTRY, "role_arn": "admin"}, "role_arn is 'admin'"),
        ({"role_arn": "x:role/y"}, "role_arn is 'x:role/y'"),
        ({"role_arn": "arn:aws:iam::123456789012:user/x"}, "expected arn:aws:iam::ACCOUNT:role/NAME"),
        ({"registry": REGISTRY, "region": "../x"}, "region is '../x'"),
        ({"region": "us-east-\u0661"}, "expected a name such as us-east-1"),
        ({"registry": REGISTRY, "profile": "a\nb"}, "expected text of one line"),
    ],
)
def test_a_mapping_that_cannot_be_used_is_refused_with_its_place(
    value: object, words: str, tmp_path: Path
) -> None:
    with pytest.raises(InvalidFile) as refused:
        read(tmp_path, json.dumps({"ecr.example.com": value}).encode())
    assert f"{tmp_path}/custom.json:1:21: " in str(refused.value)
    assert words in str(refused.value)


@pytest.mark.parametrize(
    ("content", "place"),
    [
        (b'{"a": "b",\n  "c"; "d"}', ":2:6: not valid JSON"),
        (b"", ":1:1: not valid JSON"),
        (b"[]", ":1:1: an array; expected a JSON object"),
        (b' \n "x"', ":2:2: a string; expected"),
        (b"\xef\xbb\xbf{}", ":1:1: not valid JSON"),
        (b"[" * 100_000, ":1:1: nested too deeply"),
        (b"{" + b" " * (16 * 1024 * 1024) + b"}", ":1:1: more than 16777216 bytes"),
        # The column is counted in characters.
        (b'{"\xc3\xa9": "x", "\xff', ":1:13: not UTF-8 text"),
        (f'{{"docker.io": "{REGISTRY}"}}'.encode(), ":1:15: 'docker.io' is Docker Hub"),
        (f'{{"not a host": "{REGISTRY}"}}'.encode(), ":1:16: 'not a host' is not a valid domain"),
    ],
    ids=lambda each: str(each[:20]),
)
def test_a_malformed_file_is_refused_with_line_and_column(content: bytes, place: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidFile) as refused:
        read(tmp_path, content)
    assert f"custom.json{place}" in str(refused.value)


@pytest.mark.parametrize(
    ("mapping", "written"),
    [
        (DomainMapping(REGISTRY), REGISTRY),
        (DomainMapping(REGISTRY, profile="p"), {"registry": REGISTRY, "profile": "p"}),
        (DomainMapping(role_arn=ROLE, region="us-west-2"), {"role_arn": ROLE, "region": "us-west-2"}),
    ],
)
def test_a_mapping_is_written_in_its_shortest_form_and_read_again(
    mapping: DomainMapping, written: object, tmp_path: Path
) -> None:
    mappings = read(tmp_path, b'{"other.example.com": {"profile": "kept"}}')
    members = mappings.with_domains({"ecr.example.com": mapping})
    assert members == {"other.example.com": {"profile": "kept"}, "ecr.example.com": written}
    assert read(tmp_path, json.dumps(members).encode()).domains["ecr.example.com"] == mapping
