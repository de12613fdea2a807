"""A CloudFront Function: JavaScript that is given an event and returns a request or a response.

The runtime's rules and limits: the CloudFront developer guide, "JavaScript runtime 2.0 features",
"Quotas on CloudFront Functions" and "Restrictions on all edge functions".

What is known, and from where: docs/cloudfront.md#functions.
"""

from __future__ import annotations

import json
from typing import Any

import quickjs

CODE_LIMIT = 10 * 1024
_MEMORY_LIMIT = 2 * 1024 * 1024
_SECONDS = 1
"""AWS allows less than a millisecond; a busy machine needs more."""
_NOT_THERE = ("eval", "Function", "Proxy", "Reflect", "WeakRef", "Intl", "performance", "queueMicrotask")


class FunctionFailed(Exception):
    """The function raised an error, used too much time or memory, or returned nothing usable."""


class EdgeFunction:
    """Raises FunctionFailed if the code is too long or cannot be read."""

    def __init__(self, code: str) -> None:
        if len(code.encode()) > CODE_LIMIT:
            raise FunctionFailed(f"the code has {len(code.encode())} bytes of {CODE_LIMIT}")
        self._code = code
        self._context()

    def run(self, event: dict[str, Any]) -> dict[str, Any]:
        """What the function returns for the event. Each run begins with fresh globals.

        Raises FunctionFailed.
        """
        context = self._context()
        context.set_time_limit(_SECONDS)
        try:
            text = context.eval(f"JSON.stringify(handler({json.dumps(event)}))")
        except quickjs.JSException as error:
            raise FunctionFailed(str(error)) from error
        result = json.loads(text) if isinstance(text, str) else None
        if not isinstance(result, dict):
            raise FunctionFailed(f"returned {text!r}, which is neither a request nor a response")
        return result

    def _context(self) -> quickjs.Context:
        context = quickjs.Context()
        context.set_memory_limit(_MEMORY_LIMIT)
        try:
            context.eval("".join(f"delete globalThis.{name};" for name in _NOT_THERE) + self._code)
        except quickjs.JSException as error:
            raise FunctionFailed(str(error)) from error
        return context
