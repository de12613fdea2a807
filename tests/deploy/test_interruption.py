"""Ctrl-C: at whatever moment, the next run of the same command goes on from there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.deploy.deployer import DOMAIN, EDGE_STACK, REGION, SERVICE_STACK, Deployer
from tests.standins.cloudformation.operation import NEVER


@dataclass
class Finger:
    """Presses Ctrl-C at the first call of each operation in `left`, before it is sent or once answered."""

    left: list[str]
    moment: str
    struck: list[str] = field(default_factory=list)

    def press(self, model: Any, **_: object) -> None:  # noqa: ANN401 - botocore's
        if model.name in self.left:
            self.left.remove(model.name)
            self.struck.append(model.name)
            raise KeyboardInterrupt


@contextmanager
def on_the_keyboard(deployer: Deployer, finger: Finger) -> Iterator[None]:
    regions = (REGION, "us-east-1")
    clients = [
        client
        for region in regions
        for aws in (deployer.account.connect(None, region),)
        for client in (aws.cloudformation, aws.s3)
    ]
    for client in clients:
        client.meta.events.register(finger.moment, finger.press)
    try:
        yield
    finally:
        for client in clients:
            client.meta.events.unregister(finger.moment, finger.press)


CHANGES_OF_UP = (
    *("CreateChangeSet", "DeleteChangeSet", "DeleteStack", "CreateBucket", "PutPublicAccessBlock"),
    *("PutBucketEncryption", "PutBucketPolicy", "PutBucketTagging", "PutObject", "ExecuteChangeSet"),
)
CHANGES_OF_DOWN = ("DeleteStack", "DeleteObject", "DeleteBucket")


@pytest.mark.parametrize("moment", ["before-call", "after-call"])
def test_at_each_call_that_changes_something(deployer: Deployer, moment: str) -> None:
    """Further with each run; what is made in the end, and what is left after `down`, is the same as ever."""
    before = deployer.resources(REGION, "us-east-1")
    for command, names in (("up", CHANGES_OF_UP), ("down", CHANGES_OF_DOWN)):
        finger = Finger(list(names), moment)
        with on_the_keyboard(deployer, finger):
            while finger.left:
                struck = len(finger.struck)
                outcome = deployer.run(command, "--yes")
                if len(finger.struck) == struck:
                    break
                assert outcome.status == 130, outcome.err
                assert f"interrupted; `{command}` goes on from here" in outcome.err
                assert "Traceback" not in outcome.err
        assert finger.left == []
        deployer.succeed(command, "--yes")
        if command == "up":
            deployer.succeed("plan")
            deployer.succeed("doctor")
    assert deployer.resources(REGION, "us-east-1") == before


@pytest.mark.parametrize(
    ("kind", "stack"),
    [("AWS::CertificateManager::Certificate", SERVICE_STACK), ("AWS::CloudFront::Distribution", EDGE_STACK)],
)
def test_in_the_middle_of_a_long_wait(deployer: Deployer, kind: str, stack: str) -> None:
    delays = deployer.account.stacks.faults.delays
    delays[kind, "create"] = NEVER
    waits = 0

    def interrupt() -> None:
        nonlocal waits
        waits += deployer.status(stack) == "CREATE_IN_PROGRESS"
        if waits > 30:
            raise KeyboardInterrupt

    deployer.time.on_sleep = interrupt
    assert deployer.run("up", "--yes").status == 130
    deployer.time.on_sleep = lambda: None
    # CloudFormation goes on meanwhile.
    delays.clear()
    deployer.account.stacks.settle()
    assert deployer.status(stack) == "CREATE_COMPLETE"
    up = deployer.run("up", "--yes")
    assert up.status == 0, up.err
    deployer.succeed("plan")


def test_while_resolvers_forget_the_edge(deployer: Deployer) -> None:
    """The alias records lead to the API already, and the edge is still there for who has not heard of it."""
    deployer.succeed("up", "--yes")
    deployer.configure("production", own={"edge": "off"})

    def interrupt() -> None:
        if deployer.alias().endswith(".amazonaws.com") and deployer.time.last >= 60:
            raise KeyboardInterrupt

    deployer.time.on_sleep = interrupt
    assert deployer.run("up", "--yes").status == 130
    assert deployer.status(EDGE_STACK) == "CREATE_COMPLETE"
    assert deployer.internet.get(f"https://{DOMAIN}", "/v2/", {}).status == 307
    deployer.time.on_sleep = lambda: None
    up = deployer.run("up", "--yes")
    assert up.status == 0, up.err
    assert deployer.status(EDGE_STACK) == "ABSENT"
    deployer.succeed("plan")


def test_in_the_middle_of_a_long_wait_which_goes_on(deployer: Deployer) -> None:
    """The next `up` finds the stack busy, and waits for it with the same patience."""
    delays = deployer.account.stacks.faults.delays
    delays["AWS::CertificateManager::Certificate", "create"] = NEVER

    def interrupt() -> None:
        if deployer.status(SERVICE_STACK) == "CREATE_IN_PROGRESS":
            raise KeyboardInterrupt

    deployer.time.on_sleep = interrupt
    assert deployer.run("up", "--yes").status == 130
    waits = 0

    def issue() -> None:
        nonlocal waits
        waits += 1
        if waits == 20:
            delays.clear()

    deployer.time.on_sleep = issue
    up = deployer.run("up", "--yes")
    assert up.status == 0, up.err
    assert waits > 20
    assert "waiting for Certificate (AWS::CertificateManager::Certificate)" in up.err
