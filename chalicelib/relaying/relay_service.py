"""The relay as a whole: it decides by the headers, asks the registry where that is the decision, responds."""

from __future__ import annotations

import ssl

from chalicelib.decision import ToRelay, response_of
from chalicelib.errors import RegistryError, RegistryLate, ResponseNotRelayable
from chalicelib.http_message import Request, Response, error_response
from chalicelib.registry_host import RegistryHost
from chalicelib.relaying.client_families import family_of
from chalicelib.relaying.registry_connection import RegistryConnection
from chalicelib.relaying.relay import client_response, registry_request
from chalicelib.relaying.relay_decision import Relay, decide_relay


class RelayService:
    """Relays to the configured registries; safe to share between threads."""

    def __init__(self, tls: ssl.SSLContext) -> None:
        self._tls = tls
        self._connections: dict[RegistryHost, RegistryConnection] = {}

    def respond(self, request: Request, to_relay: ToRelay) -> tuple[Response, str, str]:
        """The response, the name of the decision and that of the client's family."""
        family = family_of(request.header("user-agent"))
        decision = decide_relay(request, to_relay, family)
        response = self._relayed(request, decision) if isinstance(decision, Relay) else response_of(decision)
        return response, decision.name, family.name

    def _relayed(self, request: Request, relay: Relay) -> Response:
        connection = self._connections.get(relay.registry)
        if connection is None:
            # Two threads may both make one; the later one is kept.
            connection = self._connections[relay.registry] = RegistryConnection(relay.registry, self._tls)
        try:
            return client_response(request, relay, connection.ask(registry_request(request, relay)))
        except RegistryError as error:
            status = 504 if isinstance(error, RegistryLate) else 502
            code = "UNSUPPORTED" if isinstance(error, ResponseNotRelayable) else "UNAVAILABLE"
            return error_response(status, code, str(error))
