"""Several registries behind one name: two fake ECRs with different content, and one token for both.

In the mode `relay`, and in the mode `edge` through CloudFront.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import pytest

from chalicelib.settings import RedirectMode
from tests.served.front_client import as_client
from tests.served.fronts import Front
from tests.standins.certificates import Certificates
from tests.standins.domain import Domain, running_domain
from tests.standins.ecr import FakeEcr, SentCredentials
from tests.standins.package import Package
from tests.standins.registry_client import CONTAINERD, CRANE, SKOPEO, Conversation, RegistryClient
from tests.standins.registry_store import digest_of


@dataclass(frozen=True)
class Shared:
    """A domain with a default registry and others, whose prefixes a test may change."""

    domain: Domain
    #: Has every repository whose name begins with `payments/`.
    payments: FakeEcr

    @property
    def default(self) -> FakeEcr:
        return self.domain.ecr

    @property
    def front(self) -> Front:
        tls = self.domain.certificates.client_context()
        return Front(self.domain.origin, self.default, lambda: "\n".join(self.domain.log), tls)

    def client(self, conversation: Conversation = CRANE) -> RegistryClient:
        """One that was configured for the name, with the one token."""
        tls = self.domain.certificates.client_context()
        return RegistryClient(self.domain.origin, self.default.token, conversation, tls=tls)

    def map(self, prefixes: dict[str, str]) -> None:
        """Change the setting, as a deployment does."""
        for function in self.domain.functions.values():
            function.configure({"ECR_REGISTRIES": json.dumps(prefixes)})


@pytest.fixture(scope="module", params=[RedirectMode.RELAY, RedirectMode.EDGE], ids=lambda mode: mode.value)
def shared(
    service_package: Package,
    certificates: Certificates,
    tmp_path_factory: pytest.TempPathFactory,
    request: pytest.FixtureRequest,
) -> Iterator[Shared]:
    directory = tmp_path_factory.mktemp("several")
    with ExitStack() as stack:
        payments = stack.enter_context(FakeEcr(certificates.server_context("127.0.0.1", "127.0.0.2")))
        variables = {
            "REDIRECT_MODE": request.param.value,
            "ECR_REGISTRIES": json.dumps({"payments/": payments.authority}),
        }
        domain = stack.enter_context(
            running_domain(
                directory,
                service_package,
                token=payments.token,
                certificates=certificates,
                variables=variables,
            )
        )
        yield Shared(domain, payments)


@pytest.mark.parametrize(
    "conversation", [CRANE, SKOPEO, CONTAINERD], ids=lambda each: each.user_agent.partition("/")[0]
)
def test_each_repository_is_pushed_to_and_pulled_from_its_own_registry(
    shared: Shared, conversation: Conversation
) -> None:
    name = conversation.user_agent[:4]
    for repository, there, elsewhere in [
        (f"team/{name}", shared.default, shared.payments),
        (f"payments/{name}", shared.payments, shared.default),
    ]:
        layers = [os.urandom(50_000), repository.encode()]
        with shared.client(conversation) as client:
            client.push(repository, "v1", *layers)
            assert client.pull(repository, "v1") == layers
        assert digest_of(layers[0]) in there.store.repositories[repository].blobs
        assert repository not in elsewhere.store.repositories


def test_the_same_tag_of_two_repositories_is_two_images(shared: Shared) -> None:
    with shared.client() as client:
        for repository in ("payments/tagged", "team/tagged", "paymentsx/tagged"):
            client.push(repository, "v1", repository.encode())
        for repository in ("payments/tagged", "team/tagged", "paymentsx/tagged"):
            assert client.pull(repository, "v1") == [repository.encode()]
    assert "paymentsx/tagged" in shared.default.store.repositories


def test_a_repository_moves_without_the_client_noticing(shared: Shared) -> None:
    mapped = {"payments/": shared.payments.authority}
    before, after = [os.urandom(30_000)], [os.urandom(30_000)]
    with shared.client() as client:
        client.push("moving/app", "v1", *before)
        # An administrator copies the repository to the other account, changes the setting, deletes it here.
        shared.payments.store.repositories["moving/app"] = shared.default.store.repositories["moving/app"]
        shared.map({**mapped, "moving/": shared.payments.authority})
        del shared.default.store.repositories["moving/app"]
        shared.default.forget()
        assert client.pull("moving/app", "v1") == before
        client.push("moving/app", "v2", *after)
        assert client.pull("moving/app", "v2") == after
    assert digest_of(after[0]) in shared.payments.store.repositories["moving/app"].blobs
    assert [seen for seen in shared.default.seen if "moving/" in seen.target] == []
    shared.map(mapped)


def test_a_mount_across_registries_becomes_an_upload(shared: Shared) -> None:
    source, layer = "team/mounted-base", b"shared layer"
    with shared.client() as client:
        client.push(source, "v1", layer)
        query = f"?mount={digest_of(layer)}&from={source}"
        shared.payments.forget()
        start = client.expect(202, "POST", f"/v2/payments/mounting/blobs/uploads/{query}")
        assert "/v2/payments/mounting/blobs/uploads/" in start.headers["Location"]
        (upload,) = [seen for seen in shared.payments.seen if seen.credentials is SentCredentials.RIGHT]
        assert upload.target == "/v2/payments/mounting/blobs/uploads/"
        # Within one registry it is mounted, as ever.
        client.expect(201, "POST", f"/v2/team/mounting/blobs/uploads/{query}")
    assert shared.default.store.repositories["team/mounting"].blobs == {digest_of(layer): layer}


def test_an_edge_path_goes_to_the_registry_that_it_names(shared: Shared) -> None:
    """Where an upload was started it goes on, while DNS is on its way to or from CloudFront."""
    front = shared.front
    for ecr in (shared.default, shared.payments):
        ecr.forget()
        path = f"/_registry/{ecr.authority}/v2/any/blobs/uploads/"
        start = front.ask("POST", path, as_client(front))
        assert start.status == 202
        assert [seen.target for seen in ecr.seen] == ["/v2/any/blobs/uploads/"]


def test_a_wrong_token_is_refused_by_each(shared: Shared) -> None:
    tls = shared.domain.certificates.client_context()
    for repository, ecr in (("team/any", shared.default), ("payments/any", shared.payments)):
        ecr.forget()
        with RegistryClient(shared.domain.origin, "wrong", CRANE, tls=tls) as client:
            assert client.ask("GET", f"/v2/{repository}/tags/list").status == 400
        assert ecr.seen[-1].credentials is SentCredentials.WRONG


def test_the_packaged_service_checks_every_registrys_certificate(
    shared: Shared, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """One whose certificate is for another name, and one of an authority that nobody trusts."""
    gateway = Front(shared.domain.gateway.origin, shared.default, lambda: "", shared.front.tls)
    other = Certificates(tmp_path_factory.mktemp("other-authority"))
    with FakeEcr(other.server_context("127.0.0.1"), token=shared.default.token) as untrusted:
        misnamed = shared.default.authority.replace("127.0.0.1", "localhost")
        shared.map({"misnamed/": misnamed, "untrusted/": untrusted.authority})
        for authority in (misnamed, untrusted.authority):
            response = gateway.ask("GET", f"/_registry/{authority}/v2/app/tags/list", as_client(gateway))
            assert response.status == 502
            assert "SSLCertVerificationError" in response.json()["errors"][0]["message"]
        assert untrusted.seen == []
    shared.map({"payments/": shared.payments.authority})


def test_nothing_of_the_token_is_logged(shared: Shared) -> None:
    assert shared.default.token[:40] not in shared.front.log()
