"""What CloudFormation cannot do: one line says why, nothing is half done, and the next `up` ends well."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.deploy.console import refused
from tests.deploy.deployer import DOMAIN, EDGE_STACK, REGION, SERVICE_STACK, Deployer
from tests.deploy.other_deployer import begin_update, create_again, create_foreign_stack, delete
from tests.standins.cloudformation.content_delivery import DISTRIBUTION
from tests.standins.cloudformation.operation import NEVER

SERVICE, EDGE = SERVICE_STACK, EDGE_STACK


def test_creation_fails_at_each_resource_in_turn(deployer: Deployer) -> None:
    """Of both templates: whatever fails, nothing is left of the stack."""
    deployer.succeed("up", "--yes")
    stacks = [deployer.account.stacks.stack(*place) for place in ((REGION, SERVICE), ("us-east-1", EDGE))]
    code = deployer.code()
    deployer.succeed("down", "--yes")
    deployer.put_back(code)
    before = deployer.resources(REGION, "us-east-1")
    for stack in stacks:
        logical_ids = [name for name, state in stack.states.items() if state.status == "DELETE_COMPLETE"]
        assert len(logical_ids) > 5
        standing = deployer.resources(REGION, "us-east-1")["of stacks"]
        for logical_id in logical_ids:
            deployer.account.stacks.faults.fail_at(logical_id)
            create_again(deployer.account, stack)
            assert deployer.status(stack.name) == "ROLLBACK_COMPLETE", logical_id
            delete(deployer.account, stack)
            assert deployer.resources(REGION, "us-east-1")["of stacks"] == standing, logical_id
        create_again(deployer.account, stack)
        assert deployer.status(stack.name) == "CREATE_COMPLETE"
    for stack in reversed(stacks):
        delete(deployer.account, stack)
    assert deployer.resources(REGION, "us-east-1") == before


@pytest.mark.parametrize(("stack", "logical_id"), [(SERVICE, "APIHandler"), (EDGE, "Distribution")])
def test_a_failed_creation_is_made_good_by_the_next_up(
    deployer: Deployer, stack: str, logical_id: str
) -> None:
    deployer.account.stacks.faults.fail_at(logical_id, reason="not today")
    message = deployer.run("up", "--yes").refusal()
    assert f"{logical_id} (" in message
    assert "not today" in message
    assert deployer.status(stack) == "ROLLBACK_COMPLETE"
    plan = deployer.run("plan")
    assert plan.status == 2
    assert "ROLLBACK_COMPLETE" in plan.out
    deployer.succeed("up", "--yes")
    assert (deployer.status(SERVICE), deployer.status(EDGE)) in (
        ("CREATE_COMPLETE", "CREATE_COMPLETE"),
        ("UPDATE_COMPLETE", "CREATE_COMPLETE"),
    )


def test_what_a_failed_creation_left_is_taken_down(deployer: Deployer) -> None:
    before = deployer.resources(REGION, "us-east-1")
    deployer.account.stacks.faults.fail_at("Distribution")
    deployer.run("up", "--yes").refusal()
    deployer.succeed("down", "--yes")
    assert deployer.resources(REGION, "us-east-1") == before


def test_a_failed_update_leaves_what_stood(deployer: Deployer) -> None:
    deployer.succeed("up", "--yes")
    before = deployer.resources(REGION, "us-east-1")["of stacks"]
    deployer.configure("production", own={"log_retention_in_days": 30})
    deployer.account.stacks.faults.fail_at("ChallengeLogs", "update", "not today")
    message = deployer.run("up", "--yes").refusal()
    assert "ChallengeLogs (AWS::Logs::LogGroup)" in message
    assert "not today" in message
    assert "rolled back" in message
    assert deployer.resources(REGION, "us-east-1")["of stacks"] == before
    assert deployer.status(SERVICE) == "UPDATE_ROLLBACK_COMPLETE"
    deployer.succeed("up", "--yes")


def test_a_rollback_that_failed_is_for_a_person(deployer: Deployer) -> None:
    deployer.succeed("up", "--yes")
    deployer.configure("production", own={"log_retention_in_days": 30})
    faults = deployer.account.stacks.faults
    faults.fail_at("ChallengeLogs", "update")
    faults.fail_at("APIHandlerLogs", "update", after=1)
    deployer.run("up", "--yes").refusal()
    assert deployer.status(SERVICE) == "UPDATE_ROLLBACK_FAILED"
    again = deployer.run("up", "--yes")
    assert again.status == 1
    assert (
        f"aws cloudformation continue-update-rollback --stack-name {SERVICE} --region {REGION}" in again.err
    )
    deployer.account.client("cloudformation", REGION).continue_update_rollback(StackName=SERVICE)
    deployer.account.stacks.settle()
    deployer.succeed("up", "--yes")


def certificate_never_issued(deployer: Deployer) -> Callable[[], None]:
    delays = deployer.account.stacks.faults.delays
    delays["AWS::CertificateManager::Certificate", "create"] = NEVER
    return delays.clear


def test_a_certificate_that_is_never_issued_is_waited_for_so_long(deployer: Deployer) -> None:
    put_right = certificate_never_issued(deployer)
    up = deployer.run("up", "--yes")
    message = up.refusal()
    assert "Certificate (AWS::CertificateManager::Certificate)" in message
    assert "down` to take everything away" in message
    assert 1800 <= deployer.time.seconds <= 7200
    assert "usually 2 to 10 minutes" in up.err
    assert "Ctrl-C is safe" in up.err
    # A second `up` waits for the same stack, which then is there.
    put_right()
    deployer.succeed("up", "--yes")


def test_the_wait_can_be_given_up_with_down(deployer: Deployer) -> None:
    before = deployer.resources(REGION, "us-east-1")
    put_right = certificate_never_issued(deployer)
    deployer.run("up", "--yes").refusal()
    put_right()
    deployer.succeed("down", "--yes")
    assert deployer.resources(REGION, "us-east-1") == before


def test_a_domain_of_another_distribution_is_named(deployer: Deployer) -> None:
    deployer.account.stacks.surroundings.aliases.add(DOMAIN)  # type: ignore[attr-defined]
    message = deployer.run("up", "--yes").refusal()
    assert "Distribution (AWS::CloudFront::Distribution)" in message
    assert "CNAMEAlreadyExists" in message
    assert "remove the alias" in message
    # The service stands, and the name leads to the API for the time being.
    assert deployer.status(SERVICE) == "CREATE_COMPLETE"
    assert deployer.internet.get(f"https://{DOMAIN}", "/v2/", {}).status == 307
    deployer.account.stacks.surroundings.aliases.clear()  # type: ignore[attr-defined]
    deployer.succeed("up", "--yes")


def test_an_account_that_may_not_use_cloudfront_yet_goes_on_without_the_edge(deployer: Deployer) -> None:
    # https://github.com/aws-samples/aws-cdk-examples/issues/279
    reason = (
        "Your account must be verified before you can add new CloudFront resources. To verify your account, "
        "please contact AWS Support (https://console.aws.amazon.com/support/home#/) and include this error "
        "message. (Service: AmazonCloudFront; Status Code: 403; Error Code: AccessDenied)"
    )
    deployer.account.stacks.faults.fail_at("Distribution", reason=reason)
    message = deployer.run("up", "--yes").refusal()
    assert "ask AWS Support to verify the account for CloudFront" in message
    assert "(`.venv/bin/ecr-domain init --edge off`), then run the command again" in message
    assert "deployer.json" not in message
    deployer.succeed("init", "--edge", "off")
    deployer.succeed("up", "--yes")
    assert deployer.status(EDGE_STACK) == "ABSENT"
    deployer.succeed("doctor")


def test_a_log_group_of_others_is_not_taken_over(deployer: Deployer) -> None:
    logs = deployer.account.client("logs", REGION)
    logs.create_log_group(logGroupName=f"/aws/lambda/{SERVICE}")
    logs.put_retention_policy(logGroupName=f"/aws/lambda/{SERVICE}", retentionInDays=365)
    before = deployer.resources()[REGION]
    message = deployer.run("up", "--yes").refusal()
    assert "APIHandlerLogs (AWS::Logs::LogGroup)" in message
    assert "already exists" in message
    assert deployer.resources()[REGION] == before
    deployer.succeed("down", "--yes")
    assert deployer.resources()[REGION] == before


def test_an_update_by_someone_else_is_waited_for(deployer: Deployer) -> None:
    deployer.succeed("up", "--yes")
    delays = deployer.account.stacks.faults.delays
    delays["AWS::Logs::LogGroup", "update"] = NEVER
    begin_update(deployer.account, deployer.account.stacks.stack(REGION, SERVICE), LogRetentionInDays="30")
    plan = deployer.run("plan")
    assert plan.status == 1
    assert f"the stack {SERVICE} in {REGION} is UPDATE_IN_PROGRESS: an operation is running" in plan.err
    deployer.time.on_sleep = delays.clear
    up = deployer.run("up", "--yes")
    assert up.status == 0, up.err
    assert "changed by an earlier or another run" in up.err


def test_a_stack_of_someone_else_with_our_name_is_left_alone(deployer: Deployer) -> None:
    create_foreign_stack(deployer.account, REGION, SERVICE)
    before = deployer.resources(REGION, "us-east-1")
    for command in ("plan", "up", "down"):
        outcome = deployer.run(command, *([] if command == "plan" else ["--yes"]))
        assert outcome.status == 1
        assert f"the stack {SERVICE}" in outcome.err
        assert "is not ours (it lacks the tag custom-ecr-domain=production)" in outcome.err
    assert deployer.resources(REGION, "us-east-1") == before


def test_doctor_says_which_stack_is_missing(deployer: Deployer) -> None:
    doctor = deployer.run("doctor")
    assert doctor.status == 1
    for stack in (SERVICE, EDGE):
        assert f"FAIL stack: there is no stack {stack}; run `.venv/bin/ecr-domain up" in doctor.out


def test_what_chalice_refuses_is_its_last_line_cut_at_a_credential(deployer: Deployer) -> None:
    app = deployer.project / "app.py"
    app.write_text(app.read_text() + "raise SystemExit('not today (user:s3cr3t@nope)')\n")
    message = deployer.run("up", "--yes").refusal()
    failed = "ecr-domain: `chalice package --stage production` failed (exit 1)"
    assert message == f"{failed}: not today (***@nope)"
    assert deployer.status(SERVICE) == "ABSENT"


def test_what_was_deleted_by_hand_is_drift_to_doctor(deployer: Deployer) -> None:
    deployer.succeed("up", "--yes")
    stacks = deployer.account.stacks
    stacks.inventory.remove(stacks.existing(REGION, SERVICE, "FunctionErrorsAlarm"))
    stacks.inventory.alter(stacks.existing(REGION, SERVICE, "APIHandlerLogs"), RetentionInDays=1)
    doctor = deployer.run("doctor")
    assert doctor.status == 1
    drifts = [each for each in doctor.out.splitlines() if each.startswith("FAIL drift")]
    assert len(drifts) == 2
    assert any("FunctionErrorsAlarm" in each and "DELETED" in each for each in drifts)
    assert any("APIHandlerLogs" in each and "/RetentionInDays" in each for each in drifts)
    assert DISTRIBUTION not in "".join(drifts)


@pytest.mark.parametrize("edge", ["on", "off"])
def test_a_record_that_was_changed_by_hand_is_drift_to_doctor(deployer: Deployer, edge: str) -> None:
    deployer.configure("production", own={"edge": edge})
    outputs = deployer.succeed("up", "--yes", "--json").document()["outputs"]
    api, distribution = outputs["api_domain"]["target_domain_name"], outputs["edge"]["domain_name"]
    target, elsewhere = (distribution, api) if edge == "on" else (api, "d-gone.execute-api.example.net")
    records = {each["Type"]: each for each in deployer.records() if each["Name"] == f"{DOMAIN}."}
    change = deployer.account.stacks.surroundings.change_record
    # Route 53 and its console write the same target in these ways too.
    for name in (f"dualstack.{target.upper()}.", f"{elsewhere}."):
        assert "FAIL drift" not in deployer.run("doctor").out
        alias = {**records["A"]["AliasTarget"], "DNSName": name}
        change(deployer.zone_id, "UPSERT", {**records["A"], "AliasTarget": alias})
    change(deployer.zone_id, "DELETE", records["AAAA"])
    doctor = deployer.run("doctor")
    assert doctor.status == 1
    should = f"{DOMAIN}, which should lead to {target},"
    assert [each for each in doctor.out.splitlines() if each.startswith("FAIL drift")] == [
        f"FAIL drift: {SERVICE}: the record {found}, without CloudFormation; put it back"
        for found in (f"A {should} leads to {elsewhere}", f"AAAA {should} is missing, or no alias")
    ]


def test_where_the_records_of_another_stack_lead_is_not_judged(deployer: Deployer) -> None:
    create_foreign_stack(deployer.account, REGION, SERVICE)
    alias = {"DNSName": "theirs.example.test", "HostedZoneId": "ZTHEIRS", "EvaluateTargetHealth": False}
    record = {"Name": DOMAIN, "Type": "A", "SetIdentifier": REGION, "Region": REGION, "AliasTarget": alias}
    deployer.account.stacks.surroundings.change_record(deployer.zone_id, "CREATE", record)
    assert "drift:" not in deployer.run("doctor").out


def test_a_protected_stack_is_not_taken_down(deployer: Deployer) -> None:
    deployer.succeed("up", "--yes")
    console = deployer.account.client("cloudformation", REGION)
    console.update_termination_protection(StackName=SERVICE, EnableTerminationProtection=True)
    assert "TerminationProtection" in deployer.run("down", "--yes").refusal()
    assert refused(lambda: console.delete_stack(StackName=SERVICE))[0] == "ValidationError"
