"""Clients' configuration: plans to change it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from credhelper.client_config import FileRemoval, helped_hosts, helper_change, helper_of, helper_removal
from credhelper.errors import ChangedMeanwhile
from credhelper.json_file import JsonFile, parse_json_object, read_json_file

REGISTRY = "123456789012.dkr.ecr.us-east-1.amazonaws.com"


def _file(members: object) -> JsonFile:
    return parse_json_object(Path("config.json"), json.dumps(members))


def test_helpers_are_changed_and_the_change_is_undone() -> None:
    before = {"auths": {}, "credHelpers": {"ghcr.io": "pass"}}
    (change,) = helper_change(_file(before), "ecr.example.com", REGISTRY)
    after = _file(change.members)
    assert helper_of(after, "ecr.example.com") == helper_of(after, REGISTRY) == "ecr-custom"
    assert helper_change(after, "ecr.example.com", REGISTRY) == []
    (removal,) = helper_removal(after, {"ecr.example.com", REGISTRY})
    assert removal.members == before
    assert helper_removal(_file(before), {"ghcr.io"}) == []


def test_a_host_in_capitals_is_removed_too() -> None:
    (removal,) = helper_removal(
        _file({"credHelpers": {"ECR.example.com": "ecr-custom"}}), {"ecr.example.com"}
    )
    assert removal.members == {}


def test_a_file_that_was_changed_meanwhile_is_not_removed(tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    path.write_text("{}")
    removal = FileRemoval(path, file=read_json_file(path))
    path.write_text('{"a": 1}')
    with pytest.raises(ChangedMeanwhile):
        removal.apply()
    assert path.exists()


def test_a_file_that_is_gone_with_its_directory_was_changed_too(tmp_path: Path) -> None:
    path = tmp_path / "docker" / "config.json"
    path.parent.mkdir()
    path.write_text("{}")
    removal = FileRemoval(path, file=read_json_file(path))
    path.unlink()
    path.parent.rmdir()
    with pytest.raises(ChangedMeanwhile):
        removal.apply()


def test_a_credential_store_for_all_hosts_counts() -> None:
    assert helper_of(_file({"credsStore": "ecr-custom"}), "any.example.com") == "ecr-custom"
    assert helper_of(_file({"credsStore": 5}), "any.example.com") == ""


def test_a_credential_store_for_all_hosts_lists_none() -> None:
    file = _file({"credsStore": "ecr-custom", "credHelpers": {"ECR.example.com": "ecr-custom", "x": "pass"}})
    assert helped_hosts(file) == ["ecr.example.com"]
