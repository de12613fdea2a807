"""The order in which the stacks change: at no moment is a client led to a behaviour that is not there."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import pytest

from chalicelib.registry_host import RegistryHost
from infra.rollout import (
    CACHE_SECONDS,
    DeleteEdge,
    Deployed,
    MoveAlias,
    Pause,
    Step,
    UpdateEdge,
    UpdateService,
    rollout,
)

A, B, C = (RegistryHost.parse(f"{digit * 12}.dkr.ecr.us-west-2.amazonaws.com") for digit in "123")
DISTRIBUTION = "d1.cloudfront.net"
AT_EDGE = Deployed(DISTRIBUTION, DISTRIBUTION, (A,))


@pytest.mark.parametrize(
    ("deployed", "edge", "wanted", "expected"),
    [
        # nothing is there
        (Deployed(), True, [A], (UpdateService(), UpdateEdge((A,)), MoveAlias(to_edge=True))),
        (Deployed(), False, [A], (UpdateService(),)),
        # nothing to change
        (AT_EDGE, True, [A], (UpdateService(), UpdateEdge((A,)))),
        # the edge was made, and the run was interrupted before the records moved
        (
            Deployed("", DISTRIBUTION, (A,)),
            True,
            [A],
            (UpdateService(), UpdateEdge((A,)), MoveAlias(to_edge=True)),
        ),
        # the edge was deleted by hand
        (Deployed(DISTRIBUTION), True, [A], (UpdateService(), UpdateEdge((A,)), MoveAlias(to_edge=True))),
        # a registry more: first its behaviour
        (AT_EDGE, True, [A, B], (UpdateEdge((A, B)), UpdateService())),
    ],
)
def test_the_steps(
    deployed: Deployed, edge: bool, wanted: list[RegistryHost], expected: tuple[Step, ...]
) -> None:
    assert rollout(deployed, edge, wanted) == expected


def test_a_registry_less_goes_after_the_answers_that_lead_to_it_are_forgotten() -> None:
    first, pause, last = rollout(replace(AT_EDGE, registries=(A, B)), True, [A])
    assert (first, last) == (UpdateService(), UpdateEdge((A,)))
    assert isinstance(pause, Pause)
    assert pause.seconds >= CACHE_SECONDS


def test_the_edge_goes_when_nobody_comes_through_it_any_more() -> None:
    move, pause, update, delete = rollout(AT_EDGE, False, [A])
    assert (move, update, delete) == (MoveAlias(to_edge=False), UpdateService(), DeleteEdge())
    assert isinstance(pause, Pause)


def test_a_run_that_was_interrupted_after_the_records_moved_back_goes_on() -> None:
    assert rollout(Deployed("", DISTRIBUTION, (A,)), False, [A]) == (UpdateService(), DeleteEdge())


@dataclass
class World:
    """What clients meet while the steps are taken."""

    #: Where the name leads: to the edge, or to the API.
    at_edge: bool
    #: REDIRECT_MODE of the function.
    mode: str
    #: Registries that the function leads to, those that CloudFront still remembers included.
    led_to: set[RegistryHost]
    behaviours: set[RegistryHost] = field(default_factory=set)
    there: bool = True

    def check(self) -> None:
        if self.at_edge:
            # CloudFront takes the credentials off what the function gets, so only the mode `edge` serves.
            assert self.there
            assert self.mode == "edge"
            assert self.led_to <= self.behaviours


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ((True, (A,)), (True, (A, B))),
        ((True, (A, B)), (True, (A,))),
        ((True, (A, B)), (True, (B, C))),
        ((True, (A,)), (True, (B,))),
        ((True, (A, B)), (False, (A,))),
        ((False, (A,)), (True, (B, C))),
    ],
)
def test_no_client_is_ever_led_to_what_is_not_there(
    before: tuple[bool, tuple[RegistryHost, ...]], after: tuple[bool, tuple[RegistryHost, ...]]
) -> None:
    edge, registries = before
    behaviours = set(registries) if edge else set()
    world = World(edge, "edge" if edge else "relay", set(behaviours), behaviours, edge)
    deployed = Deployed(DISTRIBUTION, DISTRIBUTION, registries) if edge else Deployed()
    wanted_edge, wanted = after
    for step in rollout(deployed, wanted_edge, wanted):
        match step:
            case UpdateService():
                world.mode = "edge" if wanted_edge else "relay"
                world.led_to |= set(wanted) if wanted_edge else set()
                now = set(wanted)
            case UpdateEdge():
                world.behaviours, world.there = set(step.registries), True
            case MoveAlias():
                world.at_edge = step.to_edge
            case Pause():
                world.led_to = now if world.at_edge else world.led_to
            case DeleteEdge():
                world.there = False
        world.check()
    assert world.at_edge == wanted_edge
    assert world.there == wanted_edge
