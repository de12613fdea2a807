"""A request and its answer as values."""

import json
from collections.abc import Mapping
from typing import NamedTuple

Query = tuple[tuple[str, str], ...]

_PRINTABLE = bytes(range(0x20, 0x7F))


class Request(NamedTuple):
    """`path` is verbatim, still percent-encoded; `query` decoded, repeats in order; `headers` maps lower-case
    names to all values. `garbled`: the body came as text and has lost bytes that were none."""

    method: str
    path: str
    query: Query = ()
    headers: Mapping[str, tuple[str, ...]] = {}
    body: bytes = b""
    garbled: bool = False

    def __repr__(self) -> str:
        return object.__repr__(self)  # it may hold a credential

    def header(self, name: str) -> str:
        """The last value of a lower-case name, as in API Gateway's `headers`; "" where absent."""
        values = self.headers.get(name)
        return values[-1] if values else ""


class Answer(NamedTuple):
    """`body` is text, which is all that Lambda hands on as it is."""

    status: int
    headers: Mapping[str, str] = {}
    body: str = ""


def is_printable_ascii(text: str) -> bool:
    """What may stand in a header. On a token several times as fast as isprintable()."""
    return text.isascii() and not text.encode().translate(None, _PRINTABLE)


def error_answer(status: int, code: str, message: str) -> Answer:
    """In the registry API's own form, which clients print.

    https://github.com/opencontainers/distribution-spec/blob/main/spec.md#error-codes
    """
    body = json.dumps({"errors": [{"code": code, "message": message}]})
    return Answer(status, {"Content-Type": "application/json"}, body)
