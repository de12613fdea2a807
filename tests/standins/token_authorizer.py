"""TOKEN authorizers: who is let in, as API Gateway decides it from the function's policy.

What is known, and from where: docs/api-gateway.md#authorizers.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from tests.standins.api_definition import Authorizer
from tests.standins.gateway_error import (
    ACCESS_DENIED,
    AUTHORIZER_CONFIGURATION,
    AUTHORIZER_FAILURE,
    UNAUTHORIZED,
    Refused,
)
from tests.standins.http_message import HttpRequest
from tests.standins.lambda_function import Function

_ACTION = "execute-api:Invoke"


@dataclass(frozen=True)
class _Grant:
    policy: Mapping[str, Any]
    context: Mapping[str, Any]
    """What the event's requestContext.authorizer holds."""


class TokenAuthorizers:
    """Asks the functions, and keeps each result for as long as the authorizer says, by token.

    `clock` gives seconds. A kept policy is evaluated again for each request's method ARN.
    """

    def __init__(self, functions: Mapping[str, Function], clock: Callable[[], float]) -> None:
        self._functions = functions
        self._clock = clock
        self._kept: dict[tuple[str, str], tuple[float, _Grant]] = {}
        self._lock = threading.Lock()

    def authorize(self, authorizer: Authorizer, request: HttpRequest, method_arn: str) -> Mapping[str, Any]:
        """The authorizer's context for the event. Raises Refused: 401, 403 or 500."""
        token = request.value(authorizer.header)
        if not token:
            raise Refused(UNAUTHORIZED)
        grant = self._grant(authorizer, token, method_arn)
        if not allows(grant.policy, method_arn):
            raise Refused(ACCESS_DENIED)
        return grant.context

    def _grant(self, authorizer: Authorizer, token: str, method_arn: str) -> _Grant:
        key = (authorizer.name, token)
        with self._lock:
            until, grant = self._kept.get(key, (0.0, None))
        if grant is not None and self._clock() < until:
            return grant
        event = {"type": "TOKEN", "methodArn": method_arn, "authorizationToken": token}
        function = self._functions.get(authorizer.function)
        if function is None:
            raise Refused(AUTHORIZER_CONFIGURATION)
        outcome = function.submit(json.dumps(event).encode()).result()
        result = json.loads(outcome.payload)
        if outcome.failed:
            unauthorized = result.get("errorMessage") == "Unauthorized"
            raise Refused(UNAUTHORIZED if unauthorized else AUTHORIZER_FAILURE)
        grant = _read_grant(result)
        with self._lock:
            self._kept[key] = (self._clock() + authorizer.result_ttl, grant)
        return grant


def _read_grant(result: object) -> _Grant:
    if not isinstance(result, dict) or not isinstance(result.get("policyDocument"), dict):
        raise Refused(AUTHORIZER_CONFIGURATION)
    principal, context = result.get("principalId"), result.get("context") or {}
    if not isinstance(principal, str) or not principal or not isinstance(context, dict):
        raise Refused(AUTHORIZER_CONFIGURATION)
    if any(isinstance(value, dict | list) for value in context.values()):
        raise Refused(AUTHORIZER_CONFIGURATION)
    return _Grant(result["policyDocument"], {**context, "principalId": principal, "integrationLatency": 1})


def allows(policy: Mapping[str, Any], method_arn: str) -> bool:
    """Whether an IAM policy lets `method_arn` be invoked: a Deny that fits wins, and silence denies."""
    effects = {
        statement.get("Effect")
        for statement in _listed(policy.get("Statement"))
        if _fits(statement.get("Action"), _ACTION) and _fits(statement.get("Resource"), method_arn)
    }
    return "Allow" in effects and "Deny" not in effects


def _fits(patterns: object, text: str) -> bool:
    return any(fnmatchcase(text, str(pattern)) for pattern in _listed(patterns))


def _listed(value: Any) -> list[Any]:  # noqa: ANN401 - JSON: one or a list of them
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
