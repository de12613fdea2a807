"""In which order the two stacks change, so that no client is led to a behaviour that is not there.

Pure: from what is deployed and what is wanted to steps. The function's answers are kept by CloudFront for
CACHE_SECONDS, and the name's addresses by resolvers for ALIAS_SECONDS.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from chalicelib.registry_host import RegistryHost

CACHE_SECONDS = 60.0
# https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/resource-record-sets-choosing-alias-non-alias.html
ALIAS_SECONDS = 60.0


@dataclass(frozen=True)
class Deployed:
    """What the stacks say now."""

    #: What the alias records lead to where that is not the API.
    alias_target: str = ""
    #: The distribution's domain name; empty where there is no edge stack.
    distribution: str = ""
    #: The registries that the edge has behaviours for.
    registries: tuple[RegistryHost, ...] = ()


@dataclass(frozen=True)
class UpdateService:
    """The service stack as the settings want it; its alias records lead where they did."""

    line = "the service stack"


@dataclass(frozen=True)
class UpdateEdge:
    """The edge stack, with behaviours for these registries."""

    registries: tuple[RegistryHost, ...]
    line = "the edge stack"


@dataclass(frozen=True)
class MoveAlias:
    """The alias records lead to the distribution, or to the API; nothing else of the service changes."""

    to_edge: bool

    @property
    def line(self) -> str:
        return f"the alias records lead to {'the edge' if self.to_edge else 'the API'}"


@dataclass(frozen=True)
class Pause:
    """Some seconds in which clients forget what they were answered before."""

    seconds: float
    why: str
    PREFIX = "wait "

    @property
    def line(self) -> str:
        return f"{self.PREFIX}{self.seconds:.0f} s: {self.why}"


@dataclass(frozen=True)
class DeleteEdge:
    """The edge stack goes."""

    line = "the edge stack is deleted"


Step = UpdateService | UpdateEdge | MoveAlias | Pause | DeleteEdge


def rollout(deployed: Deployed, edge: bool, wanted: Sequence[RegistryHost]) -> tuple[Step, ...]:
    """The steps to the wanted state. A step that finds nothing to change is left out when it is taken."""
    return _with_edge(deployed, tuple(wanted)) if edge else _without_edge(deployed)


def _with_edge(deployed: Deployed, wanted: tuple[RegistryHost, ...]) -> tuple[Step, ...]:
    there = deployed.registries
    steps: list[Step] = []
    # Before the function leads to a new behaviour, the behaviour is there.
    if deployed.distribution and not set(wanted) <= set(there):
        steps.append(UpdateEdge(tuple(dict.fromkeys((*there, *wanted)))))
    steps.append(UpdateService())
    # Before a behaviour goes, no kept answer leads to it.
    if set(there) - set(wanted):
        steps.append(Pause(CACHE_SECONDS, "CloudFront forgets the answers that lead to a removed registry"))
    if UpdateEdge(wanted) not in steps:
        steps.append(UpdateEdge(wanted))
    # Answered by the API itself, the mode `edge` serves clients too: the name may move at any time.
    if not deployed.distribution or deployed.alias_target != deployed.distribution:
        steps.append(MoveAlias(to_edge=True))
    return tuple(steps)


def _without_edge(deployed: Deployed) -> tuple[Step, ...]:
    steps: list[Step] = []
    # CloudFront takes credentials off what the function gets, so the name leads to the API before the mode
    # changes.
    if deployed.alias_target:
        steps.append(MoveAlias(to_edge=False))
        steps.append(Pause(ALIAS_SECONDS, "resolvers forget the edge's addresses"))
    steps.append(UpdateService())
    if deployed.distribution:
        steps.append(DeleteEdge())
    return tuple(steps)
