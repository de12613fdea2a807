"""What can go wrong in the service. Messages quote nothing in which a credential can be."""

from chalicelib.registry_host import shown


class ServiceError(Exception):
    """The base of all."""


class InvalidSetting(ServiceError):
    """The service cannot start with a value in its environment."""

    def __init__(self, variable: str, value: str, expected: str) -> None:
        #: The name of the environment variable.
        self.variable = variable
        #: The value that is not accepted, as it may be shown.
        self.value = shown(value)
        super().__init__(f"{variable}={self.value!r} is not accepted; expected {expected}")
        #: The accepted form, as the message has it.
        self.expected = expected


class RegistryError(ServiceError):
    """A registry did not give a response that the relay can pass on. `registry` is its origin."""

    def __init__(self, registry: str, what: str) -> None:
        super().__init__(f"{registry} {what}")


class RegistryUnreachable(RegistryError):
    """There is no connection, the handshake failed, or what came is not HTTP."""


class RegistryLate(RegistryError):
    """No whole response came within the time that a relay may take."""


class ResponseNotRelayable(RegistryError):
    """The response is too large for Lambda, or holds bytes where only text can pass, or a Location that is
    refused."""
