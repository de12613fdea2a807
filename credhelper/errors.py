"""What can go wrong, as a tree: each error is one line for a person, with its facts as attributes."""


class HelperError(Exception):
    """The base of all errors that are foreseen; `str()` is one line, safe to print: never a secret.

    `next_step` says what to do about it, or is empty.
    """

    def __init__(self, finding: str, next_step: str = "") -> None:
        super().__init__(f"{finding}; {next_step}" if next_step else finding)
        self.finding = finding
        self.next_step = next_step


class InvalidServerURL(HelperError, ValueError):
    """Text that names no registry host; `value` is what was given, shortened.

    A ValueError too, so that the `get` from memory can catch it without importing this tree.
    """

    def __init__(self, value: str, reason: str) -> None:
        shown = value if len(value) <= 200 else value[:200] + "…"
        super().__init__(f"{shown!r} is no server URL: {reason}")
        self.value = shown


class InvalidSetting(HelperError):
    """An environment variable or option with a value that cannot be used."""

    def __init__(self, name: str, value: str, expected: str) -> None:
        super().__init__(f"{name} is {value!r}", f"set it to {expected}")
        self.name = name
        self.value = value


class InvalidFile(HelperError):
    """A file that is not what it should be, with the place in it; the file is left as it is.

    `line` and `column` count from 1.
    """

    def __init__(self, path: str, line: int, column: int, problem: str) -> None:
        super().__init__(f"{path}:{line}:{column}: {problem}", "nothing was changed; correct the file")
        self.path = path
        self.line = line
        self.column = column


class FileTrouble(HelperError):
    """A file that cannot be read or written."""

    def __init__(self, path: str, verb: str, error: OSError) -> None:
        super().__init__(f"cannot {verb} {path}: {error.strerror or error}")
        self.path = path


class InvalidInput(HelperError):
    """Standard input that is too long, binary, or not what the verb takes."""


class HostNotServed(HelperError):
    """A host that stands for no ECR registry, as far as configuration and discovery tell."""

    def __init__(self, host: str, reason: str, next_step: str = "") -> None:
        super().__init__(f"{host} stands for no ECR registry: {reason}", next_step)
        self.host = host
        self.reason = reason


class DiscoveryFailed(HelperError):
    """A host that could not be asked where it redirects; `reason` is without the host's name."""

    def __init__(self, host: str, reason: str) -> None:
        super().__init__(f"cannot ask {host} where it redirects: {reason}")
        self.host = host
        self.reason = reason


class TokenRefused(HelperError):
    """AWS, or the way to it, gave no token."""


class TimedOut(HelperError):
    """Work that did not end within its bound of `seconds`."""

    def __init__(self, what: str, seconds: float, next_step: str = "") -> None:
        super().__init__(f"{what} took longer than {seconds:g} s", next_step)
        self.seconds = seconds
