"""HTTP/1.1 on a socket, read and written as it comes: heads whole, bodies in pieces of a fixed buffer.

Bodies of a gigabyte pass through in constant memory: what a body yields is a view of the buffer, good
until the next is asked for.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator

from tests.standins.http_message import Header, HttpRequest, HttpResponse

_BUFFER = 256 * 1024
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
        self._buffer = memoryview(bytearray(_BUFFER))
        self._start = self._end = 0

    def read_head(self, limit: int) -> bytes | None:
        """A head with its closing empty line; None where the connection ended before one began.

        Raises HeadTooLong, Truncated.
        """
        head = b""
        while True:
            held = bytes(self._buffer[self._start : self._end])
            if not head:
                held = held.lstrip(b"\r\n")  # RFC 9112, 2.2: empty lines before a request
            head += held
            self._start = self._end = 0
            end = head.find(b"\r\n\r\n")
            if end >= 0:
                rest = head[end + 4 :]
                self._buffer[: len(rest)] = rest
                self._end = len(rest)
                head = head[: end + 4]
            if len(head) > limit:
                raise HeadTooLong
            if end >= 0:
                return head
            if not self._fill():
                if head:
                    raise Truncated
                return None

    def read_some(self, most: int) -> memoryview:
        """The next bytes, at least one and at most `most`. Raises Truncated at the end of the connection."""
        if self._start == self._end and not self._fill():
            raise Truncated
        end = min(self._end, self._start + most)
        piece = self._buffer[self._start : end]
        self._start = end
        return piece

    def read_line(self) -> bytes:
        """A line with its end. Raises BadMessage, Truncated."""
        line = bytearray()
        while not line.endswith(b"\n"):
            line += self.read_some(1)
            if len(line) > _LINE_LIMIT:
                raise BadMessage("a line that does not end")
        return bytes(line)

    def ended(self) -> bool:
        """Waits for more bytes; whether there are none."""
        return self._start == self._end and not self._fill()

    def write(self, data: bytes | memoryview) -> None:
        self.socket.sendall(data)

    def _fill(self) -> bool:
        self._start = 0
        self._end = self.socket.recv_into(self._buffer)
        return self._end > 0


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


def response_head(response: HttpResponse, reason: str) -> bytes:
    return _head(f"HTTP/1.1 {response.status} {reason}", response.headers)


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


def body_of(wire: Wire, message: HttpRequest | HttpResponse) -> Iterator[memoryview]:
    """A message's body in pieces. Raises BadMessage, Truncated."""
    length = body_length(message)
    if length is not None:
        return _of_length(wire, length)
    return _chunks(wire) if is_chunked(message) else _to_the_end(wire)


def chunk(piece: memoryview | bytes) -> bytes:
    return b"".join((b"%x\r\n" % len(piece), piece, b"\r\n"))


LAST_CHUNK = b"0\r\n\r\n"


def _of_length(wire: Wire, length: int) -> Iterator[memoryview]:
    while length:
        piece = wire.read_some(length)
        length -= len(piece)
        yield piece


def _chunks(wire: Wire) -> Iterator[memoryview]:
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


def _to_the_end(wire: Wire) -> Iterator[memoryview]:
    while not wire.ended():
        yield wire.read_some(_BUFFER)


def _parts(head: bytes) -> tuple[str, tuple[Header, ...]]:
    first, *lines = head[:-4].decode("latin-1").split("\r\n")
    matches = [_HEADER.fullmatch(line) for line in lines]
    if not all(matches):
        raise BadMessage("a line that is not a header")
    return first, tuple((match[1], match[2]) for match in matches if match)


def _head(first: str, headers: tuple[Header, ...]) -> bytes:
    lines = [first, *(f"{name}: {value}" for name, value in headers), "", ""]
    return "\r\n".join(lines).encode("latin-1")
