"""AWS as the helper meets it: ECR, ECR Public and STS on a loopback port.

moto has no life in its tokens (they all expired in 2015) and no faults; this one has both.
"""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import parse_qs

from tests.standins.http_message import HttpRequest, HttpResponse
from tests.standins.http_server import HttpServer

SECRET = base64.b64encode(b"a registry token " * 150).decode()
"""As long as a real one (3,400 characters), and easy to search for."""
ASSUMED_KEY = "ASIAFROMTHEROLE00000"

_STS = """<{action}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><{action}Result>{result}
</{action}Result><ResponseMetadata><RequestId>0</RequestId></ResponseMetadata></{action}Response>"""
_CREDENTIALS = f"""<Credentials><AccessKeyId>{ASSUMED_KEY}</AccessKeyId><SecretAccessKey>assumed-secret
</SecretAccessKey><SessionToken>assumed-session</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials>"""


@dataclass
class ApiRequest:
    """A request as it arrived."""

    action: str
    body: str
    authorization: str
    user_agent: str


@dataclass
class FakeAws:
    """AWS; its fields decide how it responds next."""

    #: For AWS_ENDPOINT_URL.
    url: str = ""
    #: The token's password.
    secret: str = SECRET
    #: The same by account, where an account has one of its own.
    secrets: dict[str, str] = field(default_factory=dict)
    #: Seconds for which a token is valid.
    lifetime: float = 12 * 3600
    #: Seconds before each response.
    delay: float = 0.0
    #: Status, code and message of a refusal, for every request.
    error: tuple[int, str, str] | None = None
    #: The response to GetAuthorizationToken in place of the usual one.
    token_response: object = None
    #: Whom GetCallerIdentity names.
    caller: str = "arn:aws:iam::123456789012:user/tester"
    #: Every request, in order.
    calls: list[ApiRequest] = field(default_factory=list)

    @property
    def tokens_asked(self) -> int:
        """How many tokens AWS was asked for."""
        return sum(call.action == "GetAuthorizationToken" for call in self.calls)

    def respond(self, request: HttpRequest) -> HttpResponse:
        """The handler of its server."""
        body = request.body.decode()
        action = (request.value("X-Amz-Target") or "").rpartition(".")[2] or parse_qs(body)["Action"][0]
        authorization, user_agent = request.value("Authorization") or "", request.value("User-Agent") or ""
        self.calls.append(ApiRequest(action, body, authorization, user_agent))
        time.sleep(self.delay)
        status, text = self._content(action, body)
        return HttpResponse(status, (), text.encode())

    def _content(self, action: str, body: str) -> tuple[int, str]:
        if self.error is not None:
            status, code, message = self.error
            if action == "GetAuthorizationToken":
                return status, json.dumps({"__type": code, "message": message})
            error = f"<Error><Code>{code}</Code><Message>{message}</Message></Error>"
            return status, f"<ErrorResponse>{error}</ErrorResponse>"
        if action == "GetAuthorizationToken":
            usual = self.token_response is None
            return 200, json.dumps(self._token(json.loads(body)) if usual else self.token_response)
        if action == "GetCallerIdentity":
            return 200, _STS.format(action=action, result=f"<Arn>{self.caller}</Arn>")
        return 200, _STS.format(action=action, result=_CREDENTIALS)

    def _token(self, query: dict[str, list[str]]) -> object:
        if "registryIds" not in query:
            return {"authorizationData": self._data(self.secret)}
        return {
            "authorizationData": [
                self._data(self.secrets.get(account, self.secret))
                | {"proxyEndpoint": f"https://{account}.dkr.ecr.us-east-1.amazonaws.com"}
                for account in query["registryIds"]
            ]
        }

    def _data(self, secret: str) -> dict[str, object]:
        return {
            "authorizationToken": base64.b64encode(f"AWS:{secret}".encode()).decode(),
            "expiresAt": time.time() + self.lifetime,
        }


@contextmanager
def fake_aws() -> Iterator[FakeAws]:
    """A running FakeAws."""
    aws = FakeAws()
    with HttpServer(aws.respond) as server:
        aws.url = server.origin
        yield aws
