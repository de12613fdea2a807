"""What a registry's response means to the person who asked `doctor`."""

from __future__ import annotations

import pytest

from credhelper.cached_get import Token
from credhelper.registry_checks import (
    CheckFailed,
    ImageName,
    TokenHolder,
    check_layer,
    check_manifest,
    refusal,
)
from credhelper.routing import DomainResponse

REGISTRY = "123456789012.dkr.ecr.us-east-1.amazonaws.com"
HOST = "ecr.example.com"
IMAGE = ImageName("team/app", "1.0")
DIGEST = "sha256:" + "0" * 64
INDEX = b'{"manifests": [{"digest": "%s"}]}' % DIGEST.encode()


class Asking(TokenHolder):
    """A holder whom every request brings the same response."""

    response: DomainResponse

    def ask(self, *_: object, **__: object) -> tuple[str, DomainResponse]:
        return HOST, self.response


def asking(status: int, body: bytes) -> Asking:
    Asking.response = DomainResponse(status, "", body)
    return Asking(HOST, REGISTRY, "arn:aws:iam::123456789012:user/x", Token(REGISTRY, "x", 0.0, 1.0))


@pytest.mark.parametrize("body", [b"", b"[]", b'"x"', b"{}", b'{"layers": [{}]}', b'{"manifests": [{}]}'])
def test_a_manifest_that_does_not_read_as_one_is_a_finding(body: bytes) -> None:
    with pytest.raises(CheckFailed, match="does not read as one"):
        check_manifest(asking(200, body), IMAGE)


def test_an_index_of_indexes_is_a_finding() -> None:
    with pytest.raises(CheckFailed, match="an index of indexes"):
        check_manifest(asking(200, INDEX), IMAGE)


def test_a_layer_may_come_without_a_redirect() -> None:
    assert check_layer(asking(200, b""), IMAGE, DIGEST) == f"{HOST} sends the layer itself"


@pytest.mark.parametrize(
    ("status", "body", "finding"),
    [
        (404, b'{"errors": [{"code": "MANIFEST_UNKNOWN"}]}', "there is no 1.0 in the repository team/app"),
        (404, b'{"errors": [{"code": "NAME_UNKNOWN"}]}', f"there is no repository team/app in {REGISTRY}"),
        (401, b"<html>", f"{HOST} answers 401"),
        (500, b'{"errors": []}', f"{HOST} answers 500"),
        (500, b'{"errors": [{"message": "two\\nlines"}]}', f"{HOST} answers 500: two lines"),
    ],
)
def test_a_refusal_is_one_line_of_the_registrys_words(status: int, body: bytes, finding: str) -> None:
    holder = asking(status, body)
    assert refusal(holder, HOST, holder.response, "ecr:BatchGetImage", IMAGE).finding == finding
