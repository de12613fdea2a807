"""The real HTTPS client that looks at a name from outside."""

from __future__ import annotations

import pytest

from infra.outside import Internet, NotReached
from tests.standins.certificates import Certificates
from tests.standins.ecr import FakeEcr
from tests.standins.http_server import HttpServer


def test_a_response_is_taken_as_it_is(ecr: FakeEcr, certificates: Certificates) -> None:
    internet = Internet(certificates.client_context())
    reply = internet.get(ecr.origin, "/v2/", {"User-Agent": "x"})
    assert reply.status == 401
    assert reply.headers["www-authenticate"].startswith("Basic ")


def test_a_certificate_that_does_not_hold_is_named(ecr: FakeEcr) -> None:
    with pytest.raises(
        NotReached, match="shows a certificate that does not hold: unable to get local issuer"
    ):
        Internet().get(ecr.origin, "/v2/", {})


def test_a_certificate_of_another_name_is_named(ecr: FakeEcr, certificates: Certificates) -> None:
    port = ecr.authority.rpartition(":")[2]
    with pytest.raises(NotReached, match="Hostname mismatch"):
        Internet(certificates.client_context()).get(f"https://localhost:{port}", "/v2/", {})


def test_nothing_listens(certificates: Certificates) -> None:
    server = HttpServer(lambda _: pytest.fail("never asked"))
    authority = server.authority
    server.stop()
    with pytest.raises(NotReached, match="does not answer"):
        Internet().get(f"http://{authority}", "/", {})


def test_names() -> None:
    assert set(Internet().addresses("localhost")) <= {"127.0.0.1", "::1"}
    # RFC 6761: never a name.
    with pytest.raises(NotReached, match="does not resolve"):
        Internet().addresses("registry.invalid")
