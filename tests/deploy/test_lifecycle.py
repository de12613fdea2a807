"""From an empty account to a working name and back: the real Chalice CLI, under the documented policy."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.deploy.aws_account import AwsAccount
from tests.deploy.aws_call import Call
from tests.deploy.conftest import POLICY, account_with_zone
from tests.deploy.deployer import DOMAIN, REGION, Deployer, Outcome
from tests.deploy.deployer_policy import Policy, covers
from tests.standins.certificates import Certificates
from tests.standins.ecr import FakeEcr
from tests.standins.registry_store import Manifest, digest_of

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
LAYER = b"layer bytes"


@dataclass
class Story:
    """What each step of a deployment's life came to."""

    outcomes: dict[str, Outcome] = field(default_factory=dict)
    resources: dict[str, Any] = field(default_factory=dict)
    changed: dict[str, list[str]] = field(default_factory=dict)
    calls: list[Call] = field(default_factory=list)
    pulled: list[tuple[int, bytes]] = field(default_factory=list)

    def changes(self, step: str) -> list[str]:
        return [change["change"] for change in self.outcomes[step].document()["changes"]]


@pytest.fixture(scope="module")
def story(
    account: AwsAccount, tmp_path_factory: pytest.TempPathFactory, certificates: Certificates, ecr: FakeEcr
) -> Iterator[Story]:
    story = Story()
    with account_with_zone(account, tmp_path_factory.mktemp("story"), certificates, ecr) as deployer:
        _live(deployer, story, ecr)
        yield story


def _live(deployer: Deployer, story: Story, ecr: FakeEcr) -> None:
    account = deployer.account
    apigateway, route53 = account.client("apigateway", REGION), account.client("route53", REGION)

    def step(name: str, *arguments: str) -> None:
        before = len(account.calls)
        story.outcomes[name] = deployer.run(*arguments)
        story.changed[name] = [call.name for call in account.calls[before:] if call.changes]

    deployer.time.on_sleep = lambda: account.issue_certificates(REGION)
    step(
        "init",
        "init",
        "--region",
        REGION,
        "--domain",
        DOMAIN,
        "--registry",
        deployer.registry,
        "--yes",
        "--json",
    )
    story.resources["before"] = deployer.resources()
    step("plan", "plan", "--json")
    step("up", "up", "--yes", "--json")
    story.resources["up"] = deployer.resources()
    step("plan again", "plan", "--json")
    step("up again", "up", "--json")
    step("doctor", "doctor")
    story.pulled = _pull(deployer, ecr)

    # A checkout elsewhere has no record of what is deployed.
    shutil.rmtree(deployer.project / ".chalice" / "deployed")
    step("lost", "plan", "--json")
    check = route53.create_health_check(
        CallerReference="1", HealthCheckConfig={"Type": "TCP", "IPAddress": "192.0.2.1", "Port": 443}
    )["HealthCheck"]["Id"]
    account.set_log_role(REGION)
    domain = deployer.configuration()["stages"]["production"]["api_gateway_custom_domain"]
    deployer.configure(
        "production",
        own={"access_log": True, "health_check_id": check},
        tags={"owner": "me"},
        api_gateway_custom_domain={**domain, "tags": {**domain["tags"], "owner": "me"}},
        environment_variables={"REDIRECT_MODE": "plain", "ECR_REGISTRY": deployer.registry},
    )
    step("change", "up", "--yes", "--json")
    story.resources["change"] = deployer.resources()
    deployer.configure("production", own={"log_retention_in_days": 0})
    step("for ever", "up", "--yes", "--json")
    story.resources["for ever"] = deployer.resources()
    deployer.configure("production", own={"access_log": False}, api_gateway_custom_domain=domain)
    step("back", "up", "--yes", "--json")

    # By hand: what a deployment made outside of `up`, and someone in the console, leave behind.
    apigateway.delete_gateway_response(
        restApiId=story.resources["up"][REGION]["apis"][0], responseType="UNAUTHORIZED"
    )
    step("drift", "doctor", "--json")
    story.calls = list(account.calls)
    shutil.rmtree(deployer.project / ".chalice" / "deployed")
    step("down", "down", "--yes", "--json")
    story.calls = list(account.calls)
    story.resources["down"] = deployer.resources()
    step("down again", "down", "--yes")


def _pull(deployer: Deployer, ecr: FakeEcr) -> list[tuple[int, bytes]]:
    """A manifest and its layer, as a client that authenticates at the name it was given."""
    repository = ecr.store.repository("app")
    digest = repository.put_blob(LAYER)
    repository.put_manifest(Manifest(MANIFEST, b'{ "schemaVersion":  2 }\n'), "v1")
    headers = {"User-Agent": "crane/0.20", "Authorization": ecr.authorization, "Accept": MANIFEST}
    answers = []
    for target in ("/v2/app/manifests/v1", f"/v2/app/blobs/{digest}"):
        status, found, body = deployer.internet.request("GET", DOMAIN, target, headers)
        answers.append((status, body or found.get("location", "").encode()))
    return answers


def test_every_step_ended_well(story: Story) -> None:
    failed = {name: outcome.err for name, outcome in story.outcomes.items() if outcome.status}
    assert list(failed) == ["drift"], failed


def test_init_requested_a_certificate_and_waited(story: Story) -> None:
    assert story.changed["init"] == ["acm:RequestCertificate", "route53:ChangeResourceRecordSets"]
    assert "waiting for ACM to issue the certificate" in story.outcomes["init"].err


def test_plan_changes_nothing_and_says_what_up_then_does(story: Story) -> None:
    assert story.changed["plan"] == []
    assert story.changes("plan") == story.changes("up")
    assert story.changes("up") == [
        "KeepLogs", "KeepLogs", "Deploy", "Describe", "Describe", "Describe", "TagApi", "RouteName"
    ]  # fmt: skip


def test_up_makes_what_the_original_module_made(story: Story) -> None:
    made = story.resources["up"][REGION]
    assert [function["FunctionName"] for function in made["functions"]] == [
        "custom-ecr-domain-production",
        "custom-ecr-domain-production-challenge",
    ]
    assert len(made["apis"]) == len(made["domains"]) == 1
    assert made["log groups"] == {
        "/aws/lambda/custom-ecr-domain-production": 14,
        "/aws/lambda/custom-ecr-domain-production-challenge": 14,
    }
    target = made["domains"][0]["regionalDomainName"]
    aliases = [record for record in story.resources["up"]["records"] if "AliasTarget" in record]
    assert [
        (
            record["Type"],
            record["SetIdentifier"],
            record["Region"],
            record["AliasTarget"]["DNSName"].rstrip("."),
        )
        for record in aliases
    ] == [("A", REGION, REGION, target), ("AAAA", REGION, REGION, target)]


def test_outputs_have_the_originals_names(story: Story) -> None:
    outputs = story.outcomes["up"].document()["outputs"]
    assert sorted(outputs) == ["api", "api_domain", "api_stage", "log_groups", "proxy"]
    assert outputs["api_domain"]["domain_name"] == DOMAIN
    assert outputs["proxy"]["function_name"] == "custom-ecr-domain-production"
    assert all(outputs.values())


def test_log_groups_are_there_before_the_functions(story: Story) -> None:
    order = story.changed["up"]
    assert order.index("logs:PutRetentionPolicy") < order.index("lambda:CreateFunction")
    assert order.count("logs:PutRetentionPolicy") == 2


def test_a_second_up_asks_nobody_and_changes_nothing(story: Story) -> None:
    assert story.changes("plan again") == story.changes("up again") == []
    assert story.changed["up again"] == []


def test_doctor_sees_the_four_answers(story: Story) -> None:
    lines = story.outcomes["doctor"].out.splitlines()
    assert [line.split(":")[0] for line in lines] == [
        f"ok   {check}"
        for check in (
            *("certificate", "zone", "registry", "names", "domain", "records", "health check", "access log"),
            *("deployment", "dns", "certificate", "plain", "challenge", "relay"),
        )
    ]
    assert story.changed["doctor"] == []


def test_a_pull_goes_through_the_deployed_code(story: Story) -> None:
    (status, manifest), (redirect, location) = story.pulled
    assert (status, manifest) == (200, b'{ "schemaVersion":  2 }\n')
    assert redirect == 307
    assert digest_of(LAYER).partition(":")[2] in location.decode()


def test_a_lost_record_is_found_again(story: Story) -> None:
    assert story.changes("lost") == ["RestoreRecord"]
    assert story.resources["change"][REGION]["apis"] == story.resources["up"][REGION]["apis"]


def test_a_changed_configuration_changes_only_that(story: Story) -> None:
    assert story.changes("change") == [
        "RestoreRecord", "KeepLogs", "Deploy", "TagApi", "WriteAccessLog", "RouteName"
    ]  # fmt: skip
    made = story.resources["change"][REGION]
    assert {function["Environment"]["Variables"]["REDIRECT_MODE"] for function in made["functions"]} == {
        "plain"
    }
    assert made["domains"][0]["tags"] == {"custom-ecr-domain": "production", "owner": "me"}
    assert [finding["check"] for finding in story.outcomes["change"].document()["findings"]][-1] == "plain"


def test_what_chalice_has_no_part_in_is_changed_without_it(story: Story) -> None:
    assert story.changes("for ever") == ["KeepLogs", "KeepLogs", "KeepLogs"]
    assert set(story.resources["for ever"][REGION]["log groups"].values()) == {None}
    assert story.changes("back") == ["Deploy", "WriteAccessLog"]


def test_doctor_finds_a_gateway_response_that_was_deleted(story: Story) -> None:
    findings = story.outcomes["drift"].document()["findings"]
    problems = [finding["line"] for finding in findings if not finding["ok"]]
    assert any("the API's 401 sends None" in line for line in problems)
    assert story.changed["drift"] == []


def test_down_leaves_the_account_as_before(story: Story) -> None:
    assert story.resources["down"] == story.resources["before"]
    assert story.resources["before"] != story.resources["up"]
    assert "nothing of ecr.example.test is left" in story.outcomes["down again"].out


def test_the_policy_grants_what_is_used_and_no_more(story: Story) -> None:
    """The story ran under it, so that it grants enough. Each action is granted for a call that was made."""
    policy = Policy.read(POLICY)
    unused = {
        (action, pattern)
        for _, action, pattern in policy.grants()
        if not any(covers(action, pattern, call.action, call.resource) for call in story.calls)
    }
    # No calls of their own: AWS asks for the one when a function gets its role, for the other when an
    # account makes its first API.
    assert {action for action, _ in unused} == {"iam:PassRole", "iam:CreateServiceLinkedRole"}, unused


def test_no_call_shows_a_credential(story: Story) -> None:
    text = json.dumps([outcome.out + outcome.err for outcome in story.outcomes.values()])
    assert "stand-in" not in text
    assert "AKIA" not in text


def test_the_policy_is_valid_iam(tmp_path: Path) -> None:
    document = json.loads(POLICY.read_text(encoding="utf-8"))
    sids = [statement["Sid"] for statement in document["Statement"]]
    assert len(sids) == len(set(sids))
    assert all(sid.isalnum() for sid in sids)
    # IAM's limit for a managed policy, without white space.
    assert len(json.dumps(document, separators=(",", ":"))) <= 6144
