"""HTTP/1.1 on a socket, read and written as it comes: heads whole, bodies in pieces of a fixed buffer.

Bodies of a gigabyte pass through in constant memory. No library is as strict: what two readers would frame
in different ways is refused.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator

from tests.standins.http_message import Header, HttpRequest, HttpResponse

_PIECE = 256 * 1024
_LINE_LIMIT = 1024
_HEADER = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([^\r\n\0]*?)[ \t]*")
_LENGTH = re.compile(r"[0-9]{1,15}")
_CHUNK_SIZE = re.compile(rb"([0-9A-Fa-f]{1,12})[ \t]*(?:;[^\r\n]*)?\r\n")


class BadMessage(Exception):
    """What came is not HTTP/1.1, or is framed in two ways at once."""


class HeadTooLong(Exception):
    """The head is over the limit."""


class Truncated(Exception):
    """The connection ended inside a message."""


class Wire:
    """One end of a connection. Raises OSError as the socket does, TimeoutError included."""

    def __init__(self, connection: socket.socket) -> None:
        self.socket = connection
        self._reader = connection.makefile("rb")

    def close(self) -> None:
        self._reader.close()
        self.socket.close()

    def read_head(self, limit: int) -> bytes | None:
        """A head with its closing empty line; None where the connection ended before one began.

        Raises HeadTooLong, Truncated.
        """
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            line = self._reader.readline(limit + 1)
            head += line
            if head == b"\r\n":
                head = b""  # RFC 9112, 2.2: empty lines before a request
            if len(head) > limit:
                raise HeadTooLong
            if not line and head:
                raise Truncated
            if not line:
                return None
        return head

    def read_some(self, most: int = _PIECE) -> bytes:
        """The next bytes, at most so many; none at the end of the connection."""
        return self._reader.read1(most)

    def read_line(self) -> bytes:
        """A line with its end. Raises BadMessage."""
        line = self._reader.readline(_LINE_LIMIT)
        if not line.endswith(b"\n"):
            raise BadMessage("a line that does not end")
        return line

    def write(self, data: bytes) -> None:
        self.socket.sendall(data)


def read_request(head: bytes, peer: str) -> HttpRequest:
    """The request that a head opens, without its body. Raises BadMessage."""
    first, headers = _parts(head)
    parts = first.split(" ")
    if len(parts) != 3 or not parts[0].isalpha() or parts[2] not in ("HTTP/1.1", "HTTP/1.0"):
        raise BadMessage("no request line")
    return HttpRequest(parts[0], parts[1], headers, peer=peer)


def read_response(head: bytes) -> HttpResponse:
    """The response that a head opens, without its body. Raises BadMessage."""
    first, headers = _parts(head)
    match = re.fullmatch(r"HTTP/1\.[01] ([1-9][0-9]{2})(?: .*)?", first)
    if match is None:
        raise BadMessage("no status line")
    return HttpResponse(int(match[1]), headers)


def request_head(request: HttpRequest) -> bytes:
    return _head(f"{request.method} {request.target} HTTP/1.1", request.headers)


def response_head(response: HttpResponse) -> bytes:
    return _head(f"HTTP/1.1 {response.status} {response.reason}", response.headers)


def body_length(message: HttpRequest | HttpResponse) -> int | None:
    """The Content-Length of a body; None where it is chunked or, in a response, ends with the connection.
    0 for a request that names neither. Raises BadMessage."""
    encodings, lengths = message.values("Transfer-Encoding"), message.values("Content-Length")
    if encodings and (lengths or [each.lower() for each in encodings] != ["chunked"]):
        raise BadMessage("framed in two ways, or in an unknown one")
    if len(set(lengths)) > 1 or not all(_LENGTH.fullmatch(each) for each in lengths):
        raise BadMessage("no length")
    if lengths:
        return int(lengths[0])
    return 0 if isinstance(message, HttpRequest) and not encodings else None


def is_chunked(message: HttpRequest | HttpResponse) -> bool:
    return bool(message.values("Transfer-Encoding"))


def body_of(wire: Wire, message: HttpRequest | HttpResponse) -> Iterator[bytes]:
    """A message's body in pieces. Raises BadMessage, Truncated."""
    length = body_length(message)
    if length is not None:
        return _of_length(wire, length)
    return _chunks(wire) if is_chunked(message) else _to_the_end(wire)


def has_no_body(request: HttpRequest | None, response: HttpResponse) -> bool:
    """Whether nothing follows the head; a request that could not be read is none of those without a body."""
    return (request is not None and request.method == "HEAD") or response.status in (204, 304)


def chunk(piece: bytes) -> bytes:
    return b"".join((b"%x\r\n" % len(piece), piece, b"\r\n"))


LAST_CHUNK = b"0\r\n\r\n"


def _of_length(wire: Wire, length: int) -> Iterator[bytes]:
    while length:
        piece = wire.read_some(min(length, _PIECE))
        if not piece:
            raise Truncated
        length -= len(piece)
        yield piece


def _chunks(wire: Wire) -> Iterator[bytes]:
    while True:
        match = _CHUNK_SIZE.fullmatch(wire.read_line())
        if match is None:
            raise BadMessage("no chunk size")
        size = int(match[1], 16)
        if size == 0:
            break
        yield from _of_length(wire, size)
        if wire.read_line() != b"\r\n":
            raise BadMessage("a chunk that is longer than it says")
    while wire.read_line() != b"\r\n":
        pass  # trailers, which are dropped


def _to_the_end(wire: Wire) -> Iterator[bytes]:
    while piece := wire.read_some():
        yield piece


def _parts(head: bytes) -> tuple[str, tuple[Header, ...]]:
    first, *lines = head[:-4].decode("latin-1").split("\r\n")
    matches = [_HEADER.fullmatch(line) for line in lines]
    if not all(matches):
        raise BadMessage("a line that is not a header")
    return first, tuple((match[1], match[2]) for match in matches if match)


def _head(first: str, headers: tuple[Header, ...]) -> bytes:
    lines = [first, *(f"{name}: {value}" for name, value in headers), "", ""]
    return "\r\n".join(lines).encode("latin-1")
