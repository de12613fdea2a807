"""Timing two or more things in turn, so that a machine whose speed drifts does so for all of them."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Timing:
    """Seconds: the median over all rounds."""

    name: str
    median: float


Subject = tuple[str, Callable[[], object]]


def in_turn(subjects: Sequence[Subject], rounds: int, calls: int = 1) -> list[Timing]:
    """Time `calls` calls of each subject in each round, one subject after the other."""
    seconds: dict[str, list[float]] = {name: [] for name, _ in subjects}
    for _ in range(rounds):
        for name, subject in subjects:
            started = time.perf_counter()
            for _ in range(calls):
                subject()
            seconds[name].append((time.perf_counter() - started) / calls)
    return [Timing(name, statistics.median(each)) for name, each in seconds.items()]


def table(title: str, timings: Sequence[Timing], target: str = "") -> str:
    """The timings in the unit that fits, each as a ratio of the last one; `target` is for the first."""
    unit, scale = ("us", 1e6) if timings[-1].median < 1e-3 else ("ms", 1e3)
    base = timings[-1].median
    lines = [title]
    for number, timing in enumerate(timings):
        goal = f"  target {target}" if target and number == 0 else ""
        lines.append(
            f"  {timing.name:<46} {timing.median * scale:9.1f} {unit}  {timing.median / base:5.2f}x{goal}"
        )
    return "\n".join(lines)
