"""A request as it reached the domain, and the answer it gets: values without a framework."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

Query = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Request:
    """`path` is verbatim and still percent-encoded; `query` is decoded, repeats in their order.

    `headers` maps lower-case names to all values of that name. `garbled` is set where a body arrived
    as text with characters that were no UTF-8, so that its bytes are lost.
    """

    method: str
    path: str
    query: Query = ()
    headers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    body: bytes = field(default=b"", repr=False)
    garbled: bool = False

    def header(self, name: str) -> str:
        """The only or the last value of a lower-case name, as API Gateway's `headers`; "" where absent."""
        values = self.headers.get(name)
        return values[-1] if values else ""


@dataclass(frozen=True)
class Answer:
    """`headers` maps each name to its values in order; `body` is text, which is all Lambda hands on."""

    status: int
    headers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    body: str = ""


def error_answer(
    status: int, code: str, message: str, headers: Mapping[str, tuple[str, ...]] | None = None
) -> Answer:
    """An error in the registry API's own form, which clients print.

    https://github.com/opencontainers/distribution-spec/blob/main/spec.md#error-codes
    """
    body = json.dumps({"errors": [{"code": code, "message": message}]})
    return Answer(status, {"Content-Type": ("application/json",), **(headers or {})}, body)
