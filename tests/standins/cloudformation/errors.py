"""What CloudFormation gives instead of a result, and why a resource could not be made."""

from __future__ import annotations


class CloudFormationError(Exception):
    """An AWS error code (`ValidationError` unless said otherwise) and its message."""

    def __init__(self, message: str, code: str = "ValidationError") -> None:
        super().__init__(message)
        self.code = code


class ResourceFailed(Exception):
    """An operation on one resource that did not succeed; the message is the event's reason."""


class NotImitated(Exception):
    """A template or a call asks for something that this stand-in does not know: a gap of the stand-in."""
