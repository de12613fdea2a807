"""What the CloudFront stand-in's tests share: a distribution before two scripted origins, and a client."""

from __future__ import annotations

import http.client
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from chalicelib.registry_host import RegistryHost
from infra.edge_template import edge_template
from tests.served.gateway_client import Answer
from tests.standins.certificates import Certificates
from tests.standins.cloudfront.cloudfront import CloudFront
from tests.standins.cloudfront.passage import Passage
from tests.standins.domain import API_TARGET
from tests.standins.http_message import Handler, HttpRequest, HttpResponse
from tests.standins.http_server import HttpServer
from tests.standins.listener import Listener, Serve

DOMAIN = "localhost"
CREATED = b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n"


class ScriptedOrigin:
    """An origin on 127.0.0.1 that answers as it is told and remembers what it was asked."""

    def __init__(self, context: ssl.SSLContext, answer: Handler) -> None:
        self.answer = answer
        self.requests: list[HttpRequest] = []
        self.server = HttpServer(self._serve, context=context)

    @property
    def last(self) -> HttpRequest:
        return self.requests[-1]

    def _serve(self, request: HttpRequest) -> HttpResponse:
        self.requests.append(request)
        return self.answer(request)


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
    ) -> Answer:
        """One request on a connection of its own. A body of bytes has a length, any other goes chunked."""
        connection = http.client.HTTPSConnection(DOMAIN, self.cloudfront.port, timeout=30, context=self.tls)
        try:
            connection.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
            connection.putheader("Host", self.cloudfront.authority)
            for name, value in headers:
                connection.putheader(name, value)
            if isinstance(body, bytes):
                connection.putheader("Content-Length", str(len(body)))
            elif body is not None:
                connection.putheader("Transfer-Encoding", "chunked")
            connection.endheaders(body, encode_chunked=not isinstance(body, bytes | None))
            answer = connection.getresponse()
            return Answer(answer.status, answer.headers, answer.read())
        finally:
            connection.close()

    def connect(self) -> ssl.SSLSocket:
        """A bare connection, for what no HTTP client sends."""
        plain = socket.create_connection(("127.0.0.1", self.cloudfront.port), 30)
        return self.tls.wrap_socket(plain, server_hostname=DOMAIN)

    def raw(self, *sent: bytes) -> bytes:
        """All that comes back for these bytes, until the connection ends."""
        with self.connect() as connection:
            for each in sent:
                connection.sendall(each)
            return read_all(connection)


def read_all(connection: socket.socket) -> bytes:
    received = bytearray()
    while piece := connection.recv(65536):
        received += piece
    return bytes(received)


def read_head(connection: socket.socket) -> bytes:
    received = b""
    while b"\r\n\r\n" not in received:
        piece = connection.recv(65536)
        if not piece:
            break
        received += piece
    return received


def nothing(request: HttpRequest) -> HttpResponse:
    return HttpResponse(200, (("Content-Type", "text/plain"),), b"nothing")


@contextmanager
def running_edge(
    certificates: Certificates,
    *,
    registry: Handler = nothing,
    api: Handler = nothing,
    change: Callable[[dict[str, Any]], None] = lambda template: None,
    **settings: Any,  # noqa: ANN401 - as CloudFront takes them
) -> Iterator[RunningEdge]:
    """The generated template, as `change` leaves it, before these origins."""
    at_registry = ScriptedOrigin(certificates.server_context("127.0.0.1"), registry)
    at_api = ScriptedOrigin(certificates.server_context(DOMAIN), api)
    authority = at_registry.server.authority
    with (
        at_registry.server,
        at_api.server,
        edge_before(certificates, authority, at_api.server.port, change=change, **settings) as (
            cloudfront,
            passages,
        ),
    ):
        tls = certificates.client_context()
        yield RunningEdge(cloudfront, at_registry, at_api, authority, tls, passages)


@contextmanager
def edge_before(
    certificates: Certificates,
    authority: str,
    api_port: int,
    *,
    change: Callable[[dict[str, Any]], None] = lambda template: None,
    **settings: Any,  # noqa: ANN401
) -> Iterator[tuple[CloudFront, list[Passage]]]:
    template = edge_template([RegistryHost.parse(authority)])
    change(template)
    passages: list[Passage] = []
    cloudfront = CloudFront(
        template,
        {
            "DomainName": DOMAIN,
            "CertificateArn": "arn:aws:acm:us-east-1:1:certificate/1",
            "ApiTarget": API_TARGET,
        },
        context=certificates.server_context(DOMAIN),
        trust=certificates.client_context(),
        origins={API_TARGET: ("127.0.0.1", api_port)},
        observe=passages.append,
        **settings,
    )
    with cloudfront:
        yield cloudfront, passages


@contextmanager
def raw_registry(
    certificates: Certificates,
    serve: Serve,
    **settings: Any,  # noqa: ANN401
) -> Iterator[RunningEdge]:
    """A registry that speaks as `serve` does, byte by byte."""
    listener = Listener(serve, certificates.server_context("127.0.0.1"))
    listener.start()
    authority = f"127.0.0.1:{listener.port}"
    unused = ScriptedOrigin(certificates.server_context(DOMAIN), nothing)
    try:
        with (
            unused.server,
            edge_before(certificates, authority, unused.server.port, **settings) as (
                cloudfront,
                passages,
            ),
        ):
            yield RunningEdge(cloudfront, unused, unused, authority, certificates.client_context(), passages)
    finally:
        listener.stop()


def function_code(template: dict[str, Any], kind: str, code: str) -> None:
    """Puts `code` in place of the registry's function: kind Request or Response."""
    for name, resource in template["Resources"].items():
        if name.startswith("Registry") and name.endswith(kind):
            resource["Properties"]["FunctionCode"] = code


def distribution_of(template: dict[str, Any]) -> dict[str, Any]:
    config: dict[str, Any] = template["Resources"]["Distribution"]["Properties"]["DistributionConfig"]
    return config
