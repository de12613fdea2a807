"""From API Gateway's event to a response and its log line."""

from collections.abc import Callable, Mapping
from typing import Any

from chalicelib.decision import ToRelay, decide, response_of
from chalicelib.event import line_of, request_of
from chalicelib.http_message import Request, Response
from chalicelib.registries import Registries
from chalicelib.request_log import request_line
from chalicelib.settings import RedirectMode

#: From a request for the relay to the response, the name of the decision and that of the client's family.
RelayFunction = Callable[[Request, ToRelay], tuple[Response, str, str]]


def respond(
    event: Mapping[str, Any],
    request_id: str,
    registries: Registries,
    mode: RedirectMode,
    relay: RelayFunction,
) -> tuple[Response, str]:
    """The response, and the line that the log gets about it. Headers are read for the relay alone."""
    line = line_of(event)
    decision = decide(line, registries, mode)
    if isinstance(decision, ToRelay):
        response, name, family = relay(request_of(event, line), decision)
        return response, request_line(request_id, line, name, response.status, family)
    response = response_of(decision)
    return response, request_line(request_id, line, decision.name, response.status)
