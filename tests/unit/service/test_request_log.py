"""The log: one line of JSON per request, without a credential."""

from __future__ import annotations

import json

from chalicelib.http_message import RequestLine
from chalicelib.request_log import MAX_PATH, fault_line, request_line

TOKEN = "dG9rZW4tdGhhdC1tdXN0LW5ldmVyLXNob3c"


def test_a_line_is_one_line_of_json_whatever_the_path() -> None:
    path = '/v2/"\n\u2028\\\ud800' + "a" * 10_000
    line = request_line("id", RequestLine("GET", path), "plain", 307, "other")
    assert "\n" not in line
    assert line.isascii()
    assert json.loads(line)["path"] == path[:MAX_PATH]


def test_a_defect_is_logged_by_its_place_and_not_by_its_message() -> None:
    try:
        raise ValueError(f"unexpected {TOKEN}")
    except ValueError as error:
        line = fault_line("id-1", error)
    logged = json.loads(line)
    assert (logged["request_id"], logged["fault"]) == ("id-1", "ValueError")
    assert logged["at"][-1].startswith("test_request_log.py:")
    assert TOKEN not in line
