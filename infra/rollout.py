"""In which order the two stacks change, so that no client is led to a behaviour that is not there.

Pure: from what is deployed and what is wanted to steps.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from chalicelib.registry_host import RegistryHost

PAUSE_SECONDS = 60.0
"""For so long CloudFront keeps a response of the function, and resolvers keep an alias record's addresses:
https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/resource-record-sets-choosing-alias-non-alias.html"""


class Action(Enum):
    """What a step does, in words for the user."""

    #: As the settings want it; the alias records lead where they did.
    UPDATE_SERVICE = "the service stack"
    #: With behaviours for the step's registries.
    UPDATE_EDGE = "the edge stack"
    #: Nothing else of the service changes; the same for the next.
    ALIAS_TO_EDGE = "the alias records lead to the edge"
    ALIAS_TO_API = "the alias records lead to the API"
    FORGET_REDIRECTS = "wait 60 s: CloudFront forgets the redirects that lead to a removed registry"
    FORGET_ADDRESSES = "wait 60 s: resolvers forget the edge's addresses"
    DELETE_EDGE = "the edge stack is deleted"

    @property
    def waits(self) -> bool:
        return self in (Action.FORGET_REDIRECTS, Action.FORGET_ADDRESSES)


@dataclass(frozen=True)
class Step:
    """One step of a rollout."""

    action: Action
    #: Of UPDATE_EDGE alone.
    registries: tuple[RegistryHost, ...] = ()


@dataclass(frozen=True)
class Deployed:
    """What the stacks say now."""

    #: What the alias records lead to where that is not the API.
    alias_target: str = ""
    #: The distribution's domain name; empty where there is no edge stack.
    distribution: str = ""
    #: The registries that the edge has behaviours for.
    registries: tuple[RegistryHost, ...] = ()


def rollout(deployed: Deployed, edge: bool, wanted: Sequence[RegistryHost]) -> tuple[Step, ...]:
    """The steps to the wanted state. A step that finds nothing to change is left out when it is taken."""
    return _with_edge(deployed, tuple(wanted)) if edge else _without_edge(deployed)


def _with_edge(deployed: Deployed, wanted: tuple[RegistryHost, ...]) -> tuple[Step, ...]:
    there = deployed.registries
    steps: list[Step] = []
    # Before the function leads to a new behaviour, the behaviour is there.
    if deployed.distribution and not set(wanted) <= set(there):
        steps.append(Step(Action.UPDATE_EDGE, tuple(dict.fromkeys((*there, *wanted)))))
    steps.append(Step(Action.UPDATE_SERVICE))
    # Before a behaviour goes, no kept redirect leads to it.
    if set(there) - set(wanted):
        steps.append(Step(Action.FORGET_REDIRECTS))
    if Step(Action.UPDATE_EDGE, wanted) not in steps:
        steps.append(Step(Action.UPDATE_EDGE, wanted))
    # Answered by the API itself, the mode `edge` serves clients too: the name may move at any time.
    if not deployed.distribution or deployed.alias_target != deployed.distribution:
        steps.append(Step(Action.ALIAS_TO_EDGE))
    return tuple(steps)


def _without_edge(deployed: Deployed) -> tuple[Step, ...]:
    # CloudFront takes credentials off what the function gets, so the name leads to the API before the mode
    # changes.
    moves = (Action.ALIAS_TO_API, Action.FORGET_ADDRESSES) if deployed.alias_target else ()
    deletes = (Action.DELETE_EDGE,) if deployed.distribution else ()
    return tuple(map(Step, (*moves, Action.UPDATE_SERVICE, *deletes)))
