"""What AWS does in its own time: how long `up` waits for it, and what it says when that is not enough."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from infra.outside import NotReached, Outside, Reply
from tests.deploy.deployer import DOMAIN, REGION, Deployer


@dataclass
class SlowToAppear:
    """The world, to which a name is new: it does not resolve the first `times` times."""

    world: Outside
    times: int

    def addresses(self, host: str) -> tuple[str, ...]:
        if self.times > 0:
            self.times -= 1
            raise NotReached(f"the name {host} does not resolve")
        return self.world.addresses(host)

    def get(self, origin: str, target: str, headers: Mapping[str, str]) -> Reply:
        return self.world.get(origin, target, headers)


def seen_late(deployer: Deployer, times: int) -> Deployer:
    return replace(deployer, outside=SlowToAppear(deployer.internet, times))


def test_records_are_waited_for_until_they_are_everywhere(deployer: Deployer) -> None:
    deployer.account.spreading = 3
    up = deployer.run("up", "--yes")
    assert up.status == 0
    assert up.err.count("waiting for Route 53 to spread the change") == 3
    assert deployer.time.seconds == 9


def test_records_that_never_spread_end_in_one_line(deployer: Deployer) -> None:
    deployer.account.spreading = 10_000
    up = deployer.run("up", "--yes")
    assert up.status == 1
    assert "infra: Route 53 has not spread change" in up.err
    deployer.account.spreading = 0
    assert deployer.run("up", "--yes").status == 0


def test_a_new_name_is_given_time_to_be_seen(deployer: Deployer) -> None:
    up = seen_late(deployer, 2).run("up", "--yes")
    assert up.status == 0
    assert up.err.count("not seen from outside yet: the name ecr.example.test does not resolve") == 2


def test_a_name_that_is_not_seen_fails_and_says_which_check(deployer: Deployer) -> None:
    up = seen_late(deployer, 10_000).run("up", "--yes")
    assert up.status == 1
    assert f"FAIL dns: the name {DOMAIN} does not resolve" in up.err
    # Nothing new was deployed this time, so that there is nothing to wait for.
    deployer.time.seconds = 0
    assert seen_late(deployer, 1).run("up", "--yes").status == 1
    assert deployer.time.seconds == 0
    assert deployer.run("up", "--yes").status == 0


def test_what_aws_says_it_did_is_looked_at(deployer: Deployer) -> None:
    deployer.account.lessons.ignored = {"apigateway:TagResource"}
    up = deployer.run("up", "--yes")
    assert up.status == 1
    assert "infra: AWS took the changes and still differs (tag the API: " in up.err
    assert deployer.account.changes().count("apigateway:TagResource") == 2
    assert deployer.resources()[REGION]["apis"]


def test_what_is_left_after_down_is_named(deployer: Deployer) -> None:
    assert deployer.run("up", "--yes").status == 0
    deployer.account.lessons.ignored = {"apigateway:DeleteRestApi"}
    down = deployer.run("down", "--yes")
    assert down.status == 1
    assert "infra: still there: " in down.err
    deployer.account.lessons.ignored = set()
    assert deployer.run("down", "--yes").status == 0
