"""What the gateway's tests share: a client that sends targets verbatim, functions of this process."""

from __future__ import annotations

import json
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.standins.gateway import Gateway
from tests.standins.http_client import ReceivedResponse, connection_to, exchange
from tests.standins.lambda_environment import InvocationOutcome
from tests.standins.lambda_function import InProcessFunction
from tests.standins.package import Package


class GatewayClient:
    """One connection to a gateway."""

    def __init__(self, gateway: Gateway, tls: ssl.SSLContext | None = None) -> None:
        self._connection = connection_to(gateway.authority, tls)

    def __call__(
        self, method: str, target: str, *headers: tuple[str, str], body: bytes | None = None
    ) -> ReceivedResponse:
        return exchange(self._connection, method, target, headers, body)

    def event(
        self, method: str, target: str, *headers: tuple[str, str], body: bytes | None = None
    ) -> dict[str, Any]:
        """The event that reached the function, from one that echoes it."""
        response = self(method, target, *headers, body=body)
        assert response.status == 200, response
        event: dict[str, Any] = response.json()
        return event

    def close(self) -> None:
        self._connection.close()


def echo(payload: bytes) -> InvocationOutcome:
    """A function that responds with its event."""
    return result({"statusCode": 200, "body": payload.decode()})


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
    with Gateway(definition, functions, None, name="127.0.0.1", **settings) as gateway:
        client = GatewayClient(gateway)
        try:
            yield gateway, client
        finally:
            client.close()
            for function in functions.values():
                function.stop()
