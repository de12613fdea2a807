"""A trace: every HTTP exchange of a client's operation, at whichever of the three hosts it was.

Names are replaced by roles, so that two runs of one client differ in nothing but the order of what it does
in parallel.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from tests.standins.domain import Domain
from tests.standins.http_message import Request, Response

CLIENT, DOMAIN, REGISTRY, BUCKET = "client", "domain", "registry", "bucket"


@dataclass(frozen=True)
class Exchange:
    """One request and its answer. `leads_to` is the role a Location points at; `user_info` whether that
    Location holds credentials; `authorized` whether the request did."""

    sender: str
    receiver: str
    method: str
    path: str
    authorized: bool
    status: int
    leads_to: str = ""
    user_info: bool = False


class Recorder:
    """Put into a domain's observers. `names` are what is replaced in paths: digests, the repository."""

    def __init__(self) -> None:
        self._seen: list[tuple[str, Request, Response]] = []
        self._lock = threading.Lock()

    def at(self, receiver: str) -> Callable[[Request, Response], None]:
        """The observer for one host."""

        def observe(request: Request, response: Response) -> None:
            with self._lock:
                self._seen.append((receiver, request, response))

        return observe

    def exchanges(self, domain: Domain, names: Mapping[str, str]) -> list[Exchange]:
        """What was seen. Inside a relayed exchange, which ends when the relay has its answer, the request
        comes from the domain; all others are the client's."""
        roles = {
            domain.gateway.authority: DOMAIN,
            domain.ecr.authority: REGISTRY,
            domain.ecr.bucket.server.authority: BUCKET,
        }
        found: list[Exchange] = []
        for receiver, request, response in self._seen:
            exchange = _exchange(receiver, request, response, roles, names)
            if receiver == DOMAIN and exchange.status != 401 and exchange.leads_to not in (DOMAIN, REGISTRY):
                _move_into_relay(found, exchange)
            else:
                found.append(exchange)
        return found


def _move_into_relay(found: list[Exchange], relayed: Exchange) -> None:
    path = relayed.path.removeprefix("/_challenge")
    for number in reversed(range(len(found))):
        each = found[number]
        if (each.sender, each.receiver, each.path) == (CLIENT, REGISTRY, path):
            inner = Exchange(DOMAIN, REGISTRY, each.method, path, each.authorized, each.status, each.leads_to)
            found[number : number + 1] = [relayed, inner]
            return
    raise LookupError(f"no request at the registry belongs to {relayed}")


def _exchange(
    receiver: str, request: Request, response: Response, roles: Mapping[str, str], names: Mapping[str, str]
) -> Exchange:
    path = request.path
    if receiver == BUCKET:
        path = "/" + path.rpartition("/")[2].replace("sha256-", "sha256:")
    for name, role in names.items():
        path = path.replace(name, role)
    location = urlsplit(next(iter(response.values("Location")), ""))
    user_info, separator, authority = location.netloc.rpartition("@")
    leads_to = roles[authority] if authority else DOMAIN if location.path else ""
    return Exchange(
        CLIENT,
        receiver,
        request.method,
        path,
        request.value("Authorization") is not None,
        response.status,
        leads_to,
        bool(separator and user_info),
    )
