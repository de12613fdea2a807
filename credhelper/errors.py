"""What can go wrong, as a tree: each error is one line for a person, and says what to do next."""

from collections.abc import Iterable

from credhelper.registry_host import shown

#: Characters of a secret that say nothing without the rest of it.
_HARMLESS_PIECE = 15


def shown_path(path: str) -> str:
    """A path as it may be shown.

    A directory may have an `@` or a `?` in its name. USER:PASSWORD@ is not one's, nor is a URL, of which
    pathlib leaves one slash.
    """
    return shown(path) if ":/" in path or ":" in path.rpartition("@")[0] else path


def without_secrets(text: str, secrets: Iterable[str]) -> str:
    """`text` with `***` in place of each secret, and of each piece of one that has 16 characters or more.

    Whoever is sent a secret can repeat it, cut off or in lower case, as a host name is shown.
    """
    hidden = [False] * len(text)
    for secret in filter(None, secrets):
        length = min(_HARMLESS_PIECE + 1, len(secret))
        pieces = {secret[start : start + length].lower() for start in range(len(secret) - length + 1)}
        for start in range(len(text) - length + 1):
            if text[start : start + length].lower() in pieces:
                hidden[start : start + length] = [True] * length
    shown_parts = (
        ("" if place and hidden[place - 1] else "***") if hidden[place] else character
        for place, character in enumerate(text)
    )
    return "".join(shown_parts)


class HelperError(Exception):
    """The base of all errors that are foreseen; `str()` is one line that holds no secret."""

    def __init__(self, finding: str, next_step: str = "") -> None:
        super().__init__(f"{finding}; {next_step}" if next_step else finding)
        #: What happened.
        self.finding = finding
        #: What to do about it, or empty.
        self.next_step = next_step


class InvalidServerURL(HelperError, ValueError):
    """Text that does not name a registry host.

    A ValueError too, so that the `get` from the cache can catch it without importing this tree.
    """

    def __init__(self, text: str, reason: str) -> None:
        super().__init__(f"{shown(text)!r} is not a valid server URL: {reason}")


class InvalidVariable(HelperError):
    """An environment variable with a value that cannot be used."""

    def __init__(self, name: str, value: str, expected: str) -> None:
        super().__init__(f"{name} is {shown(value)!r}, which is not a valid value", f"set it to {expected}")


class InvalidFile(HelperError):
    """A file that is not what it should be; the file is left as it is."""

    def __init__(self, path: str, line: int, column: int, problem: str) -> None:
        super().__init__(
            f"{shown_path(path)}:{line}:{column}: {problem}", "correct the file, which was not changed"
        )
        #: Where in the file, counted from 1.
        self.line = line
        #: Where in the line, counted from 1.
        self.column = column


class FileTrouble(HelperError):
    """A file that cannot be read or written."""

    def __init__(self, path: str, verb: str, reason: str, next_step: str = "") -> None:
        super().__init__(f"cannot {verb} {shown_path(path)}: {reason}", next_step)


class ChangedMeanwhile(FileTrouble):
    """A file that somebody else has changed since it was read; it is left as it is."""

    def __init__(self, path: str) -> None:
        super().__init__(path, "write", "it was changed meanwhile", "run this again")


class InvalidInput(HelperError):
    """Standard input or a command line that is not what the verb takes."""


class HostNotServed(HelperError):
    """A host that stands for no ECR registry, as far as configuration and discovery say."""

    def __init__(self, host: str, reason: str, next_step: str = "") -> None:
        super().__init__(f"{host} stands for no ECR registry: {reason}", next_step)
        #: The finding without the host's name.
        self.reason = reason


class DiscoveryFailed(HelperError):
    """A host that did not respond."""

    def __init__(self, host: str, reason: str) -> None:
        super().__init__(f"cannot ask {host} for its registry: {reason}")
        #: The finding without the host's name.
        self.reason = reason


class TokenRefused(HelperError):
    """AWS, or the way to it, gave no token."""


class TimedOut(HelperError):
    """Work that did not end within its bound."""

    def __init__(self, what: str, seconds: float, next_step: str = "") -> None:
        super().__init__(f"{what} took longer than {round(seconds, 1):g} s", next_step)
