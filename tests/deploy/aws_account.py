"""An AWS account on this machine: one HTTP endpoint for every service.

Each call is written down first, then the policy and the test's fault say whether to refuse it.
CloudFormation is the stand-in of tests/standins/cloudformation, which asks them again for each permission
that a resource takes; all other services are moto's, but for what it lacks (rest_api_lessons.py).
"""

from __future__ import annotations

import io
import json
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any
from xml.sax.saxutils import escape

import boto3
import urllib3
from botocore.config import Config
from moto.core.config import default_user_config
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import make_server

from infra.aws import Aws
from tests.deploy.aws_call import Call, call_of
from tests.deploy.deployer_policy import Policy
from tests.deploy.rest_api_lessons import Lessons
from tests.deploy.surroundings import MotoSurroundings
from tests.standins.cloudformation.endpoint import respond
from tests.standins.cloudformation.errors import ResourceFailed
from tests.standins.cloudformation.service import CloudFormation
from tests.standins.running import Running

ACCOUNT = "123456789012"
ADMINISTRATOR = "AKIAADMINISTRATOR"
"""The access key of the account's administrator, whom no policy and no fault stops."""
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "AKIAEXAMPLE", "AWS_SECRET_ACCESS_KEY": "stand-in"}


@dataclass(frozen=True)
class AwsFault:
    """The response to a call instead: an AWS error code and its HTTP status."""

    code: str
    status: int
    message: str = "a fault of the test"


DENIED = AwsFault("AccessDeniedException", 403)
EXPIRED = AwsFault("ExpiredToken", 403, "The security token included in the request is expired")
THROTTLED = AwsFault("ThrottlingException", 429, "Rate exceeded")


class _Anyone:
    """A service role that may do everything."""

    def authorize(self, action: str, resource: str, context: Mapping[str, str]) -> None:
        """It may."""


class _Quiet(MotoRequestHandler):
    def log(self, *_: object) -> None:
        """`AwsAccount.calls` is the log."""


class AwsAccount(Running):
    """Runs from `start()` (or `with`) to `stop()`. `calls` are those since the last `calls.clear()`.

    `fault` may be set to a function that says how a call fails, None where it does not; `policy` refuses
    whatever it does not allow.
    """

    def __init__(self) -> None:
        default_user_config["lambda"] = {"use_docker": False}
        self.calls: list[Call] = []
        self.fault: Callable[[Call], AwsFault | None] = lambda _: None
        self.policy: Policy | None = None
        #: Buckets that another account has: S3 responds to whatever is about them with 403.
        self.foreign_buckets: set[str] = set()
        self.lessons = Lessons(ACCOUNT)
        self.connect = lru_cache(maxsize=None)(Aws.connect)
        """As the commands connect; the environment must lead here."""
        self.stacks = self._no_stacks()
        self._clients: dict[tuple[str, str], Any] = {}
        self._moto = DomainDispatcherApplication(create_backend_app)
        self._server = make_server("127.0.0.1", 0, self._respond, True, request_handler=_Quiet)
        self._thread = threading.Thread(target=self._server.serve_forever)

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    @property
    def environment(self) -> dict[str, str]:
        """What a process needs to take this for AWS."""
        return {**CREDENTIALS, "AWS_ENDPOINT_URL": self.endpoint, "AWS_EC2_METADATA_DISABLED": "true"}

    def client(self, service: str, region: str) -> Any:  # noqa: ANN401 - any of boto3's
        """A client of the account's administrator."""
        if (service, region) not in self._clients:
            self._clients[service, region] = boto3.client(
                service,  # type: ignore[call-overload]
                region_name=region,
                endpoint_url=self.endpoint,
                aws_access_key_id=ADMINISTRATOR,
                aws_secret_access_key="stand-in",
                config=Config(retries={"total_max_attempts": 1}),
            )
        return self._clients[service, region]

    def deployers_client(self, region: str) -> Any:  # noqa: ANN401 - boto3's
        """CloudFormation, as the deployer may use it."""
        return self.connect(None, region).cloudformation

    def start(self) -> None:
        self._thread.start()

    def reset(self) -> None:
        """Empty it, for whoever comes next."""
        urllib3.request("POST", f"{self.endpoint}/moto-api/reset")
        self.calls.clear()
        self.fault = lambda _: None
        self.policy = None
        self.foreign_buckets = set()
        self.lessons = Lessons(ACCOUNT)
        self.stacks = self._no_stacks()

    def _no_stacks(self) -> CloudFormation:
        return CloudFormation(ACCOUNT, MotoSurroundings(ACCOUNT), _Anyone())

    def stop(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def changes(self) -> list[str]:
        """The names of the calls that asked for a change."""
        return [call.name for call in self.calls if call.changes]

    def set_log_role(self, region: str) -> None:
        """API Gateway may write logs: an account's own setting, which the commands leave alone."""
        operation = {
            "op": "replace",
            "path": "/cloudwatchRoleArn",
            "value": f"arn:aws:iam::{ACCOUNT}:role/logs",
        }
        self.client("apigateway", region).update_account(patchOperations=[operation])

    def refusal(self, call: Call, context: Mapping[str, str]) -> AwsFault | None:
        """Writes the call down; why it is refused, if it is. `context` holds IAM condition keys."""
        if call.access_key == ADMINISTRATOR:
            return None
        self.calls.append(call)
        fault = self.fault(call)
        if fault is None and self.policy and not self.policy.allows(call.action, call.resource, context):
            user = f"arn:aws:iam::{ACCOUNT}:user/deployer"
            reason = f"User: {user} is not authorized to perform: {call.action} on resource: {call.resource}"
            return AwsFault(DENIED.code, DENIED.status, reason)
        if fault is None and call.parameters.get("bucket") in self.foreign_buckets:
            return AwsFault("AccessDenied", 403, "Access Denied")
        return fault

    def _respond(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:  # noqa: ANN401 - WSGI
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = io.BytesIO(body)
        headers = {
            key[5:].lower().replace("_", "-"): str(value)
            for key, value in environ.items()
            if key[:5] == "HTTP_"
        }
        call = call_of(environ["REQUEST_METHOD"], environ["RAW_URI"], headers, body, ACCOUNT)
        if call is not None:
            fault = self.refusal(call, {})
            if fault is not None:
                return _refuse(call, fault, start_response)
        if call is not None and call.service == "cloudformation":
            caller = StackCaller(self, call)
            status, xml = respond(self.stacks, call.operation, body, call.region, caller)
            start_response(f"{status} CloudFormation", [("Content-Type", "text/xml")])
            return [xml]
        taught = None if call is None else self.lessons.teach(call)
        if taught is not None:
            status, document = taught
            kind = str(document.get("__type", ""))
            start_response(
                f"{status} taught", [("Content-Type", "application/json"), ("x-amzn-ErrorType", kind)]
            )
            return [json.dumps(document).encode()]
        passed_on: Iterable[bytes] = self._moto(environ, start_response)
        return passed_on


@dataclass(frozen=True)
class StackCaller:
    """Whoever called CloudFormation, which acts with that caller's rights.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/access_forward_access_sessions.html
    """

    account: AwsAccount
    call: Call

    def authorize(self, action: str, resource: str, context: Mapping[str, str]) -> None:
        """Raises ResourceFailed."""
        service, _, operation = action.partition(":")
        call = replace(
            self.call, service=service, operation=operation, action=action, resource=resource, body=b""
        )
        via = {"aws:CalledVia": "cloudformation.amazonaws.com"}
        fault = self.account.refusal(replace(call, parameters={}, protocol="stack"), {**context, **via})
        if fault is not None:
            raise ResourceFailed(
                f"{fault.message} (Service: {service}, Status Code: {fault.status}, {fault.code})"
            )


def _refuse(call: Call, fault: AwsFault, start_response: Any) -> Iterable[bytes]:  # noqa: ANN401 - WSGI
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
