"""What can go wrong in the redirect service. Messages name values only where no credential can be."""

from __future__ import annotations


class ServiceError(Exception):
    """The base of every error that the service raises on purpose."""


class InvalidSetting(ServiceError):
    """An environment variable holds a value the service cannot start with.

    `variable` and `value` are as found, `expected` is the accepted form.
    """

    def __init__(self, variable: str, value: str, expected: str) -> None:
        super().__init__(f"{variable}={value!r} is not accepted; expected {expected}")
        self.variable = variable
        self.value = value
        self.expected = expected


class RegistryError(ServiceError):
    """A registry could not be asked, or its answer cannot be handed on; `registry` is its origin."""

    def __init__(self, registry: str, what: str) -> None:
        super().__init__(f"{registry} {what}")
        self.registry = registry


class RegistryUnreachable(RegistryError):
    """No connection, a failed handshake, or an answer that is not HTTP."""


class RegistryLate(RegistryError):
    """No whole answer within the time a relay may take."""


class AnswerNotRelayable(RegistryError):
    """An answer too large for a Lambda response, or bytes where only text can pass."""
