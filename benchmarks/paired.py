"""Timing two or more things in turn, so that a machine whose speed drifts does so for all of them."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping, Sequence

Subject = Callable[[], float]
"""Does its work, and gives the seconds that it took."""


def timed(work: Callable[[], object], calls: int = 1) -> Subject:
    """Seconds for one of `calls` calls, which are made one after the other."""

    def subject() -> float:
        started = time.perf_counter()
        for _ in range(calls):
            work()
        return (time.perf_counter() - started) / calls

    return subject


def in_turn(subjects: Mapping[str, Subject], rounds: int) -> dict[str, list[float]]:
    """The seconds of each subject in each round. One round before, which warms caches, does not count."""
    seconds: dict[str, list[float]] = {name: [] for name in subjects}
    for number in range(rounds + 1):
        for name, subject in subjects.items():
            taken = subject()
            if number:
                seconds[name].append(taken)
    return seconds


def table(title: str, seconds: Mapping[str, Sequence[float]], base: str, target: str = "") -> str:
    """Median and slowest in the unit that fits, and the median as a ratio of that of `base`; `target` is for
    the first ratio."""
    base_median = statistics.median(seconds[base])
    unit, scale = ("us", 1e6) if base_median < 1e-3 else ("ms", 1e3)
    lines = [f"{title:<48}    median      slowest"]
    for name, values in seconds.items():
        median = statistics.median(values)
        ratio = f"{median / base_median:5.2f}x{f'  target {target}' if target else ''}"
        lines.append(
            f"  {name:<46} {median * scale:6.1f} {unit}   {max(values) * scale:6.1f} {unit}  {ratio}"
        )
        target = ""
    return "\n".join(lines)
