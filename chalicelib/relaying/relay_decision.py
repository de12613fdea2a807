"""Whether a client is challenged, redirected to the registry itself, or relayed."""

from typing import NamedTuple

from chalicelib.decision import Redirect, Refusal, ToRelay, redirect
from chalicelib.http_message import Request
from chalicelib.location import with_query
from chalicelib.registry_host import RegistryHost
from chalicelib.registry_path import Endpoint, challenge_path
from chalicelib.relaying.client_families import Family
from chalicelib.relaying.credentials import Credentials, credentials_from

_UPLOAD_METHODS = frozenset({"POST", "PATCH", "PUT"})


class Relay(NamedTuple):
    """The registry is asked with the client's own credentials."""

    registry: RegistryHost
    endpoint: Endpoint
    #: Path and query.
    target: str
    credentials: Credentials
    family: Family
    name: str = "relay"


def decide_relay(request: Request, to_relay: ToRelay, family: Family) -> Redirect | Refusal | Relay:
    """Never raises, whatever the request holds."""
    target = with_query(to_relay.path, to_relay.query)
    if _is_for(to_relay.registry, request.header("host")):
        # A domain in front of itself: each relay would be a relay's relay.
        return Refusal(508, "UNSUPPORTED", "the registry behind this domain is the domain itself")
    if family.always_plain or request.line.method == "OPTIONS":
        return redirect("plain", to_relay.registry.origin + target, request.line)
    credentials = credentials_from(request.headers.get("authorization", ()))
    if credentials is None:
        if to_relay.challenged:
            # The authorizer lets any Authorization pass; to challenge again would be an endless loop.
            return Refusal(401, "UNAUTHORIZED", "the Authorization header does not hold Basic credentials")
        return redirect("challenge", challenge_path(target), request.line)
    if to_relay.endpoint is Endpoint.UPLOAD and request.line.method in _UPLOAD_METHODS:
        if family.uploads_plain:
            return redirect("plain", to_relay.registry.origin + target, request.line)
        if request.body_is_lossy:
            return Refusal(
                415,
                "UNSUPPORTED",
                "API Gateway passes the bytes of a layer only as Content-Type: application/octet-stream",
            )
    return Relay(to_relay.registry, to_relay.endpoint, target, credentials, family)


def _is_for(registry: RegistryHost, host: str) -> bool:
    return host.lower().removesuffix(":443") == registry.authority
