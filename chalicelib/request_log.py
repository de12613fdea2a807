"""The log: one JSON line per request. Headers, query values, bodies and Locations are not among its
arguments, so no credential can be in a line; a path is cut, since the log is paid by the byte."""

import json
import traceback

from chalicelib.http_message import RequestLine

MAX_PATH = 512

_quoted = json.encoder.encode_basestring_ascii


def request_line(request_id: str, line: RequestLine, decision: str, status: int, family: str = "") -> str:
    """`decision` is edge, plain, challenge, relay or refusal; `family` is that of the client, which only
    the relay knows."""
    # json.dumps would take a fifth of a redirect's time.
    client = f', "client": "{family}"' if family else ""
    return (
        f'{{"request_id": {_quoted(request_id)}, "method": {_quoted(line.method)}, '
        f'"path": {_quoted(line.path[:MAX_PATH])}, "decision": "{decision}"{client}, "status": {status}}}'
    )


def start_line(version: str, mode: str) -> str:
    """The line of a cold start."""
    return json.dumps({"version": version, "mode": mode})


def fault_line(request_id: str, error: BaseException) -> str:
    """A defect of ours, by class and place: its message may quote the request."""
    frames = traceback.extract_tb(error.__traceback__)
    return json.dumps(
        {
            "request_id": request_id,
            "fault": type(error).__name__,
            "at": [f"{frame.filename.rpartition('/')[2]}:{frame.lineno}" for frame in frames],
        }
    )
