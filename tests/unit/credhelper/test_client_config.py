"""Clients' configuration: plans to change it."""

from __future__ import annotations

import json
from pathlib import Path

from credhelper.client_config import helped_hosts, helper_change, helper_of, helper_removal
from credhelper.json_file import JsonFile, parse_json_object

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


def test_a_credential_store_for_all_hosts_counts() -> None:
    assert helper_of(_file({"credsStore": "ecr-custom"}), "any.example.com") == "ecr-custom"
    assert helper_of(_file({"credsStore": 5}), "any.example.com") == ""


def test_a_credential_store_for_all_hosts_lists_none() -> None:
    file = _file({"credsStore": "ecr-custom", "credHelpers": {"ECR.example.com": "ecr-custom", "x": "pass"}})
    assert helped_hosts(file) == ["ecr.example.com"]
