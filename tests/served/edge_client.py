"""What the CloudFront stand-in's tests share: a distribution before two scripted origins, and a client."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

from chalicelib.registry_host import RegistryHost
from infra.edge_template import edge_template
from tests.served.scripted_origin import ScriptedOrigin
from tests.standins.certificates import Certificates
from tests.standins.cloudfront.cloudfront import CloudFront
from tests.standins.cloudfront.passage import Passage
from tests.standins.domain import API_TARGET
from tests.standins.http_client import ReceivedResponse, connected, connection_to, exchange, talk
from tests.standins.http_message import Handler, HttpRequest, HttpResponse
from tests.standins.listener import Listener, Serve

DOMAIN = "localhost"
CREATED = b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n"
Change = Callable[[dict[str, Any]], None]
"""Changes a template."""


def nothing(request: HttpRequest) -> HttpResponse:
    return HttpResponse(200, (("Content-Type", "text/plain"),), b"nothing")


@dataclass
class RunningEdge:
    cloudfront: CloudFront
    registry: ScriptedOrigin
    api: ScriptedOrigin
    #: HOST:PORT of the registry.
    authority: str
    tls: ssl.SSLContext
    passages: list[Passage] = field(default_factory=list)

    def at_registry(self, path: str) -> str:
        return f"/_registry/{self.authority}{path}"

    def __call__(
        self,
        method: str,
        target: str,
        *headers: tuple[str, str],
        body: bytes | Iterator[bytes] | None = None,
    ) -> ReceivedResponse:
        """One request on a connection of its own."""
        connection = connection_to(self.cloudfront.authority, self.tls)
        try:
            return exchange(connection, method, target, headers, body)
        finally:
            connection.close()

    def connect(self) -> socket.socket:
        return connected(self.cloudfront.authority, self.tls)

    def raw(self, *sent: bytes) -> bytes:
        """All that comes back for these bytes, until the connection ends."""
        return talk(self.cloudfront.authority, *sent, tls=self.tls)


@contextmanager
def running_edge(
    certificates: Certificates,
    *,
    registry: Handler = nothing,
    api: Handler = nothing,
    serve: Serve | None = None,
    change: Change = lambda template: None,
    **settings: Any,  # noqa: ANN401 - as CloudFront takes them
) -> Iterator[RunningEdge]:
    """The generated template, as `change` leaves it, before these origins. With `serve`, the registry speaks
    as that does, byte by byte."""
    with ExitStack() as stack:
        at_registry = stack.enter_context(ScriptedOrigin(registry, certificates.server_context("127.0.0.1")))
        at_api = stack.enter_context(ScriptedOrigin(api, certificates.server_context(DOMAIN)))
        authority = at_registry.authority
        if serve is not None:
            listener = Listener(serve, certificates.server_context("127.0.0.1"))
            authority = stack.enter_context(listener).authority
        template = edge_template([RegistryHost.parse(authority)])
        change(template)
        certificate = "arn:aws:acm:us-east-1:1:certificate/1"
        tls, passages = certificates.client_context(), list[Passage]()
        cloudfront = stack.enter_context(
            CloudFront(
                template,
                {"DomainName": DOMAIN, "CertificateArn": certificate, "ApiTarget": API_TARGET},
                context=certificates.server_context(DOMAIN),
                trust=tls,
                origins={API_TARGET: ("127.0.0.1", at_api.port)},
                observe=passages.append,
                **settings,
            )
        )
        yield RunningEdge(cloudfront, at_registry, at_api, authority, tls, passages)


def distribution_of(template: dict[str, Any]) -> dict[str, Any]:
    config: dict[str, Any] = template["Resources"]["Distribution"]["Properties"]["DistributionConfig"]
    return config
