"""Which of the four answers a request gets: one pure function over the client table.

A credential leaves it in one case only: as user info of a Location at the configured registry, for the
family that the table lets be carried.
"""

from typing import NamedTuple

from chalicelib.clients import Family, Treatment, family_of
from chalicelib.credentials import basic_credentials
from chalicelib.location import MAX_LOCATION, at_registry, fault_of_path, with_query
from chalicelib.message import Request
from chalicelib.registry_host import RegistryHost
from chalicelib.registry_path import Endpoint, challenge_path, endpoint_of, without_challenge
from chalicelib.settings import RedirectMode

_UPLOAD_METHODS = frozenset({"POST", "PATCH", "PUT"})


class Redirect(NamedTuple):
    """A 307; `location` holds a credential where `treatment` is CARRY."""

    treatment: Treatment
    family: Family
    location: str

    def __repr__(self) -> str:
        return object.__repr__(self)  # it may hold a credential


class Relay(NamedTuple):
    """Ask the registry ourselves; `target` is path and query."""

    family: Family
    endpoint: Endpoint
    target: str


class Refusal(NamedTuple):
    """An error of our own: HTTP status, OCI error code, message for people."""

    family: Family
    status: int
    code: str
    message: str


Decision = Redirect | Relay | Refusal


def decide(request: Request, registry: RegistryHost, mode: RedirectMode) -> Decision:
    """Never raises, whatever the request holds."""
    family = family_of(request.header("user-agent"))
    unprefixed = without_challenge(request.path)
    path = request.path if unprefixed is None else unprefixed
    fault = fault_of_path(path)
    if fault is not None:
        return Refusal(family, 400, "NAME_INVALID", f"the path {fault}")
    target = with_query(path, request.query)
    endpoint = endpoint_of(path) if mode is RedirectMode.AUTO else None
    if endpoint is None or request.method == "OPTIONS":
        return _redirect(Treatment.PLAIN, family, at_registry(registry, target))

    authorization = request.headers.get("authorization", ())
    credentials = basic_credentials(authorization)
    if credentials is None:
        if endpoint is Endpoint.PING or family.anonymous is Treatment.PLAIN:
            return _redirect(Treatment.PLAIN, family, at_registry(registry, target))
        if unprefixed is not None:
            # The authorizer lets any Authorization pass; to challenge again would be an endless loop.
            return Refusal(family, 401, "UNAUTHORIZED", "the Authorization header holds no Basic credentials")
        return _redirect(Treatment.CHALLENGE, family, challenge_path(target))

    is_upload = endpoint is Endpoint.UPLOAD and request.method in _UPLOAD_METHODS
    treatment = family.uploads if is_upload else family.messages
    if treatment is Treatment.RELAY:
        if is_upload and request.garbled:
            return Refusal(
                family,
                415,
                "UNSUPPORTED",
                "the gateway passes layer bytes only as Content-Type: application/octet-stream",
            )
        return Relay(family, endpoint, target)
    carried = credentials if treatment is Treatment.CARRY else None
    return _redirect(treatment, family, at_registry(registry, target, carried))


def _redirect(treatment: Treatment, family: Family, location: str) -> Redirect | Refusal:
    if len(location) > MAX_LOCATION:
        # Beyond its limit API Gateway would answer 500 without a word.
        return Refusal(
            family,
            431,
            "UNSUPPORTED",
            f"a redirect of {len(location)} bytes, where API Gateway passes {MAX_LOCATION}",
        )
    return Redirect(treatment, family, location)
