"""What the gateway's tests share: a client that sends targets verbatim, functions of this process."""

from __future__ import annotations

import http.client
import json
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from tests.standins.gateway import Gateway
from tests.standins.lambda_environment import InvocationOutcome
from tests.standins.lambda_function import InProcessFunction
from tests.standins.package import Package


@dataclass(frozen=True)
class Answer:
    status: int
    headers: http.client.HTTPMessage
    body: bytes

    def json(self) -> Any:  # noqa: ANN401
        return json.loads(self.body)


class GatewayClient:
    """One connection to a gateway; `http.client` changes no byte of a target."""

    def __init__(self, gateway: Gateway, context: ssl.SSLContext | None = None) -> None:
        host, port = gateway.server.host, gateway.server.port
        self._connection = (
            http.client.HTTPConnection(host, port, timeout=30)
            if context is None
            else http.client.HTTPSConnection(host, port, timeout=30, context=context)
        )

    def __call__(
        self, method: str, target: str, *headers: tuple[str, str], body: bytes | None = None
    ) -> Answer:
        named = {name.lower() for name, _ in headers}
        self._connection.putrequest(method, target, skip_host="host" in named, skip_accept_encoding=True)
        for name, value in headers:
            self._connection.putheader(name, value)
        if body is not None:
            self._connection.putheader("Content-Length", str(len(body)))
        self._connection.endheaders(body)
        answer = self._connection.getresponse()
        return Answer(answer.status, answer.headers, answer.read())

    def event(
        self, method: str, target: str, *headers: tuple[str, str], body: bytes | None = None
    ) -> dict[str, Any]:
        """The event that reached the function, from one which answers with it."""
        answer = self(method, target, *headers, body=body)
        assert answer.status == 200, answer
        event: dict[str, Any] = answer.json()
        return event

    def close(self) -> None:
        self._connection.close()


def echo(payload: bytes) -> InvocationOutcome:
    """A function that answers with its event."""
    return InvocationOutcome(json.dumps({"statusCode": 200, "body": payload.decode()}).encode())


def result(document: object) -> InvocationOutcome:
    return InvocationOutcome(json.dumps(document).encode())


def policy(effect: str, *resources: str) -> dict[str, object]:
    statement = {"Effect": effect, "Action": "execute-api:Invoke", "Resource": list(resources)}
    return {"principalId": "someone", "policyDocument": {"Version": "2012-10-17", "Statement": [statement]}}


@contextmanager
def plain_gateway(
    sample: Package,
    handler: Any = echo,  # noqa: ANN401
    authorizer: Any = lambda _: result(policy("Allow", "*")),  # noqa: ANN401
    **settings: Any,  # noqa: ANN401
) -> Iterator[tuple[Gateway, GatewayClient]]:
    """A gateway without TLS over the sample's definition; what is run stands in this process."""
    functions = {
        sample.functions["APIHandler"].arn: InProcessFunction(handler),
        sample.functions["Credentials"].arn: InProcessFunction(authorizer),
    }
    definition = settings.pop("definition", sample.definition)
    with Gateway(definition, functions, None, address="127.0.0.1", name="127.0.0.1", **settings) as gateway:
        client = GatewayClient(gateway)
        try:
            yield gateway, client
        finally:
            client.close()
            for function in functions.values():
                function.stop()
