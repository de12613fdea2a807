"""The policies that docs/iam.md gives to copy: well-formed, of actions that exist, and enough for what
real clients were recorded to ask."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import botocore.session
import pytest

from tests.docs.markdown_page import ROOT, CodeBlock, MarkdownPage
from tests.standins.package import CFN_LINT

PAGE = MarkdownPage.read(ROOT / "docs" / "iam.md")
POLICIES = [block for block in PAGE.blocks if block.language == "json"]
RECORDED = ROOT / "tests" / "unit" / "service" / "recorded" / "requests.jsonl"
_ROW = re.compile(r"^\| (?P<methods>`[A-Z`, ]+`) `NAME/(?P<path>[\w/]+)` \| `(?P<action>ecr:\w+)` \|$", re.M)


def _policy(section: str) -> dict[str, Any]:
    policy: dict[str, Any] = json.loads(next(b.text for b in POLICIES if b.section == section))
    return policy


def _actions(policy: dict[str, Any]) -> list[str]:
    actions = [statement["Action"] for statement in policy["Statement"]]
    return [name for action in actions for name in (action if isinstance(action, list) else [action])]


def _action_of(method: str, target: str) -> str | None:
    """The action for a request, by the page's own table; None for `/v2/`, which needs none."""
    path = target.partition("?")[0].removeprefix("/v2/")
    if not path:
        return None
    for row in _ROW.finditer(PAGE.text):
        form = re.sub(r"REFERENCE|DIGEST|ID", "[^/]+", row["path"])
        if f"`{method}`" in row["methods"] and re.fullmatch(rf"[a-z0-9._/-]+/{form}", path):
            return row["action"]
    raise AssertionError(f"no row for {method} {target}")


def _resource(block: CodeBlock) -> dict[str, Any]:
    """The resource of CloudFormation that takes a policy of this kind."""
    policy = json.loads(block.text)
    principals = [statement.get("Principal", {}) for statement in policy["Statement"]]
    if any("Federated" in principal for principal in principals):
        return {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": policy}}
    if any(principals):
        return {"Type": "AWS::ECR::Repository", "Properties": {"RepositoryPolicyText": policy}}
    return {"Type": "AWS::IAM::ManagedPolicy", "Properties": {"PolicyDocument": policy}}


def _lint(resources: dict[str, Any], directory: Path) -> str:
    template = directory / "template.json"
    template.write_text(json.dumps({"AWSTemplateFormatVersion": "2010-09-09", "Resources": resources}))
    done = subprocess.run([*CFN_LINT, template], capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


def test_the_linter_of_cloudformation_accepts_every_policy(tmp_path: Path) -> None:
    assert len(POLICIES) == 6
    resources = {f"Policy{number}": _resource(block) for number, block in enumerate(POLICIES)}
    assert _lint(resources, tmp_path) == ""
    resources["Policy0"]["Properties"]["PolicyDocument"]["Statement"][0]["Action"] = "ecr:GetToken"
    assert "gettoken" in _lint(resources, tmp_path)


@pytest.mark.parametrize("block", POLICIES, ids=lambda block: block.section)
def test_every_action_is_an_operation_of_its_service(block: CodeBlock) -> None:
    session = botocore.session.get_session()
    for action in _actions(json.loads(block.text)):
        service, _, operation = action.partition(":")
        assert operation in session.get_service_model(service).operation_names


@pytest.mark.parametrize(
    "line", RECORDED.read_text().splitlines(), ids=lambda line: json.loads(line)["client"]
)
def test_the_policies_allow_what_clients_were_recorded_to_ask(line: str) -> None:
    """A pull needs the first policy alone. Listing tags is an action that the page says to add."""
    request = json.loads(line)
    action = _action_of(request["method"], request["target"])
    section = "Pull" if request["client"].endswith("pull") else "Push"
    assert action in {None, "ecr:ListImages", *_actions(_policy(section))}


def test_no_policy_allows_more_than_the_table_needs() -> None:
    needed = {row["action"] for row in _ROW.finditer(PAGE.text)} | {"ecr:GetAuthorizationToken"}
    assert set(_actions(_policy("Pull"))) < set(_actions(_policy("Push"))) < needed
    assert set(_actions(_policy("Pull"))) - {"ecr:GetAuthorizationToken"} == set(
        _actions(_policy("Another account's repositories"))
    )
