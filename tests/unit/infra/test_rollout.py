"""The order in which the stacks change: at no moment is a client led to a behaviour that is not there."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from chalicelib.registry_host import RegistryHost
from infra.rollout import Action, Deployed, Step, rollout

A, B, C = (RegistryHost.parse(f"{digit * 12}.dkr.ecr.us-west-2.amazonaws.com") for digit in "123")
DISTRIBUTION = "d1.cloudfront.net"
SERVICE = Step(Action.UPDATE_SERVICE)
TO_EDGE = Step(Action.ALIAS_TO_EDGE)
DELETE = Step(Action.DELETE_EDGE)
AT_EDGE = Deployed(DISTRIBUTION, DISTRIBUTION, (A,))


def edge_of(*registries: RegistryHost) -> Step:
    return Step(Action.UPDATE_EDGE, registries)


@pytest.mark.parametrize(
    ("deployed", "edge", "wanted", "expected"),
    [
        # nothing is there
        (Deployed(), True, [A], (SERVICE, edge_of(A), TO_EDGE)),
        (Deployed(), False, [A], (SERVICE,)),
        # nothing to change
        (AT_EDGE, True, [A], (SERVICE, edge_of(A))),
        # the edge was made, and the run was interrupted before the records moved
        (
            Deployed("", DISTRIBUTION, (A,)),
            True,
            [A],
            (SERVICE, edge_of(A), TO_EDGE),
        ),
        # the edge was deleted by hand
        (Deployed(DISTRIBUTION), True, [A], (SERVICE, edge_of(A), TO_EDGE)),
        # a registry more: first its behaviour
        (AT_EDGE, True, [A, B], (edge_of(A, B), SERVICE)),
        # a registry less: its behaviour goes after the redirects that lead to it are forgotten
        (
            Deployed(DISTRIBUTION, DISTRIBUTION, (A, B)),
            True,
            [A],
            (SERVICE, Step(Action.FORGET_REDIRECTS), edge_of(A)),
        ),
        # no edge any more: it goes when nobody comes through it
        (
            AT_EDGE,
            False,
            [A],
            (Step(Action.ALIAS_TO_API), Step(Action.FORGET_ADDRESSES), SERVICE, DELETE),
        ),
        # the records moved back, and the run was interrupted before the edge was deleted
        (Deployed("", DISTRIBUTION, (A,)), False, [A], (SERVICE, DELETE)),
    ],
)
def test_the_steps(
    deployed: Deployed, edge: bool, wanted: list[RegistryHost], expected: tuple[Step, ...]
) -> None:
    assert rollout(deployed, edge, wanted) == expected


@dataclass
class RolloutState:
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
    world = RolloutState(edge, "edge" if edge else "relay", set(behaviours), behaviours, edge)
    deployed = Deployed(DISTRIBUTION, DISTRIBUTION, registries) if edge else Deployed()
    wanted_edge, wanted = after
    for step in rollout(deployed, wanted_edge, wanted):
        match step.action:
            case Action.UPDATE_SERVICE:
                world.mode = "edge" if wanted_edge else "relay"
                world.led_to |= set(wanted) if wanted_edge else set()
                now = set(wanted)
            case Action.UPDATE_EDGE:
                world.behaviours, world.there = set(step.registries), True
            case Action.ALIAS_TO_EDGE | Action.ALIAS_TO_API:
                world.at_edge = step.action is Action.ALIAS_TO_EDGE
            case Action.FORGET_REDIRECTS:
                world.led_to = now
            case Action.DELETE_EDGE:
                world.there = False
        world.check()
    assert world.at_edge == wanted_edge
    assert world.there == wanted_edge
