"""Which resource of an API a path belongs to, and what its path parameters come to.

What is known, and from where: docs/api-gateway.md#routing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from tests.standins.api_definition import Resource

_PARAMETER = re.compile(r"\{(?P<name>[^+}]+)(?P<greedy>\+?)\}")


@dataclass(frozen=True)
class Route:
    resource: Resource
    parameters: Mapping[str, str]


def find_route(resources: tuple[Resource, ...], path: str, method: str) -> Route | None:
    """The most literal resource that matches `path` and has the method; None where there is none.

    As recorded from API Gateway: segments are compared undecoded, leading slashes count as one, and a
    trailing slash belongs to neither the resource nor its parameters. A greedy parameter takes at least
    one segment, so `/{proxy+}` leaves out `/`. A resource without the method leaves the request to a
    greedy neighbour that has it (a routing table measured at AWS: ministack, issue 1423).
    """
    stripped = path.lstrip("/")
    stripped = stripped[:-1] if stripped.endswith("/") else stripped
    segments = stripped.split("/") if stripped else []
    matches = [
        match
        for each in resources
        if method in each.methods and (match := _match(each, segments)) is not None
    ]
    if not matches:
        return None
    return min(matches, key=lambda match: match[0])[1]


def _match(resource: Resource, segments: list[str]) -> tuple[tuple[int, ...], Route] | None:
    """The route, with a key that sorts literal segments before parameters, and those before greedy ones."""
    parts = [part for part in resource.path.split("/") if part]
    parameters: dict[str, str] = {}
    key: list[int] = []
    for index, part in enumerate(parts):
        if index >= len(segments):
            return None
        parameter = _PARAMETER.fullmatch(part)
        if parameter is None:
            if part != segments[index]:
                return None
            key.append(0)
        elif parameter["greedy"]:
            parameters[parameter["name"]] = "/".join(segments[index:])
            return (*key, 2), Route(resource, parameters)
        else:
            parameters[parameter["name"]] = segments[index]
            key.append(1)
    return (tuple(key), Route(resource, parameters)) if len(parts) == len(segments) else None
