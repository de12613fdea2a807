"""AWS as the helper meets it: ECR's, ECR Public's and STS's answers on a loopback port.

moto has no life in its tokens (they all expired in 2015) and no faults; this one has both.
"""

from __future__ import annotations

import base64
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

SECRET = base64.b64encode(b"a registry token " * 150).decode()
"""As long as a real one (3,400 characters), and easy to search for."""
ASSUMED_KEY = "ASIAFROMTHEROLE00000"

_STS = """<{action}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><{action}Result>{result}
</{action}Result><ResponseMetadata><RequestId>0</RequestId></ResponseMetadata></{action}Response>"""
_CREDENTIALS = f"""<Credentials><AccessKeyId>{ASSUMED_KEY}</AccessKeyId><SecretAccessKey>assumed-secret
</SecretAccessKey><SessionToken>assumed-session</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials>"""


@dataclass
class Call:
    """A request as it arrived."""

    action: str
    body: str
    authorization: str
    user_agent: str


@dataclass
class FakeAws:
    """`url` is for AWS_ENDPOINT_URL; the rest decides what is answered next, and tells what was asked."""

    url: str = ""
    secret: str = SECRET
    secrets: dict[str, str] = field(default_factory=dict)
    """By account, where an account has one of its own."""
    lifetime: float = 12 * 3600
    delay: float = 0.0
    error: tuple[int, str, str] | None = None
    answer: object = None
    calls: list[Call] = field(default_factory=list)

    @property
    def tokens_asked(self) -> int:
        return sum(call.action == "GetAuthorizationToken" for call in self.calls)

    def reply(self, action: str, body: str) -> tuple[int, str]:
        """Status and body for one request."""
        if self.error is not None:
            status, code, message = self.error
            if action == "GetAuthorizationToken":
                return status, json.dumps({"__type": code, "message": message})
            error = f"<Error><Code>{code}</Code><Message>{message}</Message></Error>"
            return status, f"<ErrorResponse>{error}</ErrorResponse>"
        if action == "GetAuthorizationToken":
            return 200, json.dumps(self._token(json.loads(body)) if self.answer is None else self.answer)
        if action == "GetCallerIdentity":
            arn = "<Arn>arn:aws:iam::123456789012:user/tester</Arn>"
            return 200, _STS.format(action=action, result=arn)
        return 200, _STS.format(action=action, result=_CREDENTIALS)

    def _token(self, asked: dict[str, list[str]]) -> object:
        if "registryIds" not in asked:
            return {"authorizationData": self._data(self.secret)}
        return {
            "authorizationData": [
                self._data(self.secrets.get(account, self.secret))
                | {"proxyEndpoint": f"https://{account}.dkr.ecr.us-east-1.amazonaws.com"}
                for account in asked["registryIds"]
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

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
            target = self.headers.get("X-Amz-Target", "")
            action = target.rpartition(".")[2] or parse_qs(body)["Action"][0]
            aws.calls.append(
                Call(action, body, self.headers.get("Authorization", ""), self.headers.get("User-Agent", ""))
            )
            time.sleep(aws.delay)
            status, text = aws.reply(action, body)
            try:
                self.send_response(status)
                self.send_header("Content-Length", str(len(text.encode())))
                self.end_headers()
                self.wfile.write(text.encode())
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True  # the helper's time was up

        def log_message(self, *_: object) -> None:
            return

    with _serving(Handler) as port:
        aws.url = f"http://127.0.0.1:{port}"
        yield aws


class _Server(ThreadingHTTPServer):
    request_queue_size = 128


@contextmanager
def _serving(handler: type[BaseHTTPRequestHandler]) -> Iterator[int]:
    with _Server(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()
