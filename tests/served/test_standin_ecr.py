"""The fake ECR speaks in the words of the real one, and its bucket as S3 does."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
import urllib3

from tests.standins import faults
from tests.standins.certificates import Certificates
from tests.standins.ecr import FakeEcr, SentCredentials, authorization_token
from tests.standins.faults import OVER_LAMBDA_LIMIT, Fault
from tests.standins.registry_store import Manifest, digest_of

MANIFEST = "application/vnd.oci.image.manifest.v1+json"


@pytest.fixture
def ecr(certificates: Certificates) -> Iterator[FakeEcr]:
    with FakeEcr(certificates.server_context("127.0.0.1", "127.0.0.2")) as running:
        yield running


class EcrClient:
    """A registry client of the test's own: no redirect followed, the credentials sent when asked to."""

    def __init__(self, certificates: Certificates, ecr: FakeEcr) -> None:
        self._ecr = ecr
        self.pool = urllib3.PoolManager(ssl_context=certificates.client_context(), retries=False)

    def __call__(
        self, method: str, target: str, body: bytes | None = None, **headers: str
    ) -> urllib3.BaseHTTPResponse:
        sent = {"Authorization": self._ecr.authorization}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        url = target if target.startswith("https:") else self._ecr.origin + target
        return self.pool.request(method, url, body=body, headers=sent, redirect=False)


@pytest.fixture
def client(certificates: Certificates, ecr: FakeEcr) -> Iterator[EcrClient]:
    running = EcrClient(certificates, ecr)
    with running.pool:
        yield running


@pytest.mark.parametrize("target", ["/", "/v2/", "/v2/app/manifests/latest"])
def test_without_credentials_it_challenges_in_ecrs_words(
    ecr: FakeEcr, client: EcrClient, target: str
) -> None:
    response = client.pool.request("GET", ecr.origin + target)
    assert response.status == 401
    assert response.headers["www-authenticate"] == f'Basic realm="{ecr.origin}/",service="ecr.amazonaws.com"'
    assert response.headers["docker-distribution-api-version"] == "registry/2.0"
    assert response.headers["content-type"] == "text/plain; charset=utf-8"
    assert response.data == b"Not Authorized\n"


@pytest.mark.parametrize(
    ("authorization", "status", "credentials"),
    [
        ("Basic QVdTOndyb25n", 400, SentCredentials.WRONG),  # AWS:wrong
        ("Basic %%%", 400, SentCredentials.WRONG),
        ("Basic /w==", 400, SentCredentials.WRONG),  # no UTF-8
        ("Bearer abc", 401, SentCredentials.ABSENT),
    ],
)
def test_other_credentials_are_refused(
    ecr: FakeEcr, client: EcrClient, authorization: str, status: int, credentials: SentCredentials
) -> None:
    assert client("GET", "/v2/", Authorization=authorization).status == status
    assert [seen.credentials for seen in ecr.seen] == [credentials]


def test_an_expired_token_is_refused_in_plain_text(ecr: FakeEcr, client: EcrClient) -> None:
    ecr.expired = True
    response = client("GET", "/v2/")
    assert (response.status, response.headers["content-type"]) == (403, "text/plain; charset=utf-8")
    assert response.data.startswith(b"Your Authorization Token has expired.")


@pytest.mark.parametrize("size", [2500, 3000, 5000])
def test_tokens_have_the_size_asked_for(size: int) -> None:
    assert re.fullmatch(rf"[A-Za-z0-9+/]{{{size}}}", authorization_token(size))


def test_a_record_holds_no_secret(ecr: FakeEcr, client: EcrClient) -> None:
    client("GET", "/v2/", Accept="x")
    (seen,) = ecr.seen
    assert (seen.method, seen.target) == ("GET", "/v2/")
    assert (seen.credentials, seen.status) == (SentCredentials.RIGHT, 200)
    assert "Authorization" in dict(seen.headers)
    assert ("Accept", "x") in seen.headers
    assert ecr.token not in repr(seen)
    assert ecr.authorization not in repr(seen)


def test_an_upload_in_chunks(ecr: FakeEcr, client: EcrClient) -> None:
    started = client("POST", "/v2/team/app/blobs/uploads/")
    location = started.headers["location"]
    assert started.status == 202
    assert location.startswith(f"{ecr.origin}/v2/team/app/blobs/uploads/")
    assert "docker-upload-uuid" not in started.headers

    first = client("PATCH", location, b"one ", Content_Range="0-3")
    assert (first.status, first.headers["range"]) == (201, "0-3")
    assert client("PATCH", location, b"gap", Content_Range="9-11").status == 416
    second = client("PATCH", first.headers["location"], b"two")
    assert second.headers["range"] == "0-6"
    assert client("GET", location).headers["range"] == "0-6"
    digest = digest_of(b"one two!")
    done = client("PUT", f"{location}?digest={digest}", b"!")
    assert (done.status, done.headers["docker-content-digest"]) == (201, digest)
    assert ecr.store.repositories["team/app"].blobs == {digest: b"one two!"}
    assert client("PATCH", location, b"late").status == 404


def test_a_wrong_digest_is_refused(client: EcrClient) -> None:
    location = client("POST", "/v2/app/blobs/uploads/").headers["location"]
    response = client("PUT", f"{location}?digest=sha256:00", b"content")
    assert (response.status, response.json()["errors"][0]["code"]) == (400, "DIGEST_INVALID")


def test_an_upload_can_be_given_up(client: EcrClient) -> None:
    location = client("POST", "/v2/app/blobs/uploads/").headers["location"]
    assert client("DELETE", location).status == 204
    assert client("GET", location).status == 404


def test_one_post_uploads_and_another_repository_mounts(ecr: FakeEcr, client: EcrClient) -> None:
    digest = digest_of(b"layer")
    assert client("POST", f"/v2/base/blobs/uploads/?digest={digest}", b"layer").status == 201
    mounted = client("POST", f"/v2/app/blobs/uploads/?mount={digest}&from=base")
    assert (mounted.status, mounted.headers["location"]) == (201, f"{ecr.origin}/v2/app/blobs/{digest}")
    assert client("HEAD", f"/v2/app/blobs/{digest}").status == 200
    # Nothing to mount: an upload begins instead.
    assert client("POST", f"/v2/app/blobs/uploads/?mount={digest}&from=nowhere").status == 202


def test_a_blob_is_described_here_and_downloaded_from_the_bucket(ecr: FakeEcr, client: EcrClient) -> None:
    digest = ecr.store.repository("app").put_blob(b"0123456789")
    head = client("HEAD", f"/v2/app/blobs/{digest}")
    assert (head.status, head.headers["content-length"], head.data) == (200, "10", b"")

    redirect = client("GET", f"/v2/app/blobs/{digest}")
    url = redirect.headers["location"]
    assert redirect.status == 307
    assert urlsplit(url).hostname != urlsplit(ecr.origin).hostname
    assert "X-Amz-Signature=" in url
    assert client.pool.request("GET", url).data == b"0123456789"
    refused = client("GET", url)
    assert refused.status == 400
    assert b"Only one auth mechanism allowed" in refused.data
    assert client.pool.request("GET", url[:-1]).status == 403
    assert [request.method for request in ecr.bucket.requests] == ["GET"] * 3


@pytest.mark.parametrize(
    ("wanted", "status", "content", "content_range"),
    [
        ("bytes=2-4", 206, b"234", "bytes 2-4/10"),
        ("bytes=7-", 206, b"789", "bytes 7-9/10"),
        ("bytes=-2", 206, b"89", "bytes 8-9/10"),
        ("bytes=8-99", 206, b"89", "bytes 8-9/10"),
        ("bytes=10-", 416, None, None),
        ("lines=1-2", 200, b"0123456789", None),
    ],
)
def test_the_bucket_serves_ranges(
    ecr: FakeEcr,
    client: EcrClient,
    wanted: str,
    status: int,
    content: bytes | None,
    content_range: str | None,
) -> None:
    response = client.pool.request(
        "GET", ecr.bucket.presign("sha256:1", b"0123456789"), headers={"Range": wanted}
    )
    assert (response.status, response.headers.get("content-range")) == (status, content_range)
    assert content in (None, response.data)


def test_a_manifest_keeps_its_bytes_and_its_media_type(client: EcrClient) -> None:
    content = b'{ "schemaVersion": 2,\n "odd":   "spacing" }\n'
    pushed = client("PUT", "/v2/app/manifests/v1", content, Content_Type=MANIFEST)
    digest = digest_of(content)
    assert (pushed.status, pushed.headers["docker-content-digest"]) == (201, digest)
    assert "location" not in pushed.headers
    for reference in ("v1", digest):
        response = client("GET", f"/v2/app/manifests/{reference}")
        assert (response.status, response.data, response.headers["content-type"]) == (200, content, MANIFEST)
        head = client("HEAD", f"/v2/app/manifests/{reference}")
        assert head.headers["content-length"] == str(len(content))
        assert head.headers["docker-content-digest"] == digest
    assert client("PUT", "/v2/app/manifests/sha256:00", content, Content_Type=MANIFEST).status == 400
    assert client("PUT", "/v2/app/manifests/v2", b"no json", Content_Type=MANIFEST).status == 400


def test_deleting_a_tag_and_a_manifest(ecr: FakeEcr, client: EcrClient) -> None:
    digest = ecr.store.repository("app").put_manifest(Manifest(MANIFEST, b"{}"), "one")
    ecr.store.repository("app").put_manifest(Manifest(MANIFEST, b"{}"), "two")
    assert client("DELETE", "/v2/app/manifests/one").status == 202
    assert client("GET", "/v2/app/manifests/one").status == 404
    assert client("GET", "/v2/app/manifests/two").status == 200
    assert client("DELETE", f"/v2/app/manifests/{digest}").status == 202
    assert client("GET", "/v2/app/manifests/two").status == 404
    assert client("DELETE", "/v2/app/manifests/two").status == 404
    assert client("GET", "/v2/app/tags/list").json()["tags"] == []


@pytest.mark.parametrize("relative", [False, True])
def test_tags_are_listed_in_pages(certificates: Certificates, relative: bool) -> None:
    context = certificates.server_context("127.0.0.1", "127.0.0.2")
    with FakeEcr(context, relative_links=relative) as ecr:
        client = EcrClient(certificates, ecr)
        with client.pool:
            for tag in ("a", "b", "c", "d", "e"):
                ecr.store.repository("app").put_manifest(Manifest(MANIFEST, b"{}"), tag)
            pages, target = [], "/v2/app/tags/list?n=2"
            while target:
                page = client("GET", target)
                pages.append(page.json()["tags"])
                link = re.fullmatch(r'<(.*)>; rel="next"', page.headers.get("link", ""))
                target = link.group(1) if link else ""
                assert not target or target.startswith("/v2/" if relative else ecr.origin)
                assert "+" not in target
            assert pages == [["a", "b"], ["c", "d"], ["e"]]
            assert client("GET", "/v2/app/tags/list?last=c").json()["tags"] == ["d", "e"]
            assert client("GET", "/v2/app/tags/list?last=zzz").status == 405
            assert client("GET", "/v2/app/tags/list?n=0").status == 400
            assert client("GET", "/v2/none/tags/list").json()["errors"][0]["code"] == "NAME_UNKNOWN"


def test_referrers_and_their_filter(client: EcrClient) -> None:
    subject = {"mediaType": MANIFEST, "size": 2, "digest": digest_of(b"{}")}
    for kind in ("application/a", "application/b"):
        body = json.dumps({"subject": subject, "artifactType": kind}).encode()
        pushed = client("PUT", f"/v2/app/manifests/{digest_of(body)}", body, Content_Type=MANIFEST)
        assert pushed.headers["oci-subject"] == digest_of(b"{}")
    everything = client("GET", f"/v2/app/referrers/{digest_of(b'{}')}")
    assert len(everything.json()["manifests"]) == 2
    assert "oci-filters-applied" not in everything.headers
    one = client("GET", f"/v2/app/referrers/{digest_of(b'{}')}?artifactType=application%2Fb")
    assert [each["artifactType"] for each in one.json()["manifests"]] == ["application/b"]
    assert one.headers["oci-filters-applied"] == "artifactType"


@pytest.mark.parametrize("status", [403, 404, 429, 500, 503])
def test_a_status_fault_hits_the_next_authenticated_requests(
    ecr: FakeEcr, client: EcrClient, status: int
) -> None:
    ecr.faults.plan(faults.status(status), times=2)
    assert client.pool.request("GET", ecr.origin + "/v2/").status == 401  # not let in: not counted
    assert [client("GET", "/v2/").status for _ in range(3)] == [status, status, 200]


def test_the_other_faults(ecr: FakeEcr, client: EcrClient) -> None:
    ecr.faults.plan(faults.status(429, ("Retry-After", "7")))
    assert client("GET", "/v2/").headers["retry-after"] == "7"
    ecr.faults.plan(faults.oversize())
    assert len(client("GET", "/v2/").data) == OVER_LAMBDA_LIMIT
    ecr.faults.plan(Fault(hang_up=True))
    with pytest.raises(urllib3.exceptions.ProtocolError):
        client("GET", "/v2/")
    assert ecr.seen[-1].status == 0
    ecr.faults.plan(Fault(delay=0.3))
    with pytest.raises(urllib3.exceptions.ReadTimeoutError):
        client.pool.request(
            "GET", f"{ecr.origin}/v2/", headers={"Authorization": ecr.authorization}, timeout=0.1
        )


def test_unknown_pages_and_methods(client: EcrClient) -> None:
    assert client("GET", "/v3/").status == 404
    assert client("GET", "/v2/UPPER/tags/list").status == 404
    assert client("PUT", "/v2/app/blobs/uploads/").status == 405
    assert client("GET", "/v2/_catalog").json() == {"repositories": []}
