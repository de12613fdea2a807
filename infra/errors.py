"""What can go wrong while a domain is brought up or down. Each message is one line: what, the value,
where it was set, what to do."""

from __future__ import annotations


class InfraError(Exception):
    """The base of every error that these commands raise on purpose."""


class InvalidConfiguration(InfraError):
    """A value that cannot be deployed: `key` of stage `stage` in `path` holds `value`; `remedy` helps."""

    def __init__(self, path: str, stage: str, key: str, value: object, remedy: str) -> None:
        super().__init__(f"{key}={value!r} (stage {stage!r} in {path}): {remedy}")
        self.path = path
        self.stage = stage
        self.key = key
        self.value = value
        self.remedy = remedy


class UnreadableFile(InfraError):
    """A file that is missing or not what it should be."""

    def __init__(self, path: str, reason: str, remedy: str) -> None:
        super().__init__(f"{path} {reason}; {remedy}")
        self.path = path
        self.reason = reason


class UnknownStage(InfraError):
    """No stage of `path` is what --stage and --region ask for."""

    def __init__(self, stage: str, path: str, remedy: str) -> None:
        super().__init__(f"the stage {stage!r} is not set up in {path}: {remedy}")
        self.stage = stage
        self.path = path


class AwsRefused(InfraError):
    """AWS answered a call with an error: `operation`, its `code`, and its own `message`."""

    def __init__(self, operation: str, code: str, message: str, remedy: str) -> None:
        super().__init__(f"AWS refused {operation} ({code}): {message.rstrip('.')}; {remedy}")
        self.operation = operation
        self.code = code


class AwsUnreachable(InfraError):
    """No call could be made: no credentials, no such profile, no network."""


class ChaliceFailed(InfraError):
    """A Chalice command ended with an error; `status` is its exit status, `reason` its last word."""

    def __init__(self, command: str, status: int, reason: str) -> None:
        super().__init__(f"`{command}` failed (exit {status}): {reason}")
        self.command = command
        self.status = status
        self.reason = reason


class NotReady(InfraError):
    """What an account must hold before anything is changed, and does not: one line for each."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class NotConfirmed(InfraError):
    """Nobody said yes."""


class StillWaiting(InfraError):
    """Something AWS does in its own time took longer than we wait."""


class NotSettled(InfraError):
    """AWS took every change, and still is not in the state that was asked for."""
