"""What can go wrong while a domain is brought up or down. Each message is one line: what, the value,
where it was set, what to do."""

from __future__ import annotations

from chalicelib.registry_host import shown

PROGRAM = ".venv/bin/ecr-domain"
"""The program as `make install` puts it; every "next" command that is printed begins with it."""

DEPLOYER_TEMPLATE = "infra/templates/deployer.json"
"""What a deployer needs; docs/deployment.md says how an administrator deploys it."""


class InfraError(Exception):
    """The base of every error that these commands raise on purpose."""


class InvalidConfiguration(InfraError):
    """A value that cannot be deployed; `key` is the setting, `where` a flag or a stage of a file."""

    def __init__(self, key: str, value: object, where: str, remedy: str) -> None:
        super().__init__(f"{key}={quoted(value)} ({where}): {remedy}")


class UnreadableFile(InfraError):
    """A file that is missing or does not have the form that it should have."""

    def __init__(self, path: str, reason: str, remedy: str) -> None:
        super().__init__(f"{path} {reason}; {remedy}")


class UnknownStage(InfraError):
    """The configuration has no stage that --stage and --region ask for."""

    def __init__(self, stage: str, path: str, remedy: str) -> None:
        super().__init__(f"the stage {quoted(stage)} is not set up in {path}: {remedy}")


class AwsRefused(InfraError):
    """AWS refused a call."""

    def __init__(self, operation: str, code: str, message: str, remedy: str) -> None:
        reason = f": {' '.join(message.split()).rstrip('.')}" if message else ""
        super().__init__(f"AWS refused {operation} ({code}){reason}; {remedy}")
        #: The error code of AWS.
        self.code = code
        #: The message of AWS.
        self.message = message


class AwsUnreachable(InfraError):
    """A call could not be made: no credentials, no such profile, no network."""


class ChaliceFailed(InfraError):
    """`chalice package` ended with an error; `reason` is the last line that it printed."""

    def __init__(self, stage: str, status: int, reason: str) -> None:
        super().__init__(f"`chalice package --stage {stage}` failed (exit {status}): {reason}")


class NotReady(InfraError):
    """What prevents a change before anything is changed: one line for each problem."""

    def __init__(self, *problems: str) -> None:
        super().__init__("\n".join(problems))


class NotConfirmed(InfraError):
    """Nobody said yes to the question."""


class StackFailed(InfraError):
    """CloudFormation could not finish an operation on a stack."""


class StillWaiting(InfraError):
    """Something that AWS does in its own time took longer than we wait."""


def quoted(value: object) -> str:
    """A value as it may be printed: see chalicelib.registry_host.shown."""
    return repr(shown(value)) if isinstance(value, str) else shown(repr(value))
