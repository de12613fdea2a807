"""What an operation's events say to people: how far it is, what it waits for, why it failed."""

from __future__ import annotations

from typing import Any

import pytest

from infra.progress import Progress

STACK = "arn:aws:cloudformation:us-west-2:123456789012:stack/s/1"


def event(name: str, status: str, kind: str = "AWS::Logs::LogGroup", reason: str = "") -> dict[str, Any]:
    found = {
        "StackId": STACK,
        "LogicalResourceId": name,
        "PhysicalResourceId": STACK if name == "s" else "",
        "ResourceType": kind,
        "ResourceStatus": status,
    }
    return {**found, "ResourceStatusReason": reason} if reason else found


def progress(*events: dict[str, Any]) -> Progress:
    made = Progress()
    made.add(events)
    return made


def test_the_slow_resource_is_what_is_waited_for() -> None:
    made = progress(
        event("s", "CREATE_IN_PROGRESS"),
        event("Logs", "CREATE_IN_PROGRESS"),
        event("Cert", "CREATE_IN_PROGRESS", "AWS::CertificateManager::Certificate"),
        event("Role", "CREATE_IN_PROGRESS", "AWS::IAM::Role"),
        event("Role", "CREATE_COMPLETE", "AWS::IAM::Role"),
    )
    assert made.waiting_for.startswith("Cert (AWS::CertificateManager::Certificate), usually 2 to 10 minutes")
    assert made.done == 1


def test_without_an_event_nothing_has_begun() -> None:
    assert not progress().begun
    assert progress(event("s", "UPDATE_IN_PROGRESS")).begun


def test_the_first_failure_is_the_reason_and_not_what_was_cancelled_for_it() -> None:
    made = progress(
        event("Logs", "CREATE_FAILED", reason="Resource creation cancelled"),
        event("Role", "CREATE_FAILED", "AWS::IAM::Role", "no\nsuch  policy."),
        event("Other", "CREATE_FAILED", reason="later"),
    )
    assert made.failure == "Role (AWS::IAM::Role): no such policy; put it right"


@pytest.mark.parametrize(
    ("reason", "remedy"),
    [
        ("One or more of the CNAMEs you provided are already associated with a different resource", "alias"),
        ("User x is not authorized to perform: iam:CreateRole", "infra/templates/deployer.json"),
        ("custom-ecr-domain already exists", "which is not this stack's"),
        ("Your account must be verified (Error Code: AccessDenied)", "ask AWS Support to verify the account"),
        ("Certificate arn:x in account 1 is in use.", "wait half an hour"),
    ],
)
def test_known_reasons_say_what_to_do(reason: str, remedy: str) -> None:
    assert remedy in progress(event("X", "CREATE_FAILED", reason=reason)).failure


def test_a_failure_without_a_reason_is_still_a_sentence() -> None:
    assert "no reason" in progress(event("X", "CREATE_COMPLETE")).failure
    assert progress(event("X", "CREATE_FAILED")).failure.startswith("X (AWS::Logs::LogGroup): CREATE_FAILED")
