"""Several registries behind one name: two fake ECRs with different content, and one token for both."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import pytest

from tests.served.front_client import CONTAINERD, CRANE, SKOPEO, as_client, image, push_blob
from tests.served.fronts import Front
from tests.standins.certificates import Certificates
from tests.standins.domain import Domain, running_domain
from tests.standins.ecr import FakeEcr
from tests.standins.package import Package
from tests.standins.registry_client import RegistryClient
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
        return Front(self.domain.gateway.origin, self.default, lambda: "\n".join(self.domain.log), tls)

    def client(self, agent: str = CRANE) -> RegistryClient:
        """One that was configured for the name, with the one token."""
        tls = self.domain.certificates.client_context()
        return RegistryClient(self.domain.gateway.origin, self.default.token, agent, tls=tls)

    def map(self, prefixes: dict[str, str]) -> None:
        """Change the setting, as a deployment does."""
        for function in self.domain.functions.values():
            function.configure({"ECR_REGISTRIES": json.dumps(prefixes)})


@pytest.fixture(scope="module")
def shared(
    service_package: Package, certificates: Certificates, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Shared]:
    directory = tmp_path_factory.mktemp("several")
    with ExitStack() as stack:
        payments = stack.enter_context(FakeEcr(certificates.server_context("127.0.0.1", "127.0.0.2")))
        domain = stack.enter_context(
            running_domain(
                directory,
                service_package,
                token=payments.token,
                certificates=certificates,
                variables={"ECR_REGISTRIES": json.dumps({"payments/": payments.authority})},
            )
        )
        yield Shared(domain, payments)


@pytest.mark.parametrize("agent", [CRANE, SKOPEO, CONTAINERD])
def test_each_repository_is_pushed_to_and_pulled_from_its_own_registry(shared: Shared, agent: str) -> None:
    for repository, there, elsewhere in [
        (f"team/{agent[:4]}", shared.default, shared.payments),
        (f"payments/{agent[:4]}", shared.payments, shared.default),
    ]:
        layers = [os.urandom(50_000), repository.encode()]
        with shared.client(agent) as client:
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
    front = shared.front
    digest = push_blob(front, "team/mounted-base", b"shared layer")
    shared.payments.forget()
    target = f"/v2/payments/mounting/blobs/uploads/?mount={digest}&from=team/mounted-base"
    start = front.ask("POST", target, as_client(front))
    assert (start.status, start["Location"].partition("/uploads/")[0]) == (202, "/v2/payments/mounting/blobs")
    assert [seen.target for seen in shared.payments.seen] == ["/v2/payments/mounting/blobs/uploads/"]
    # Within one registry it is mounted, as ever.
    again = front.ask(
        "POST", f"/v2/team/mounting/blobs/uploads/?mount={digest}&from=team/mounted-base", as_client(front)
    )
    assert again.status == 201


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
    wrong = {"User-Agent": CRANE, "Authorization": "Basic QVdTOndyb25n"}
    for repository in ("team/any", "payments/any"):
        assert shared.front.ask("GET", f"/v2/{repository}/tags/list", wrong).status == 400


def test_the_packaged_service_checks_every_registrys_certificate(
    shared: Shared, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """One whose certificate is for another name, and one of an authority that nobody trusts."""
    other = Certificates(tmp_path_factory.mktemp("other-authority"))
    with FakeEcr(other.server_context("127.0.0.1"), token=shared.default.token) as untrusted:
        by_another_name = shared.default.authority.replace("127.0.0.1", "localhost")
        shared.map({"named/": by_another_name, "untrusted/": untrusted.authority})
        image(shared.front, "team/trusted")
        for repository in ("named/app", "untrusted/app"):
            reply = shared.front.ask("GET", f"/v2/{repository}/tags/list", as_client(shared.front))
            assert reply.status == 502
            assert "SSLCertVerificationError" in json.loads(reply.body)["errors"][0]["message"]
        assert untrusted.seen == []
    shared.map({"payments/": shared.payments.authority})


def test_nothing_of_the_token_is_logged(shared: Shared) -> None:
    assert shared.default.token[:40] not in shared.front.log()
