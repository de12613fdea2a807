"""The kubelet's requests and responses, as values."""

from __future__ import annotations

from credhelper.cached_get import Token
from credhelper.kubelet import API_VERSIONS, ImageRequest, response

REGISTRY = "123456789012.dkr.ecr.us-east-1.amazonaws.com"


def test_a_token_at_its_end_is_not_kept() -> None:
    request = ImageRequest(API_VERSIONS[0], "ecr.example.com/app")
    assert response(request, Token(REGISTRY, "x", 0.0, 100.0), now=101.0)["cacheDuration"] == "0s"


def test_a_request_does_not_show_its_service_accounts_token() -> None:
    assert "hunter2" not in repr(ImageRequest(API_VERSIONS[0], "ecr.example.com/app", "hunter2"))
