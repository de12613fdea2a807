"""The progress of an operation on a stack, from the stack's events: what is done, what is waited for, and in
the end what failed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from infra.errors import DEPLOYER_TEMPLATE, PROGRAM

Event = Mapping[str, Any]
"""An entry of DescribeStackEvents."""

_USUALLY = {
    "AWS::CertificateManager::Certificate": "usually 2 to 10 minutes, if the DNS leads to the zone",
    "AWS::CloudFront::Distribution": "usually 3 to 10 minutes",
}
_RIGHTS = f"the deployer, or the service role, needs what {DEPLOYER_TEMPLATE} allows"
_ALIAS = "remove the alias from the distribution that has it (aws cloudfront list-distributions)"
# A part of CloudFormation's reason, and what to do; the first that fits counts.
_REMEDIES = {
    # Of an AccessDenied that no policy can put right.
    "must be verified": (
        f"ask AWS Support to verify the account for CloudFront, or leave it out (`{PROGRAM} init --edge off`)"
    ),
    "CNAMEAlreadyExists": _ALIAS,
    "CNAMEs you provided are already associated": _ALIAS,
    "not authorized": _RIGHTS,
    "AccessDenied": _RIGHTS,
    "already exists": "remove what is there, which is not this stack's, or choose another name",
    "is in use": "AWS itself may still be using it: wait half an hour",
}


@dataclass
class Progress:
    """What the events have said so far."""

    #: The last event of each resource, in the order in which they were begun.
    _last: dict[str, Event] = field(default_factory=dict)
    _failures: list[Event] = field(default_factory=list)
    #: Whether there was an event.
    begun: bool = False

    def add(self, events: Iterable[Event]) -> None:
        """Events in the order in which they happened."""
        for event in events:
            self.begun = True
            if event.get("PhysicalResourceId") != event["StackId"]:
                self._last[event["LogicalResourceId"]] = event
            if event["ResourceStatus"].endswith("_FAILED"):
                self._failures.append(event)

    @property
    def done(self) -> int:
        return len(self._last) - len(self._running())

    @property
    def waiting_for(self) -> str:
        """The resource that takes longest of those that are not done."""
        running = sorted(self._running(), key=lambda event: event["ResourceType"] not in _USUALLY)
        if not running:
            return "CloudFormation"
        kind = running[0]["ResourceType"]
        return f"{running[0]['LogicalResourceId']} ({kind}), {_USUALLY.get(kind, 'usually seconds')}"

    @property
    def failure(self) -> str:
        """Why the operation failed, by the first failure that is not the consequence of another, and what to
        do."""
        causes = [each for each in self._failures if "cancelled" not in _reason(each).lower()]
        if not causes:
            return "CloudFormation gives no reason; see the stack's events"
        reason = with_remedy(_reason(causes[0]) or causes[0]["ResourceStatus"])
        return f"{causes[0]['LogicalResourceId']} ({causes[0]['ResourceType']}): {reason}"

    def _running(self) -> list[Event]:
        return [event for event in self._last.values() if event["ResourceStatus"].endswith("_IN_PROGRESS")]


def with_remedy(reason: str) -> str:
    """A reason of CloudFormation's, and what to do."""
    remedy = next((text for part, text in _REMEDIES.items() if part in reason), "put it right")
    return f"{reason.rstrip('.')}; {remedy}"


def _reason(event: Event) -> str:
    return " ".join(event.get("ResourceStatusReason", "").split())
