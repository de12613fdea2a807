"""Which steps of a client's operations are refused, and how: all that there is, or a part that covers it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product

from tests.clients.refusing_registry import Manner, PlannedRefusal, RefusedStep
from tests.clients.row import Row

_MANNERS = tuple(Manner)
# They go to the Location that the step before gave.
_AT_A_LOCATION = frozenset({RefusedStep.CHUNK, RefusedStep.CLOSING_PUT})

StepCounts = Mapping[Row, Mapping[RefusedStep, int]]
"""How often each operation takes each step when nothing is refused."""
Kinds = tuple[bool, ...]
"""Of Locations: absolute (False), relative (True), or both."""


@dataclass(frozen=True)
class RefusedRun:
    """One run of a client. `relative`: the registry's Locations leave its origin out."""

    row: Row
    refusal: PlannedRefusal
    relative: bool

    def __str__(self) -> str:
        return f"{self.row.label}, {self.refusal}, {'relative' if self.relative else 'absolute'} Locations"


def everything(requests: StepCounts, kinds: Kinds) -> list[RefusedRun]:
    """Every step, the first time and a later one, in every manner, with every kind of Location."""
    return [
        RefusedRun(row, PlannedRefusal(step, manner, nth), relative)
        for row, steps in requests.items()
        for step, count in _in_order(steps)
        for nth, manner, relative in product(range(1, min(count, 2) + 1), Manner, kinds)
    ]


def covering(requests: StepCounts, kinds: Kinds, shift: int) -> list[RefusedRun]:
    """Every step of every operation at least once, and every manner at least once.

    Clients with a different `shift` meet other pairs of step and manner, and another one of a step's
    requests: ten shifts in a row meet every pair.
    """
    places = [
        (row, step, 2 if count > 1 and (shift + number) % 2 else 1, relative)
        for number, (row, step, count) in enumerate(
            (row, step, count) for row, steps in requests.items() for step, count in _in_order(steps)
        )
        for relative in (kinds if step in _AT_A_LOCATION else (kinds[(shift + number) // 2 % len(kinds)],))
    ]
    runs = []
    for number in range(max(len(places), len(_MANNERS)) if places else 0):
        row, step, nth, relative = places[number % len(places)]
        manner = _MANNERS[(number + shift) % len(_MANNERS)]
        runs.append(RefusedRun(row, PlannedRefusal(step, manner, nth), relative))
    return runs


def _in_order(steps: Mapping[RefusedStep, int]) -> Iterator[tuple[RefusedStep, int]]:
    return ((step, steps[step]) for step in RefusedStep if steps.get(step))
