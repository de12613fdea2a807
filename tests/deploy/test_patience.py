"""A new name that is not seen from outside at once: `up` waits for it, as long as it has made something."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pytest

from infra.commands.up import OUTSIDE_PATIENCE
from infra.outside import NotReached, Outside, Reply
from tests.deploy.deployer import DOMAIN, Deployer


@dataclass
class LateOutside:
    """The name resolves after so many questions."""

    outside: Outside
    late: float

    def addresses(self, host: str) -> tuple[str, ...]:
        self.late -= 1
        if self.late >= 0:
            raise NotReached(f"the name {host} does not resolve")
        return self.outside.addresses(host)

    def get(self, origin: str, target: str, headers: Mapping[str, str]) -> Reply:
        return self.outside.get(origin, target, headers)


@pytest.fixture
def plain_deployer(bare_deployer: Deployer) -> Deployer:
    assert bare_deployer.init("--edge", "off").status == 0
    return bare_deployer


def test_a_name_that_is_late_is_waited_for(plain_deployer: Deployer) -> None:
    plain_deployer.outside = LateOutside(plain_deployer.internet, 3)
    up = plain_deployer.run("up", "--yes")
    assert up.status == 0, up.err
    assert f"not seen from outside yet: the name {DOMAIN} does not resolve" in up.err
    assert f"ok   dns: {DOMAIN}" in up.err


def test_a_name_that_never_comes_is_a_failed_check(plain_deployer: Deployer) -> None:
    plain_deployer.outside = LateOutside(plain_deployer.internet, float("inf"))
    begun = plain_deployer.time.now()
    assert plain_deployer.run("up", "--yes").status == 1
    assert plain_deployer.time.now() - begun >= OUTSIDE_PATIENCE
    # What was not changed has been there for long.
    begun = plain_deployer.time.now()
    up = plain_deployer.run("up", "--yes")
    assert (up.status, plain_deployer.time.now() - begun < OUTSIDE_PATIENCE) == (1, True)
    assert "FAIL dns: " in up.err
