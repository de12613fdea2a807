"""From an empty account to a working name and back, with the edge and without."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.deploy.aws_account import ACCOUNT, AwsAccount
from tests.deploy.aws_call import Call
from tests.deploy.conftest import account_with_zone
from tests.deploy.deployer import DOMAIN, REGION, CommandOutcome, Deployer
from tests.deploy.registry_user import MEGABYTE, push_and_pull, registry_user
from tests.standins.certificates import Certificates
from tests.standins.ecr import FakeEcr

SERVICE, EDGE = "custom-ecr-domain-production", "custom-ecr-domain-production-edge"


@dataclass
class Story:
    """What each step of a deployment's life came to."""

    edge: str
    outcomes: dict[str, CommandOutcome] = field(default_factory=dict)
    resources: dict[str, Any] = field(default_factory=dict)
    #: The names of the calls for a change.
    changed: dict[str, list[str]] = field(default_factory=dict)
    #: Stack, logical id and status of the events of a step, in the order in which they happened.
    events: dict[str, list[list[str]]] = field(default_factory=dict)
    #: What others have, after each step.
    foreign: dict[str, Any] = field(default_factory=dict)
    calls: list[Call] = field(default_factory=list)
    made: dict[str, list[str]] = field(default_factory=dict)
    #: Repositories that were pushed to and pulled from.
    used: list[str] = field(default_factory=list)

    def touched(self, step: str) -> set[str]:
        """The logical ids of the resources that a step made, changed or deleted."""
        return {name for _, name, _ in self.events[step]} - {SERVICE, EDGE}


@pytest.fixture(scope="module", params=["on", "off"])
def story(
    request: pytest.FixtureRequest,
    account: AwsAccount,
    tmp_path_factory: pytest.TempPathFactory,
    certificates: Certificates,
    ecr: FakeEcr,
) -> Iterator[Story]:
    story = Story(request.param)
    other = FakeEcr(certificates.server_context("127.0.0.1", "127.0.0.2"), token=ecr.token)
    with other, account_with_zone(account, tmp_path_factory.mktemp("story"), certificates, ecr) as deployer:
        _live(deployer, story, certificates, ecr, other)
        yield story


def _live(deployer: Deployer, story: Story, certificates: Certificates, ecr: FakeEcr, other: FakeEcr) -> None:
    account = deployer.account

    def step(name: str, *arguments: str) -> None:
        calls = len(account.calls)
        events = {each.identifier: len(each.events) for each in account.stacks.stacks}
        outcome = story.outcomes[name] = deployer.run(*arguments)
        assert outcome.status in (0, 2), outcome.err
        story.foreign[name] = deployer.foreign(REGION, "us-east-1")
        story.changed[name] = [call.name for call in account.calls[calls:] if call.changes]
        happened = [
            (event.time, stack.name, event.logical_id, event.status)
            for stack in account.stacks.stacks
            for event in stack.events[events.get(stack.identifier, 0) :]
        ]
        story.events[name] = [event for _, *event in sorted(happened, key=lambda event: event[0])]

    def use(repository: str, size: int) -> None:
        push_and_pull(registry_user(deployer.internet, certificates, DOMAIN, ecr.token), repository, size)
        story.used.append(repository)

    largest = 20 * MEGABYTE if story.edge == "on" else 4 * MEGABYTE
    given = ("--region", REGION, "--domain", DOMAIN, "--registry", deployer.registry, "--edge", story.edge)
    step("init", "init", *given, "--json")
    story.resources["before"] = deployer.resources(REGION, "us-east-1")
    step("plan", "plan", "--json")
    story.resources["plan"] = deployer.resources(REGION, "us-east-1")
    step("up", "up", "--yes", "--json")
    story.made = deployer.made()
    step("plan again", "plan", "--json")
    step("up again", "up", "--json")
    step("doctor", "doctor")
    use("app", largest)

    deployer.configure("production", own={"log_retention_in_days": 30})
    step("setting", "up", "--yes", "--json")
    step("setting plan", "plan")

    deployer.configure(
        "production",
        environment_variables={
            "ECR_REGISTRY": deployer.registry,
            "ECR_REGISTRIES": f'{{"team/": "https://{other.authority}"}}',
        },
    )
    step("move", "up", "--yes", "--json")
    step("move doctor", "doctor")
    use("team/app", largest)
    use("app2", largest)

    app = deployer.project / "app.py"
    app.write_text(app.read_text() + "# a new release\n")
    step("code", "up", "--yes", "--json")
    use("app3", largest)

    story.resources["code"] = deployer.resources(REGION)
    story.calls = list(account.calls)
    step("down", "down", "--yes", "--json")
    story.resources["down"] = deployer.resources(REGION, "us-east-1")
    step("down again", "down", "--yes")
    story.calls = list(account.calls)
    assert [name for name in ("team/app",) if other.store.repository(name).manifest("latest")]


def test_every_step_ended_well(story: Story) -> None:
    statuses = {name: outcome.status for name, outcome in story.outcomes.items()}
    assert statuses == {**dict.fromkeys(statuses, 0), "plan": 2}, {
        name: outcome.err for name, outcome in story.outcomes.items()
    }


def test_plan_changes_nothing_and_says_what_up_then_does(story: Story) -> None:
    assert story.resources["plan"] == story.resources["before"]
    planned, done = (
        [line for each in story.outcomes[step].document()["steps"] for line in each["changes"]]
        for step in ("plan", "up")
    )
    assert planned == done
    assert {line.split()[1] for line in planned} <= story.touched("up")


def test_up_makes_both_stacks(story: Story) -> None:
    assert set(story.made) == ({SERVICE, EDGE} if story.edge == "on" else {SERVICE})
    for expected in (
        "APIHandler",
        "Challenge",
        "DomainAddressRecord",
        "DomainAddressRecordIpv6",
        "Certificate",
    ):
        assert expected in story.made[SERVICE]


def test_a_second_up_asks_nobody_and_touches_nothing(story: Story) -> None:
    assert story.outcomes["plan again"].document()["steps"] == []
    assert story.outcomes["up again"].document()["steps"] == []
    assert story.events["up again"] == []


def test_looking_changes_nothing(story: Story) -> None:
    for step in ("plan", "plan again", "doctor", "setting plan", "move doctor"):
        changes = set(story.changed[step]) - {
            "cloudformation:CreateChangeSet",
            "cloudformation:DeleteChangeSet",
        }
        assert changes <= {"cloudformation:DeleteStack"}, step
    assert story.resources["plan"] == story.resources["before"]


def test_the_deployed_name_serves(story: Story) -> None:
    assert story.used == ["app", "team/app", "app2", "app3"]


def test_a_changed_setting_changes_only_its_resources(story: Story) -> None:
    assert story.touched("setting") == {"APIHandlerLogs", "ChallengeLogs"}
    assert {status for _, _, status in story.events["setting"]} >= {"UPDATE_COMPLETE"}


def test_a_moved_repository_changes_the_function_alone_at_the_service(story: Story) -> None:
    at_service = {name for stack, name, _ in story.events["move"] if stack == SERVICE} - {SERVICE}
    assert at_service == {"APIHandler", "Challenge"}


def test_what_others_have_is_never_touched(story: Story) -> None:
    first, *others = story.foreign.values()
    assert {"roles", "records", "buckets", "stacks", "of stacks"} <= set(first)
    assert all(first.values())
    assert all(each == first for each in others)


def test_the_edge_has_a_registry_before_the_service_leads_to_it(story: Story) -> None:
    if story.edge == "on":
        moved = [tuple(event) for event in story.events["move"]]
        assert moved.index((EDGE, EDGE, "UPDATE_COMPLETE")) < moved.index(
            (SERVICE, SERVICE, "UPDATE_IN_PROGRESS")
        )


def test_new_code_changes_the_functions_alone(story: Story) -> None:
    assert story.touched("code") == {"APIHandler", "Challenge"}


def test_the_bucket_is_private_and_holds_one_state_of_the_code(story: Story) -> None:
    keys = story.resources["code"]["buckets"][f"custom-ecr-domain-{ACCOUNT}-{REGION}"]
    assert len([key for key in keys if key.endswith(".zip")]) == 1
    calls = {call.name for call in story.calls if call.service == "s3"}
    private = {
        "s3:PutPublicAccessBlock",
        "s3:PutBucketEncryption",
        "s3:PutBucketPolicy",
        "s3:PutBucketTagging",
    }
    assert private <= calls


def test_outputs_have_the_originals_names(story: Story) -> None:
    outputs = story.outcomes["up"].document()["outputs"]
    assert {"api", "api_domain", "api_stage", "proxy", "log_groups"} <= set(outputs)
    assert outputs["api_domain"]["domain_name"] == DOMAIN
    assert all(outputs[name] for name in ("api", "api_domain", "api_stage", "proxy", "log_groups"))


def test_down_leaves_the_account_as_before(story: Story) -> None:
    assert story.resources["down"] == story.resources["before"]
    assert story.events["down again"] == []
