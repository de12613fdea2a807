"""Three routes as the redirect service has them; what they do, the test's event says."""

from __future__ import annotations

import os
import sys
import time
from typing import Any

import chalice
from chalice.app import AuthRequest, AuthResponse, Chalice, Response

METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
app = Chalice(app_name="sample")
print("initialised")


@app.authorizer(ttl_seconds=300)
def credentials(request: AuthRequest) -> AuthResponse:
    """Lets all in but those who say they are not."""
    if request.token == "raise":
        raise Exception("Unauthorized")
    print("authorizing", request.method_arn)
    return AuthResponse(routes=[] if request.token == "deny" else ["*"], principal_id="someone")


@app.route("/", methods=METHODS, content_types=["*/*"])
def root() -> Response:
    return _echo()


@app.route("/{proxy+}", methods=METHODS, content_types=["*/*"])
def everything() -> Response:
    return _echo()


@app.route("/_challenge/{proxy+}", methods=METHODS, content_types=["*/*"], authorizer=credentials)
def challenged() -> Response:
    return _echo()


def _echo() -> Response:
    assert app.current_request is not None
    assert app.lambda_context is not None
    event: dict[str, Any] = app.current_request.to_original_event()
    query = event["queryStringParameters"] or {}
    if "sleep" in query:
        time.sleep(float(query["sleep"]))
    if "exit" in query:
        os._exit(int(query["exit"]))
    if "size" in query:
        return Response("x" * int(query["size"]), {"Content-Type": "text/plain"})
    print("a line on stdout")
    sys.stderr.write("a line on stderr\n")
    return Response(
        {
            "event": event,
            "variables": dict(os.environ),
            "path": sys.path,
            "modules": {"app": __file__, "chalice": chalice.__file__},
            "pid": os.getpid(),
            "arn": app.lambda_context.invoked_function_arn,
            "remaining": app.lambda_context.get_remaining_time_in_millis(),
        }
    )
