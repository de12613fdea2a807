"""The body of a request to `chalice local`, read piece by piece.

Framing that two readers could understand differently is refused (RFC 9112 section 6.3).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from email.errors import MissingHeaderBodySeparatorDefect
from email.message import Message
from io import BufferedIOBase
from typing import NamedTuple

PIECE = 64 * 1024
_MAX_LINE = 4096
_MAX_TRAILERS = 100
_DECIMAL = frozenset("0123456789")
_HEXADECIMAL = frozenset("0123456789abcdefABCDEF")


class RefusedBody(Exception):
    """The body cannot be read; what follows on the connection may be body or request."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        #: The HTTP status of the refusal.
        self.status = status


class RequestBody(NamedTuple):
    """A body that is still to be read."""

    #: Bytes; 0 where the request has no body, None where it is chunked.
    length: int | None
    #: Never more than PIECE bytes at once. Raises RefusedBody.
    pieces: Iterator[bytes]


def request_body(headers: Message, stream: BufferedIOBase, limit: int | None = None) -> RequestBody:
    """The body that `headers` announce. One of more than `limit` bytes is refused with 413.

    Raises RefusedBody.
    """
    lengths = {value.strip() for value in headers.get_all("Content-Length", [])}
    encodings = [value.strip().lower() for value in headers.get_all("Transfer-Encoding", [])]
    broken = any(isinstance(each, MissingHeaderBodySeparatorDefect) for each in headers.defects)
    if broken or len(lengths) > 1:
        raise RefusedBody(400, "malformed headers")
    if encodings:
        if encodings != ["chunked"] or lengths:
            raise RefusedBody(400, "unsupported transfer encoding")
        return RequestBody(None, _chunks(stream, limit))
    length = int(_digits(lengths.pop(), _DECIMAL)) if lengths else 0
    _check_size(length, limit)
    return RequestBody(length, _exactly(stream, length))


def _chunks(stream: BufferedIOBase, limit: int | None) -> Iterator[bytes]:
    total = 0
    while size := int(_digits(_line(stream).partition(";")[0], _HEXADECIMAL), 16):
        total += size
        _check_size(total, limit)
        yield from _exactly(stream, size)
        if _line(stream):
            raise RefusedBody(400, "malformed chunk")
    if not any(not _line(stream) for _ in range(_MAX_TRAILERS)):
        raise RefusedBody(400, "too many trailers")


def _exactly(stream: BufferedIOBase, size: int) -> Iterator[bytes]:
    while size:
        with _client_faults():
            piece = stream.read(min(size, PIECE))
        if not piece:
            raise RefusedBody(400, "the body ends early")
        size -= len(piece)
        yield piece


def _line(stream: BufferedIOBase) -> str:
    with _client_faults():
        return stream.readline(_MAX_LINE).decode("latin-1").strip()


@contextmanager
def _client_faults() -> Iterator[None]:
    # Whoever sends the pieces on must be able to tell the client's faults from those of the other side.
    try:
        yield
    except TimeoutError as error:
        raise RefusedBody(408, "the body stopped coming") from error
    except OSError as error:
        raise RefusedBody(400, "the body ends early") from error


def _digits(text: str, digits: frozenset[str]) -> str:
    # int() takes signs, prefixes, underscores and other scripts' digits as well.
    if not text or len(text) > 16 or not digits.issuperset(text):
        raise RefusedBody(400, "malformed body length")
    return text


def _check_size(size: int, limit: int | None) -> None:
    if limit is not None and size > limit:
        raise RefusedBody(413, f"more than {limit} bytes")
