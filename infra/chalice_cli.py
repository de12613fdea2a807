"""Chalice's own commands, run as its users run them: a process of its own, in the project's directory."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from infra.aws import ATTEMPTS, POLICY_PATH
from infra.errors import AwsRefused, ChaliceFailed

_START = "import sys; from chalice.cli import main; sys.exit(main())"
_REFUSAL = re.compile(r"An error occurred \((\w+)\) when calling the (\w+) operation[^:]*: (.*)")


@dataclass(frozen=True)
class ChaliceCli:
    """`environment` is what the process starts with; the region and the profile are added to it."""

    project: Path
    region: str
    profile: str | None
    environment: Mapping[str, str]

    def run(self, command: str, stage: str, progress: Callable[[str], None]) -> None:
        """Run `chalice COMMAND --stage STAGE`, handing on each line it prints.

        Raises AwsRefused where AWS refused one of its calls, ChaliceFailed for any other failure.
        """
        arguments = [command, "--stage", stage]
        if self.profile:
            # As an argument: AWS_PROFILE would give way to keys in the environment, and the profile of
            # the other calls does not.
            arguments += ["--profile", self.profile]
        shown = " ".join(("chalice", *arguments))
        environment = {
            **self.environment,
            "AWS_REGION": self.region,
            "AWS_DEFAULT_REGION": self.region,
            "AWS_RETRY_MODE": self.environment.get("AWS_RETRY_MODE", "standard"),
            "AWS_MAX_ATTEMPTS": self.environment.get("AWS_MAX_ATTEMPTS", str(ATTEMPTS)),
            "PYTHONUNBUFFERED": "1",
        }
        process = subprocess.Popen(
            [sys.executable, "-c", _START, *arguments],
            cwd=self.project,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
        said: list[str] = []
        with process:
            try:
                for line in process.stdout or ():
                    said.append(line.rstrip())
                    # A traceback is for us to read, not for the user.
                    if said[-1] and not _in_traceback(said):
                        progress(f"  {said[-1]}")
            except BaseException:
                # Chalice records only at its end, and the next run finds what it made: let it stop now.
                process.terminate()
                raise
        if process.returncode:
            raise failure_of(shown, process.returncode, said)


def _in_traceback(said: list[str]) -> bool:
    return any(line.startswith("Traceback (most recent call last)") for line in said)


def failure_of(command: str, status: int, said: list[str]) -> AwsRefused | ChaliceFailed:
    text = " ".join(" ".join(said).split())
    found = _REFUSAL.search(text)
    if found:
        code, operation, message = found.groups()
        remedy = "run the command again to go on from here"
        if "AccessDenied" in code:
            remedy = f"the deployer needs what {POLICY_PATH} allows; then run the command again"
        # Chalice wraps its report and repeats it above a traceback: the first sentence is AWS' message.
        sentence = re.split(r" (?:During handling|Traceback|The above exception)|(?<=\.) ", message)[0]
        return AwsRefused(operation, code, sentence, remedy)
    last = next((line for line in reversed(said) if line.strip()), "it printed nothing")
    return ChaliceFailed(command, status, f"{last.strip()}; run the command again to go on from here")
