"""HTTP messages as values: what a handler is given, and what it gives back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import parse_qsl

Header = tuple[str, str]


def header_values(headers: tuple[Header, ...], name: str) -> list[str]:
    """All values of a header, in the order sent; names differ in case freely."""
    return [value for key, value in headers if key.lower() == name.lower()]


def without(headers: tuple[Header, ...], *names: str) -> tuple[Header, ...]:
    """The headers but for those of these names."""
    dropped = {name.lower() for name in names}
    return tuple(header for header in headers if header[0].lower() not in dropped)


class _Message:
    headers: tuple[Header, ...]

    def values(self, name: str) -> list[str]:
        return header_values(self.headers, name)

    def value(self, name: str) -> str | None:
        """The first value of a header."""
        return next(iter(self.values(name)), None)

    @property
    def ends_connection(self) -> bool:
        return any("close" in each.lower() for each in self.values("Connection"))


@dataclass(frozen=True)
class HttpRequest(_Message):
    """Text is latin-1, so that every byte of the wire is one character."""

    method: str
    target: str
    """As it stood on the request line: nothing decoded, nothing collapsed."""
    headers: tuple[Header, ...]
    """In the order sent, repeats and the sender's spelling kept."""
    body: bytes = b""
    peer: str = "127.0.0.1"

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]

    @property
    def query(self) -> list[tuple[str, str]]:
        """The query's decoded pairs in order; empty values kept."""
        return parse_qsl(self.target.partition("?")[2], keep_blank_values=True)

    def parameter(self, name: str) -> str | None:
        """The first value of a query parameter."""
        return next((value for key, value in self.query if key == name), None)


@dataclass(frozen=True)
class HttpResponse(_Message):
    """A `Content-Length` among the headers is sent as given; else the body's is sent.

    The body of a response to HEAD is never sent, but counts for the length.
    """

    status: int
    headers: tuple[Header, ...] = ()
    body: bytes = b""

    @property
    def reason(self) -> str:
        try:
            return HTTPStatus(self.status).phrase
        except ValueError:
            return ""


Handler = Callable[[HttpRequest], HttpResponse]
Observer = Callable[[HttpRequest, HttpResponse], None]


class CloseConnection(Exception):
    """Raised by a handler to end the connection without a response."""


class ResetConnection(CloseConnection):
    """Raised by a handler to reset the connection."""


class NotHttp(Exception):
    """Raised by a handler to send `content` as it is, and to end the connection."""

    def __init__(self, content: bytes) -> None:
        super().__init__("not an HTTP message")
        self.content = content
