"""An AWS account on this machine: moto behind a door that records, refuses and teaches.

The door sees each call before moto does. It writes it down, asks the policy and the test's fault
whether to refuse it, answers itself what moto cannot (rest_api_lessons.py), and hands on the rest.
"""

from __future__ import annotations

import io
import json
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import TracebackType
from typing import Any
from xml.sax.saxutils import escape

import boto3
import urllib3
from botocore.config import Config
from moto.backends import get_backend
from moto.core.config import default_user_config
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import make_server

from infra.aws import Aws
from tests.infra.aws_call import Call, call_of
from tests.infra.deployer_policy import Policy
from tests.infra.rest_api_lessons import Lessons

ACCOUNT = "123456789012"
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "AKIAEXAMPLE", "AWS_SECRET_ACCESS_KEY": "stand-in"}


_PENDING = (
    b"<GetChangeResponse><ChangeInfo><Id>/change/C1</Id><Status>PENDING</Status>"
    b"<SubmittedAt>2026-11-24T00:00:00Z</SubmittedAt></ChangeInfo></GetChangeResponse>"
)


@dataclass(frozen=True)
class Fault:
    """How a call is answered instead: an AWS error code and its HTTP status."""

    code: str
    status: int
    message: str = "a fault of the test"


DENIED = Fault("AccessDeniedException", 403)
THROTTLED = Fault("ThrottlingException", 429, "Rate exceeded")


class _Quiet(MotoRequestHandler):
    def log(self, *_: object) -> None:
        """`AwsAccount.calls` is the log."""


class AwsAccount:
    """Runs from `start()` (or `with`) to `stop()`. `calls` are those since the last `calls.clear()`.

    `fault` may be set to a function that says how a call fails, None where it does not; `policy` refuses
    whatever it does not allow.
    """

    def __init__(self) -> None:
        default_user_config["lambda"] = {"use_docker": False}
        self.calls: list[Call] = []
        self.fault: Callable[[Call], Fault | None] = lambda _: None
        self.policy: Policy | None = None
        self.lessons = Lessons(ACCOUNT)
        self.connect = lru_cache(maxsize=None)(Aws.connect)
        """As the commands connect; the environment must lead here."""
        self.spreading = 0
        """How many times more Route 53 says that a change is not everywhere yet."""
        self._clients: dict[tuple[str, str], Any] = {}
        self._moto = DomainDispatcherApplication(create_backend_app)
        self._server = make_server("127.0.0.1", 0, self._answer, True, request_handler=_Quiet)
        self._thread = threading.Thread(target=self._server.serve_forever)

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    @property
    def environment(self) -> dict[str, str]:
        """What a process needs to take this for AWS."""
        return {**CREDENTIALS, "AWS_ENDPOINT_URL": self.endpoint, "AWS_EC2_METADATA_DISABLED": "true"}

    def client(self, service: str, region: str) -> Any:  # noqa: ANN401 - any of boto3's
        """A client of the account's owner, whom no policy and no fault stops."""
        if (service, region) not in self._clients:
            self._clients[service, region] = boto3.client(
                service,  # type: ignore[call-overload]
                region_name=region,
                endpoint_url=self.endpoint,
                aws_access_key_id="AKIAOWNER",
                aws_secret_access_key="stand-in",
                config=Config(retries={"total_max_attempts": 1}),
            )
        return self._clients[service, region]

    def start(self) -> None:
        self._thread.start()

    def reset(self) -> None:
        """Empty it, for whoever comes next."""
        urllib3.request("POST", f"{self.endpoint}/moto-api/reset")
        self.calls.clear()
        self.fault = lambda _: None
        self.policy = None
        self.spreading = 0
        self.lessons = Lessons(ACCOUNT)

    def stop(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def __enter__(self) -> AwsAccount:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def changes(self) -> list[str]:
        """The names of the calls that asked for a change."""
        return [call.name for call in self.calls if call.changes]

    def issue_certificates(self, region: str) -> None:
        """ACM has seen the validation records that are there."""
        for certificate in get_backend("acm")[ACCOUNT][region]._certificates.values():
            certificate.status = "ISSUED"

    def set_log_role(self, region: str) -> None:
        """API Gateway may write logs: an account's own setting, which the commands leave alone."""
        operation = {
            "op": "replace",
            "path": "/cloudwatchRoleArn",
            "value": f"arn:aws:iam::{ACCOUNT}:role/logs",
        }
        self.client("apigateway", region).update_account(patchOperations=[operation])

    def _answer(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:  # noqa: ANN401 - WSGI
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = io.BytesIO(body)
        headers = {
            key[5:].lower().replace("_", "-"): str(value)
            for key, value in environ.items()
            if key[:5] == "HTTP_"
        }
        call = call_of(environ["REQUEST_METHOD"], environ["RAW_URI"], headers, body, ACCOUNT)
        if call is not None and "AKIAOWNER" not in headers["authorization"]:
            self.calls.append(call)
            fault = self.fault(call)
            if fault is None and self.policy and not self.policy.allows(call.action, call.resource):
                fault = Fault(
                    DENIED.code, DENIED.status, f"not authorized to perform: {call.action} on {call.resource}"
                )
            if fault is not None:
                return _refuse(call, fault, start_response)
        if call is not None and call.name == "route53:GetChange" and self.spreading:
            self.spreading -= 1
            start_response("200 pending", [("Content-Type", "text/xml")])
            return [_PENDING]
        taught = None if call is None else self.lessons.answer(call)
        if taught is not None:
            status, document = taught
            kind = str(document.get("__type", ""))
            start_response(
                f"{status} taught", [("Content-Type", "application/json"), ("x-amzn-ErrorType", kind)]
            )
            return [json.dumps(document).encode()]
        answer: Iterable[bytes] = self._moto(environ, start_response)
        return answer


def _refuse(call: Call, fault: Fault, start_response: Any) -> Iterable[bytes]:  # noqa: ANN401 - WSGI
    headers: Mapping[str, str] = {"x-amzn-ErrorType": fault.code, "Content-Type": "application/json"}
    body = json.dumps({"__type": fault.code, "message": fault.message})
    if call.protocol in ("query", "rest-xml"):
        headers = {"Content-Type": "text/xml"}
        body = (
            f"<ErrorResponse><Error><Type>Sender</Type><Code>{fault.code}</Code>"
            f"<Message>{escape(fault.message)}</Message></Error><RequestId>fault</RequestId></ErrorResponse>"
        )
    start_response(f"{fault.status} fault", list(headers.items()))
    return [body.encode()]
