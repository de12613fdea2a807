"""A trace: every HTTP exchange of a client's operation, at whichever host it was.

Names are replaced by roles, so that two runs of one client differ in nothing but the order of what it does
in parallel.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from tests.standins.cloudfront.passage import Passage
from tests.standins.domain import Domain
from tests.standins.http_message import HttpRequest, HttpResponse

CLIENT, EDGE, GATEWAY, REGISTRY, BUCKET = "client", "edge", "gateway", "registry", "bucket"


@dataclass(frozen=True)
class Exchange:
    """One request and its response."""

    #: The roles of the two hosts.
    sender: str
    receiver: str
    method: str
    path: str
    #: Whether the request held an Authorization header.
    authorized: bool
    status: int
    #: The role that the response's Location points at; empty where there is none.
    leads_to: str = ""


@dataclass(frozen=True)
class _Seen:
    sender: str
    receiver: str
    request: HttpRequest
    response: HttpResponse


class Recorder:
    """Put into a domain's observers."""

    def __init__(self) -> None:
        self._seen: list[_Seen] = []
        self._lock = threading.Lock()

    def at(self, receiver: str) -> Callable[[HttpRequest, HttpResponse], None]:
        """The observer for a host that clients, or the function, ask themselves."""

        def observe(request: HttpRequest, response: HttpResponse) -> None:
            with self._lock:
                self._seen.append(_Seen(CLIENT, receiver, request, response))

        return observe

    def at_edge(self, passage: Passage) -> None:
        """The observer for CloudFront: the client's exchange, and the one with the origin inside of it."""
        request, response = passage.origin_request, passage.origin_response
        with self._lock:
            self._seen.append(_Seen(CLIENT, EDGE, passage.viewer_request, passage.viewer_response))
            if request is not None and response is not None:
                to_registry = passage.viewer_request.path.startswith("/_registry/")
                self._seen.append(_Seen(EDGE, REGISTRY if to_registry else GATEWAY, request, response))

    def exchanges(self, domain: Domain, names: Mapping[str, str]) -> list[Exchange]:
        """What was seen, with `names` replaced in paths; an exchange is followed by the one inside of it.

        A relayed exchange ends when the relay has its response, so the exchange with the registry was
        seen before it: that is the gateway's, and all others are the client's.
        """
        front = EDGE if any(each.receiver == EDGE for each in self._seen) else GATEWAY
        roles = {
            domain.authority: front,
            domain.ecr.authority: REGISTRY,
            domain.ecr.bucket.authority: BUCKET,
        }
        found: list[Exchange] = []
        for seen in self._seen:
            exchange = _exchange(seen, front, roles, names)
            if front == EDGE and exchange.leads_to == BUCKET:
                _put_before_download(found, exchange)
            elif (exchange.sender, exchange.receiver) == (CLIENT, GATEWAY) and _is_relayed(exchange):
                _move_into_relay(found, exchange)
            else:
                found.append(exchange)
        return found


def _put_before_download(found: list[Exchange], redirect: Exchange) -> None:
    """CloudFront's observer comes after the response was sent: the client can be at the bucket already."""
    layer = redirect.path.rpartition("/")[2]
    places = (
        place for place, each in enumerate(found) if (each.receiver, each.path) == (BUCKET, f"/{layer}")
    )
    found.insert(next(places, len(found)), redirect)


def _is_relayed(exchange: Exchange) -> bool:
    return exchange.status != 401 and exchange.leads_to not in (GATEWAY, REGISTRY)


def _move_into_relay(found: list[Exchange], relayed: Exchange) -> None:
    path = relayed.path.removeprefix("/_challenge")
    for number in reversed(range(len(found))):
        each = found[number]
        if (each.sender, each.receiver, each.path) == (CLIENT, REGISTRY, path):
            found[number : number + 1] = [relayed, replace(each, sender=GATEWAY)]
            return
    raise LookupError(f"no request at the registry belongs to {relayed}")


def _exchange(seen: _Seen, front: str, roles: Mapping[str, str], names: Mapping[str, str]) -> Exchange:
    path = seen.request.path
    if seen.receiver == BUCKET:
        path = "/" + path.rpartition("/")[2].replace("sha256-", "sha256:")
    for name, role in names.items():
        path = path.replace(name, role)
    location = urlsplit(next(iter(seen.response.values("Location")), ""))
    leads_to = roles[location.netloc] if location.netloc else front if location.path else ""
    return Exchange(
        seen.sender,
        seen.receiver,
        seen.request.method,
        path,
        seen.request.value("Authorization") is not None,
        seen.response.status,
        leads_to,
    )
