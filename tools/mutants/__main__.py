"""Break each claim of the threat model on purpose, and see its test fail.

    python -m tools.mutants [WORD ...]

WORD   only mutants whose claim, file or test contains it
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue

from tools.mutants.all_mutants import MUTANTS
from tools.mutants.mutant import Mutant
from tools.mutants.trial import Trial, TrialOutcome, copy_project, failing_tests, try_mutant

PROJECT = Path(__file__).parents[2]
_PARALLEL = 2


def main(arguments: Sequence[str], write: Callable[[str], object]) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tools.mutants", description=str(__doc__).partition("\n")[0]
    )
    parser.add_argument("words", metavar="WORD", nargs="*", help="only mutants that contain it")
    words = parser.parse_args(arguments).words
    chosen = [each for each in MUTANTS if not words or any(word in "\n".join(each) for word in words)]
    if not chosen:
        write(f"no mutant contains {' or '.join(words)}\n")
        return 2
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as directory:
        copies: SimpleQueue[Path] = SimpleQueue()
        for number in range(_PARALLEL):
            copies.put(copy_project(PROJECT, Path(directory, str(number))))
        first = copies.get()
        failure = failing_tests((mutant.test for mutant in chosen), first)
        copies.put(first)
        if failure:
            write(f"{failure}\na test fails without any mutant: nothing can be said\n")
            return 2

        def trial(mutant: Mutant) -> Trial:
            copy = copies.get()
            try:
                return try_mutant(mutant, copy)
            finally:
                copies.put(copy)

        with ThreadPoolExecutor(_PARALLEL) as workers:
            trials = []
            for done in workers.map(trial, chosen):
                trials.append(done)
                write(f"{done.outcome.value:<9} {done.mutant.claim}\n")
    bad = [each for each in trials if each.outcome is not TrialOutcome.NOTICED]
    for each in bad:
        mutant = each.mutant
        write(f"\n{each.outcome.value}: {mutant.claim}\n  {mutant.file}, {mutant.test}\n{each.output}\n")
    write(f"{len(trials) - len(bad)} of {len(trials)} noticed, {time.monotonic() - started:.0f} s\n")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], lambda text: (sys.stdout.write(text), sys.stdout.flush())))
