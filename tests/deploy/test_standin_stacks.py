"""The CloudFormation stand-in: how stacks come, change, fail and go."""

from __future__ import annotations

import pytest

from tests.deploy.console import LOGS, REGION, Console, Json, group, refused, template
from tests.deploy.deployer_policy import Policy
from tests.deploy.deployer_rights import ServiceRole
from tests.standins.cloudformation.change_set import NO_CHANGES, NO_UPDATES
from tests.standins.cloudformation.operation import NEVER


def test_a_change_set_changes_nothing_and_leaves_a_stack_in_review(console: Console) -> None:
    found = console.propose(template({"A": group("a")}))
    assert [each["ResourceChange"]["Action"] for each in found["Changes"]] == ["Add"]
    assert console.names() == []
    console.client.delete_change_set(StackName="s", ChangeSetName="c")
    assert console.status() == "REVIEW_IN_PROGRESS"
    console.client.delete_stack(StackName="s")
    console.account.stacks.settle()
    assert refused(console.status) == ("ValidationError", "Stack with id s does not exist")


def test_what_depends_is_made_later_and_deleted_earlier(console: Console) -> None:
    resources = {
        "C": {**group("c"), "DependsOn": "B"},
        "A": group("a"),
        "B": group({"Fn::Join": ["-", [{"Ref": "A"}, "b"]]}),  # type: ignore[arg-type]
    }
    assert console.deploy(template(resources)) == "CREATE_COMPLETE"
    assert console.names() == ["a", "a-b", "c"]
    identifier = console.client.describe_stacks(StackName="s")["Stacks"][0]["StackId"]
    console.client.delete_stack(StackName="s")
    console.account.stacks.settle()
    assert console.names() == []
    events = console.client.describe_stack_events(StackName=identifier)["StackEvents"]
    order = [(event["LogicalResourceId"], event["ResourceStatus"]) for event in reversed(events)]
    made = [name for name, status in order if status == "CREATE_COMPLETE"]
    gone = [name for name, status in order if status == "DELETE_COMPLETE"]
    assert (made, gone) == (["A", "B", "C", "s"], ["C", "B", "A", "s"])


def test_time_passes_with_each_look_alone(console: Console) -> None:
    console.account.stacks.faults.delays[LOGS, "create"] = 3
    console.propose(template({"A": group("a")}))
    console.client.execute_change_set(StackName="s", ChangeSetName="c")
    looks = 0
    while console.status() != "CREATE_COMPLETE":
        looks += 1
    assert looks > 3


def test_a_failed_creation_takes_everything_away_and_can_only_be_deleted(console: Console) -> None:
    console.account.stacks.faults.fail_at("B")
    resources = {"A": group("a"), "B": {**group("b"), "DependsOn": "A"}, "C": group("c")}
    assert console.deploy(template(resources)) == "ROLLBACK_COMPLETE"
    assert console.names() == []
    assert ("B", "CREATE_FAILED") in console.events()
    code, message = refused(lambda: console.propose(template(resources), "UPDATE"))
    assert (code, "is in ROLLBACK_COMPLETE state and can not be updated" in message) == (
        "ValidationError",
        True,
    )
    assert "already exists" in refused(lambda: console.propose(template(resources)))[1]


def test_what_a_failure_cancels_is_not_its_reason(console: Console) -> None:
    console.account.stacks.faults.fail_at("A", reason="the true reason")
    console.deploy(template({"A": group("a"), "B": group("b")}))
    events = console.client.describe_stack_events(StackName="s")["StackEvents"]
    reasons = {
        e["LogicalResourceId"]: e["ResourceStatusReason"]
        for e in events
        if e["ResourceStatus"] == "CREATE_FAILED"
    }
    assert "the true reason" in reasons["A"]
    assert reasons["B"] == "Resource creation cancelled"


def test_an_update_changes_only_what_differs(console: Console) -> None:
    console.deploy(template({"A": group("a", RetentionInDays=1), "B": group("b"), "C": group("c")}))
    new = template({"A": group("a", RetentionInDays=7), "B": group("b2"), "D": group("d")})
    changes = [each["ResourceChange"] for each in console.propose(new, "UPDATE")["Changes"]]
    assert [(c["Action"], c["LogicalResourceId"], c.get("Replacement")) for c in changes] == [
        ("Modify", "A", "False"),
        ("Modify", "B", "True"),
        ("Add", "D", None),
        ("Remove", "C", None),
    ]
    before = len(console.events())
    console.client.execute_change_set(StackName="s", ChangeSetName="c")
    console.account.stacks.settle()
    assert console.status() == "UPDATE_COMPLETE"
    assert console.names() == ["a", "b2", "d"]
    touched = [event for event in console.events()[before:] if event[0] == "A"]
    assert touched == [("A", "UPDATE_IN_PROGRESS"), ("A", "UPDATE_COMPLETE")]


@pytest.mark.parametrize(("verb", "name"), [("update", "A"), ("create", "D"), ("create", "B")])
def test_a_failed_update_is_undone(console: Console, verb: str, name: str) -> None:
    old = template({"A": group("a", RetentionInDays=1), "B": group("b"), "C": group("c")})
    console.deploy(old)
    before = list(console.account.stacks.inventory.resources)
    console.account.stacks.faults.fail_at(name, verb)
    resources = {"A": group("a", RetentionInDays=7), "B": group("b2"), "D": group("d")}
    assert console.deploy(template(resources), "UPDATE") == "UPDATE_ROLLBACK_COMPLETE"
    assert sorted(console.account.stacks.inventory.resources, key=str) == sorted(before, key=str)
    # The stack is as it was, also in its own memory.
    assert console.propose(old, "UPDATE")["Status"] == "FAILED"


def test_a_rollback_that_fails_waits_for_someone(console: Console) -> None:
    console.deploy(template({"A": group("a", RetentionInDays=1)}))
    faults = console.account.stacks.faults
    faults.fail_at("B")
    console.propose(
        template({"A": group("a", RetentionInDays=7), "B": {**group("b"), "DependsOn": "A"}}), "UPDATE"
    )
    console.client.execute_change_set(StackName="s", ChangeSetName="c")
    while ("A", "UPDATE_COMPLETE") not in console.events():
        pass
    faults.fail_at("A", "update")
    console.account.stacks.settle()
    assert console.status() == "UPDATE_ROLLBACK_FAILED"
    console.client.continue_update_rollback(StackName="s")
    console.account.stacks.settle()
    assert console.status() == "UPDATE_ROLLBACK_COMPLETE"


@pytest.mark.parametrize(
    ("sections", "expected"), [({}, NO_CHANGES), ({"Transform": "AWS::Serverless-2016-10-31"}, NO_UPDATES)]
)
def test_a_change_set_without_changes_fails(console: Console, sections: Json, expected: str) -> None:
    document = template({"A": group("a")}, **sections)
    console.deploy(document)
    found = console.propose(document, "UPDATE")
    assert (found["Status"], found["StatusReason"]) == ("FAILED", expected)
    code, _ = refused(lambda: console.client.execute_change_set(StackName="s", ChangeSetName="c"))
    assert code == "InvalidChangeSetStatus"


def test_a_template_is_expanded_with_the_rights_of_the_service_role(console: Console) -> None:
    console.account.stacks.role_caller = ServiceRole(Policy([]))
    role = {"RoleARN": "arn:aws:iam::123456789012:role/without-rights"}
    document = template({"A": group("a")}, Transform="AWS::Serverless-2016-10-31")
    found = console.propose(document, **role)
    assert (found["Status"], found["ExecutionStatus"]) == ("FAILED", "UNAVAILABLE")
    assert "CreateChangeSet on arn:aws:cloudformation:eu-west-1:aws:transform/" in found["StatusReason"]
    console.client.delete_change_set(StackName="s", ChangeSetName="c")
    assert console.propose(document)["Status"] == "CREATE_COMPLETE"
    console.client.delete_change_set(StackName="s", ChangeSetName="c")
    assert console.propose(template({"A": group("a")}), **role)["Status"] == "CREATE_COMPLETE"


def test_a_stack_in_progress_takes_no_other_change(console: Console) -> None:
    console.deploy(template({"A": group("a")}))
    console.account.stacks.faults.delays[LOGS, "create"] = NEVER
    console.propose(template({"A": group("a"), "B": group("b")}), "UPDATE")
    console.client.execute_change_set(StackName="s", ChangeSetName="c")
    document = template({"A": group("a")})
    assert (
        "is in UPDATE_IN_PROGRESS state and can not be updated"
        in refused(lambda: console.propose(document, "UPDATE"))[1]
    )
    assert (
        "cannot be deleted while in status UPDATE_IN_PROGRESS"
        in refused(lambda: console.client.delete_stack(StackName="s"))[1]
    )


def test_a_protected_stack_is_not_deleted(console: Console) -> None:
    console.deploy(template({"A": group("a")}))
    console.client.update_termination_protection(StackName="s", EnableTerminationProtection=True)
    assert (
        "TerminationProtection is enabled" in refused(lambda: console.client.delete_stack(StackName="s"))[1]
    )


def test_a_deletion_that_fails_can_be_repeated(console: Console) -> None:
    console.deploy(template({"A": group("a"), "B": group("b")}))
    console.account.stacks.faults.fail_at("A", "delete")
    console.client.delete_stack(StackName="s")
    console.account.stacks.settle()
    assert (console.status(), console.names()) == ("DELETE_FAILED", ["a"])
    console.client.delete_stack(StackName="s")
    console.account.stacks.settle()
    assert console.names() == []


def test_a_name_that_is_taken_fails(console: Console) -> None:
    console.account.client("logs", REGION).create_log_group(logGroupName="a")
    assert console.deploy(template({"A": group("a")})) == "ROLLBACK_COMPLETE"
    groups = console.account.client("logs", REGION).describe_log_groups()["logGroups"]
    assert [each["logGroupName"] for each in groups] == ["a"]


def test_drift_is_what_was_altered_by_hand(console: Console) -> None:
    console.deploy(template({"A": group("a", RetentionInDays=1), "B": group("b"), "C": group("c")}))
    inventory = console.account.stacks.inventory
    existing = console.account.stacks.existing(REGION, "s", "A")
    inventory.alter(existing, RetentionInDays=7)
    inventory.remove(console.account.stacks.existing(REGION, "s", "B"))
    detection = console.client.detect_stack_drift(StackName="s")["StackDriftDetectionId"]
    status = console.client.describe_stack_drift_detection_status(StackDriftDetectionId=detection)
    assert (status["StackDriftStatus"], status["DriftedStackResourceCount"]) == ("DRIFTED", 2)
    drifts = console.client.describe_stack_resource_drifts(StackName="s")["StackResourceDrifts"]
    assert [each["StackResourceDriftStatus"] for each in drifts] == ["MODIFIED", "DELETED", "IN_SYNC"]
    assert drifts[0]["PropertyDifferences"][0]["PropertyPath"] == "/RetentionInDays"


def test_a_record_has_no_drift(console: Console) -> None:
    route53 = console.account.client("route53", REGION)
    zone = route53.create_hosted_zone(Name="example.test", CallerReference="1")["HostedZone"]["Id"]
    alias = {"DNSName": "a.example.test", "HostedZoneId": "Z1"}
    record = {"Name": "x.example.test", "Type": "A", "HostedZoneId": zone.rpartition("/")[2]}
    properties = {**record, "AliasTarget": alias}
    console.deploy(template({"R": {"Type": "AWS::Route53::RecordSet", "Properties": properties}}))
    stacks = console.account.stacks
    stacks.inventory.alter(
        stacks.existing(REGION, "s", "R"), AliasTarget={**alias, "DNSName": "b.example.test"}
    )
    assert console.client.describe_stack_resource_drifts(StackName="s")["StackResourceDrifts"] == []


def test_many_events_come_in_pages(console: Console) -> None:
    resources = {f"A{number}": group(f"a{number}") for number in range(30)}
    console.deploy(template(resources))
    assert len(console.client.describe_stack_events(StackName="s")["StackEvents"]) < len(console.events())
    assert len(console.events()) == 3 * 30 + 3
