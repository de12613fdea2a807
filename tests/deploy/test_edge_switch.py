"""The edge off and on again under clients that push: none fails, and the name always has a record."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from infra.outside import NotReached
from infra.rollout import PAUSE_SECONDS
from tests.deploy.deployer import DOMAIN, EDGE_STACK, SERVICE_STACK, Deployer
from tests.deploy.registry_user import push_and_pull, registry_user
from tests.standins.certificates import Certificates
from tests.standins.ecr import FakeEcr
from tests.standins.registry_client import RegistryClient
from tests.standins.registry_store import digest_of

SMALL = 200_000


@dataclass
class Pushing:
    """Pushes and pulls until it is told to stop."""

    use: Callable[[int], None]
    rounds: int = 0
    failures: list[str] = field(default_factory=list)
    _stop: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        while not self._stop.is_set():
            try:
                self.use(self.rounds)
            except Exception as error:  # noqa: BLE001 - whatever it is, a client saw it
                self.failures.append(repr(error))
            self.rounds += 1

    def let_end(self, rounds: int = 1) -> None:
        """Return when whoever uses the name now, and `rounds` - 1 after him, have ended."""
        before = self.rounds
        while self.rounds < before + rounds:
            time.sleep(0.01)

    def stop(self) -> None:
        self._stop.set()


@dataclass(frozen=True)
class Sight:
    """What the name leads to at a moment of the test's clock."""

    seconds: float
    #: Whether there is a record, and what it leads to is there.
    reached: bool
    at_edge: bool
    #: The status of the edge stack.
    edge: str

    @classmethod
    def of(cls, deployer: Deployer) -> Sight:
        alias = deployer.alias()
        try:
            deployer.internet.address(DOMAIN)
            reached = True
        except NotReached:
            reached = False
        at_edge = alias.endswith(".cloudfront.net")
        return cls(deployer.time.seconds, reached, at_edge, deployer.status(EDGE_STACK))


@contextmanager
def running_push(use: Callable[[int], None]) -> Iterator[Pushing]:
    pushing = Pushing(use)
    thread = threading.Thread(target=pushing.run)
    thread.start()
    try:
        yield pushing
    finally:
        pushing.stop()
        thread.join()


def test_the_edge_goes_and_comes_under_a_running_push(
    deployer: Deployer, certificates: Certificates, ecr: FakeEcr
) -> None:
    def client() -> RegistryClient:
        return registry_user(deployer.internet, certificates, DOMAIN, ecr.token)

    deployer.succeed("up", "--yes")
    seen: list[Sight] = []

    def look() -> None:
        seen.append(Sight.of(deployer))
        deployer.internet.refresh()
        if deployer.time.last == PAUSE_SECONDS:
            # In a minute such a push ends, and with it the connection that it keeps to the edge; the test's
            # clock jumps over that minute.
            pushing.let_end()

    deployer.time.on_sleep = look
    with running_push(lambda number: push_and_pull(client(), f"app{number}", SMALL)) as pushing:
        for edge in ("off", "on"):
            deployer.configure("production", own={"edge": edge})
            deployer.succeed("up", "--yes")
            there = {SERVICE_STACK, EDGE_STACK} if edge == "on" else {SERVICE_STACK}
            assert set(deployer.made()) == there
            pushing.let_end(2)
    assert pushing.failures == []
    assert pushing.rounds > 4
    assert [each for each in seen if not each.reached] == []
    assert {each.at_edge for each in seen} == {True, False}
    # Who resolved the name just before it left the edge finds the edge for another minute.
    left = next(each.seconds for each in seen if not each.at_edge)
    gone = next(each.seconds for each in seen if each.edge not in ("CREATE_COMPLETE", "UPDATE_COMPLETE"))
    assert gone - left >= 60


def test_an_upload_that_began_at_the_edge_ends_without_it(
    deployer: Deployer, certificates: Certificates, ecr: FakeEcr
) -> None:
    deployer.succeed("up", "--yes")
    layer = b"begun at the edge" * 1000
    with registry_user(deployer.internet, certificates, DOMAIN, ecr.token) as client:
        start = client.expect(202, "POST", "/v2/app/blobs/uploads/")
    location = start.headers["Location"]
    assert location.startswith("/_registry/")
    deployer.configure("production", own={"edge": "off"})
    deployer.succeed("up", "--yes")
    with registry_user(deployer.internet, certificates, DOMAIN, ecr.token) as client:
        client.ask("GET", "/v2/")  # its login
        end = f"{location}{'&' if '?' in location else '?'}digest={digest_of(layer)}"
        client.expect(201, "PUT", end, {"Content-Type": "application/octet-stream"}, layer)
        assert client.expect(200, "GET", f"/v2/app/blobs/{digest_of(layer)}").body == layer
