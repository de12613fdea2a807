"""What can go wrong. Messages quote nothing in which a credential can be."""


class ServiceError(Exception):
    """The base of all."""


class InvalidSetting(ServiceError):
    """The service cannot start with `value` in the environment; `expected` is the accepted form."""

    def __init__(self, variable: str, value: str, expected: str) -> None:
        super().__init__(f"{variable}={value!r} is not accepted; expected {expected}")
        self.variable = variable
        self.value = value
        self.expected = expected


class RegistryError(ServiceError):
    """`registry` is its origin."""

    def __init__(self, registry: str, what: str) -> None:
        super().__init__(f"{registry} {what}")
        self.registry = registry


class RegistryUnreachable(RegistryError):
    """No connection, a failed handshake, or an answer that is not HTTP."""


class RegistryLate(RegistryError):
    """No whole answer within the time a relay may take."""


class AnswerNotRelayable(RegistryError):
    """An answer too large for a Lambda response, or bytes where only text can pass."""
