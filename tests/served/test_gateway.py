"""What only the gateway does: responses to HEAD in three manners, and its limits."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator

import pytest

from tests.served.fronts import Front
from tests.standins.domain import Domain
from tests.standins.gateway import HeadLength
from tests.standins.registry_client import (
    CONTAINERD,
    CRANE,
    MANIFEST_TYPE,
    SKOPEO,
    Conversation,
    RegistryClient,
)
from tests.standins.registry_store import digest_of

OCTETS = "application/octet-stream"


@pytest.fixture(params=list(HeadLength), ids=lambda value: value.name.lower())
def head_length(domain: Domain, request: pytest.FixtureRequest) -> Iterator[HeadLength]:
    domain.gateway.head_length = request.param
    yield request.param
    domain.gateway.head_length = HeadLength.COMPUTED


@pytest.mark.parametrize("conversation", [CRANE, SKOPEO, CONTAINERD], ids=lambda each: each.user_agent)
def test_an_image_is_pulled_whatever_the_gateway_makes_of_head(
    gateway: Front, head_length: HeadLength, conversation: Conversation
) -> None:
    layers = [os.urandom(50_000), os.urandom(10)]
    with RegistryClient(gateway.origin, gateway.ecr.token, tls=gateway.tls) as writer:
        writer.push("team/heads", "latest", *layers)
    with RegistryClient(gateway.origin, gateway.ecr.token, conversation, tls=gateway.tls) as reader:
        assert reader.pull("team/heads", "latest") == layers


def test_a_response_to_head_is_right_or_makes_the_client_fetch(
    gateway: Front, head_length: HeadLength
) -> None:
    """A client that learns the digest must learn the length; one that would trust a wrong length does not
    learn the digest."""
    manifest = b'{"schemaVersion": 2}'
    target = "/v2/team/length/manifests/latest"
    client = {"Authorization": gateway.ecr.authorization, "User-Agent": CRANE.user_agent}
    gateway.ask("PUT", target, {**client, "Content-Type": MANIFEST_TYPE}, manifest)
    head = gateway.ask("HEAD", target, client)
    assert head["Docker-Content-Digest"] == digest_of(manifest)
    assert head["Content-Length"] == ("0" if head_length is HeadLength.ZERO else str(len(manifest)))
    trusting = gateway.ask("HEAD", target, {**client, "User-Agent": CONTAINERD.user_agent})
    assert trusting.status == 200
    assert trusting.headers["Docker-Content-Digest"] is None


# Base64 in JSON takes 4/3 of a layer, and Lambda takes 6 MiB of JSON.
FITS = 4_600_000


@pytest.mark.parametrize(("size", "status"), [(FITS, 201), (5_000_000, 413), (11_000_000, 413)])
def test_a_relayed_upload_is_bounded_by_the_gateway(gateway: Front, size: int, status: int) -> None:
    client = {"Authorization": gateway.ecr.authorization, "User-Agent": CRANE.user_agent}
    start = gateway.ask("POST", "/v2/team/large/blobs/uploads/", client)
    content = os.urandom(size)
    end = f"{start['Location']}?digest={digest_of(content)}"
    response = gateway.ask("PUT", end, {**client, "Content-Type": OCTETS}, content)
    assert response.status == status
    if size == 5_000_000:
        # Over Lambda's limit: in our words, which name the ways out. Over API Gateway's own: in its words.
        (error,) = response.json()["errors"]
        assert error["code"] == "SIZE_INVALID"
        assert "CloudFront" in error["message"]


def test_layer_bytes_sent_as_text_are_refused_and_not_stored(gateway: Front) -> None:
    client = {"Authorization": gateway.ecr.authorization, "User-Agent": "curl/8.5.0"}
    start = gateway.ask("POST", "/v2/team/text/blobs/uploads/", client)
    form = {**client, "Content-Type": "application/x-www-form-urlencoded"}
    response = gateway.ask("PATCH", start["Location"], form, bytes(range(256)))
    assert response.status == 415
    assert OCTETS in response.json()["errors"][0]["message"]


def test_the_default_endpoint_is_closed(gateway: Front, domain: Domain) -> None:
    host = domain.gateway.api.default_host.encode()
    request = b"GET /production/v2/ HTTP/1.1\r\nHost: %b\r\nConnection: close\r\n\r\n" % host
    assert gateway.raw(request).startswith(b"HTTP/1.1 403")


@pytest.mark.parametrize("authorization", [b"", b"Authorization: Basic QVdTOnRva2Vu\r\n"])
def test_what_the_gateway_refuses_itself_is_in_our_words(gateway: Front, authorization: bytes) -> None:
    request = b"TRACE /v2/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" + authorization + b"\r\n"
    head, _, body = gateway.raw(request).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 403")
    assert json.loads(body)["errors"][0]["code"] == "UNSUPPORTED"
    assert b"Authorization" not in body
