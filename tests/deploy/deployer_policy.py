"""What an IAM policy allows, for plain policies: identity-based, and with the conditions that are used here.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any


@dataclass(frozen=True)
class Policy:
    statements: Sequence[Mapping[str, Any]]

    @classmethod
    def of(cls, *documents: Mapping[str, Any]) -> Policy:
        """All that several managed policies allow together."""
        return cls([statement for document in documents for statement in document["Statement"]])

    def grants(self) -> list[tuple[str, str, str]]:
        """Every (Sid, action, resource) that is granted."""
        return [
            (statement["Sid"], action, resource)
            for statement in self.statements
            if statement["Effect"] == "Allow"
            for action in _listed(statement["Action"])
            for resource in _listed(statement["Resource"])
        ]

    def allows(self, action: str, resource: str, context: Mapping[str, str]) -> bool:
        """`context` holds the condition keys of the request. What is denied stays denied."""
        effects = {
            statement["Effect"]
            for statement in self.statements
            if any(
                covers(granted, pattern, action, resource)
                for granted in _listed(statement["Action"])
                for pattern in _listed(statement["Resource"])
            )
            and all(
                _holds(operator, keys, context) for operator, keys in statement.get("Condition", {}).items()
            )
        }
        return effects == {"Allow"}


def covers(granted: str, pattern: str, action: str, resource: str) -> bool:
    """Whether one grant covers a call. IAM matches actions without regard to case, and ARNs with it."""
    return fnmatchcase(action.lower(), granted.lower()) and fnmatchcase(resource, pattern)


def _holds(operator: str, keys: Mapping[str, Any], context: Mapping[str, str]) -> bool:
    """Every key must hold, by any of its values; a key that the request lacks holds for `...IfExists` and
    for a negated operator."""
    operator = operator.removeprefix("ForAnyValue:")
    lenient = operator.endswith("IfExists")
    operator = operator.removesuffix("IfExists")
    negated = operator in ("StringNotEquals", "StringNotLike", "ArnNotEquals", "ArnNotLike")
    if operator not in ("StringEquals", "StringLike", "ArnEquals", "ArnLike") and not negated:
        raise NotImplementedError(f"the condition operator {operator}")
    for key, values in keys.items():
        given = context.get(key)
        if given is None:
            if not (lenient or negated):
                return False
            continue
        exact = operator in ("StringEquals", "StringNotEquals")
        found = any(given == each if exact else fnmatchcase(given, each) for each in _listed(values))
        if found is negated:
            return False
    return True


def _listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value
