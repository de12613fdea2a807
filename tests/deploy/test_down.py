"""A deletion that CloudFormation cannot finish: `down` goes as far as it may, and a later one ends it."""

from __future__ import annotations

import json

import pytest

from infra.service_template import ADDRESS_RECORDS, MERGE_TEMPLATE
from tests.deploy.deployer import DOMAIN, EDGE_STACK, REGION, SERVICE_STACK, Deployer

IN_USE = "Certificate arn:aws:acm:eu-west-1:123456789012:certificate/1 in account 123456789012 is in use."


def fail_deletions(deployer: Deployer, logical_id: str, *reasons: str | None) -> None:
    """In both stacks; None: that deletion succeeds."""
    deployer.account.stacks.faults.failures["delete", logical_id] = list(reasons)


@pytest.mark.parametrize("reasons", [(IN_USE,), (None, IN_USE), (IN_USE, IN_USE)])
def test_a_certificate_that_is_in_use_for_a_while_is_tried_again(
    deployer: Deployer, reasons: tuple[str | None, ...]
) -> None:
    """The service's, the edge's, and both."""
    before = deployer.resources(REGION, "us-east-1")
    deployer.succeed("up", "--yes")
    fail_deletions(deployer, "Certificate", *reasons)
    down = deployer.succeed("down", "--yes")
    assert "could be deleted; it is tried once more in the end" in down.err
    assert deployer.resources(REGION, "us-east-1") == before


def test_a_certificate_that_stays_in_use_keeps_nothing_else_running(deployer: Deployer) -> None:
    before = deployer.resources(REGION, "us-east-1")
    deployer.succeed("up", "--yes")
    code = deployer.code()
    fail_deletions(deployer, "Certificate", IN_USE, None, IN_USE)
    message = deployer.run("down", "--yes").refusal()
    assert "Certificate (AWS::CertificateManager::Certificate)" in message
    assert "AWS itself may still be using it: wait half an hour, then run the command again" in message
    assert (deployer.status(SERVICE_STACK), deployer.status(EDGE_STACK)) == ("DELETE_FAILED", "ABSENT")
    assert deployer.made() == {SERVICE_STACK: ["Certificate"]}
    assert deployer.code() == code
    deployer.succeed("down", "--yes")
    assert deployer.resources(REGION, "us-east-1") == before


@pytest.mark.parametrize("record", ADDRESS_RECORDS)
def test_what_a_record_leads_to_stays_for_as_long_as_the_record(deployer: Deployer, record: str) -> None:
    before = deployer.resources(REGION, "us-east-1")
    deployer.succeed("up", "--yes")
    fail_deletions(deployer, record, "not today")
    message = deployer.run("down", "--yes").refusal()
    assert f"{record} (AWS::Route53::RecordSet)" in message
    assert "not today" in message
    assert [each["Name"] for each in deployer.records()].count(f"{DOMAIN}.") == 1
    assert deployer.status(EDGE_STACK) == "CREATE_COMPLETE"
    deployer.succeed("down", "--yes")
    assert deployer.resources(REGION, "us-east-1") == before


def test_the_records_are_those_of_the_template() -> None:
    resources = json.loads(MERGE_TEMPLATE.read_text(encoding="utf-8"))["Resources"]
    records = {name for name, each in resources.items() if each.get("Type") == "AWS::Route53::RecordSet"}
    assert records == set(ADDRESS_RECORDS)


def test_a_deletion_that_fails_twice_is_named_and_repeated(deployer: Deployer) -> None:
    before = deployer.resources(REGION, "us-east-1")
    deployer.succeed("up", "--yes")
    fail_deletions(deployer, "APIHandlerLogs", "held on to", "held on to")
    message = deployer.run("down", "--yes").refusal()
    assert "APIHandlerLogs (AWS::Logs::LogGroup)" in message
    assert "held on to" in message
    deployer.succeed("down", "--yes")
    assert deployer.resources(REGION, "us-east-1") == before
