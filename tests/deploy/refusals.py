"""AWS refusing calls, as tests arrange it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from tests.deploy.aws_account import AwsFault
from tests.deploy.aws_call import Call


@dataclass
class OnceEach:
    """Refuses the first call of each operation that is in `left`, and takes it out."""

    fault: AwsFault
    left: list[str]
    #: The operation that was refused last.
    struck: str = ""

    def __call__(self, call: Call) -> AwsFault | None:
        if call.protocol == "stack" or call.name not in self.left:
            return None
        self.left.remove(call.name)
        self.struck = call.name
        return self.fault


@dataclass
class WithoutAction:
    """Someone who may do everything but one thing."""

    fault: AwsFault
    action: str
    #: Whether that was tried.
    struck: bool = field(default=False, init=False)

    def __call__(self, call: Call) -> AwsFault | None:
        if call.action != self.action or call.protocol != "stack":
            return None
        self.struck = True
        return self.fault


def operations(calls: Iterable[Call]) -> list[str]:
    """The names of the calls that were made directly, each once, in the order of their first."""
    return list(dict.fromkeys(call.name for call in calls if call.protocol != "stack"))
