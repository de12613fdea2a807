"""What is started and stopped: a base for the stand-ins, which run within `with`."""

from __future__ import annotations

from types import TracebackType
from typing import TypeVar

RunningType = TypeVar("RunningType", bound="Running")


class Running:
    """Runs from `start()`, or the beginning of a `with`, until `stop()`, or its end."""

    def start(self) -> None:
        raise NotImplementedError

    def stop(self) -> None:
        raise NotImplementedError

    def __enter__(self: RunningType) -> RunningType:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
