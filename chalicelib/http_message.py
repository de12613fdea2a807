"""HTTP requests and responses as values."""

import json
from collections.abc import Mapping
from typing import NamedTuple, TypeVar

#: Decoded pairs in order, repeats and empty values kept.
Query = tuple[tuple[str, str], ...]

_PRINTABLE = bytes(range(0x20, 0x7F))


T = TypeVar("T")


def without_repr(cls: type[T]) -> type[T]:
    """Decorate a class whose fields may hold a credential: its repr shows none of them."""
    cls.__repr__ = object.__repr__  # type: ignore[method-assign]
    return cls


class RequestLine(NamedTuple):
    """What a request asks for, without the headers and the body that it sends along."""

    #: The method in capitals.
    method: str
    #: The path as the client sent it, still percent-encoded.
    path: str
    query: Query = ()


@without_repr
class Request(NamedTuple):
    """A whole request."""

    line: RequestLine
    #: Lower-case names, each with all its values in order.
    headers: Mapping[str, tuple[str, ...]] = {}
    body: bytes = b""
    #: The gateway passed the body as text, and bytes that are not UTF-8 were lost on the way.
    body_is_lossy: bool = False

    def header(self, name: str) -> str:
        """The last value of a lower-case name, as in API Gateway's `headers`; "" where it is absent."""
        values = self.headers.get(name)
        return values[-1] if values else ""


class Response(NamedTuple):
    """What the client gets."""

    status: int
    headers: Mapping[str, str] = {}
    #: Text, which is all that Lambda passes on unchanged.
    body: str = ""


def is_printable_ascii(text: str) -> bool:
    """Whether a text may stand in a header. On a token this is several times as fast as isprintable()."""
    return text.isascii() and not text.encode().translate(None, _PRINTABLE)


def error_response(status: int, code: str, message: str) -> Response:
    """An error in the registry API's own form, which clients print.

    https://github.com/opencontainers/distribution-spec/blob/main/spec.md#error-codes
    """
    body = json.dumps({"errors": [{"code": code, "message": message}]})
    return Response(status, {"Content-Type": "application/json"}, body)
