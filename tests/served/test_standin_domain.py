"""The stand-ins put together, with the service's own package between gateway and registry."""

from __future__ import annotations

import base64
from collections.abc import Iterator

import pytest

from tests.served.gateway_client import GatewayClient
from tests.standins.domain import Domain, running_domain
from tests.standins.ecr import SentCredentials
from tests.standins.package import Package
from tests.standins.registry_store import Manifest

CONTAINERD = ("User-Agent", "containerd/v2.1.4")
MANIFEST = "application/vnd.oci.image.manifest.v1+json"


@pytest.fixture(scope="module")
def domain(service_package: Package, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Domain]:
    with running_domain(tmp_path_factory.mktemp("domain"), service_package) as running:
        yield running


@pytest.fixture
def client(domain: Domain) -> Iterator[GatewayClient]:
    running = GatewayClient(domain.gateway, domain.certificates.client_context())
    yield running
    running.close()


def test_the_service_runs_from_its_zip(domain: Domain, client: GatewayClient) -> None:
    domain.ecr.forget()
    answer = client("GET", "/v2/app/tags/list?n=2&last=%2B")
    assert answer.status == 307
    assert answer.headers["Location"] == "/_challenge/v2/app/tags/list?last=%2B&n=2"
    assert domain.ecr.seen == []


def test_the_challenge_is_the_gateways_as_the_service_configures_it(
    domain: Domain, client: GatewayClient
) -> None:
    redirect = client("GET", "/v2/app/manifests/v1", CONTAINERD)
    assert redirect.status == 307
    location = redirect.headers["Location"]
    assert location.endswith("/_challenge/v2/app/manifests/v1")
    challenge = client("GET", "/_challenge/v2/app/manifests/v1", CONTAINERD)
    assert challenge.status == 401
    assert challenge.headers["WWW-Authenticate"].startswith("Basic ")


def test_a_relayed_manifest_arrives_byte_for_byte_and_the_log_has_no_secret(
    domain: Domain, client: GatewayClient
) -> None:
    content = b'{ "schemaVersion":  2 }\n'
    domain.ecr.store.repository("app").put_manifest(Manifest(MANIFEST, content), "v1")
    domain.ecr.forget()
    answer = client("GET", "/v2/app/manifests/v1", ("Authorization", domain.ecr.authorization))
    assert (answer.status, answer.body, answer.headers["Content-Type"]) == (200, content, MANIFEST)
    assert [(seen.target, seen.credentials) for seen in domain.ecr.seen] == [
        ("/v2/app/manifests/v1", SentCredentials.RIGHT)
    ]
    log = "\n".join(domain.log)
    assert '"/v2/app/manifests/v1"' in log
    for secret in (domain.ecr.token, domain.ecr.authorization, base64.b64encode(b"AWS:").decode()):
        assert secret not in log


def test_the_default_endpoint_of_a_stage_with_a_domain_is_closed(
    domain: Domain, client: GatewayClient
) -> None:
    host = ("Host", domain.gateway.api.default_host)
    assert client("GET", f"/{domain.gateway.api.stage}/v2/", host).status == 403
