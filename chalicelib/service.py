"""From a request to its answer and its log line."""

from chalicelib.decision import Decision, Redirect, Refusal, Relay, decide
from chalicelib.errors import AnswerNotRelayable, RegistryError, RegistryLate
from chalicelib.handed_on import handed_on, registry_request
from chalicelib.message import Answer, Request, error_answer
from chalicelib.registry_connection import Registry
from chalicelib.request_log import request_line
from chalicelib.settings import RedirectMode


def respond(request: Request, request_id: str, registry: Registry, mode: RedirectMode) -> tuple[Answer, str]:
    """The answer, and the line that the log gets about it."""
    decision = decide(request, registry.host, mode)
    answer = _answer(request, decision, registry)
    line = request_line(
        request_id, request.method, request.path, _name(decision), decision.family.name, answer.status
    )
    return answer, line


def _answer(request: Request, decision: Decision, registry: Registry) -> Answer:
    if isinstance(decision, Redirect):
        return Answer(307, {"Location": decision.location})
    if isinstance(decision, Refusal):
        return error_answer(decision.status, decision.code, decision.message)
    try:
        answer = registry.ask(registry_request(request, decision))
        return handed_on(request, decision, registry.host, answer)
    except RegistryError as error:
        status = 504 if isinstance(error, RegistryLate) else 502
        code = "UNSUPPORTED" if isinstance(error, AnswerNotRelayable) else "UNAVAILABLE"
        return error_answer(status, code, str(error))


def _name(decision: Decision) -> str:
    if isinstance(decision, Redirect):
        return decision.treatment.value
    return "relay" if isinstance(decision, Relay) else "refusal"
