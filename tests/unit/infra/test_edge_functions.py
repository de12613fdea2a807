"""The edge's functions, as the template deploys them, run in a JavaScript engine."""

from __future__ import annotations

import re
from typing import Any

import pytest

from chalicelib.registry_host import RegistryHost
from infra.edge_template import edge_template
from tests.standins.cloudfront.edge_function import EdgeFunction

REGISTRY = "123456789012.dkr.ecr.us-west-2.amazonaws.com"
PREFIX = f"/_registry/{REGISTRY}"
OURS = "https://ecr.example.com"
BUCKET = "https://bucket.s3.us-west-2.amazonaws.com/layer?X-Amz-Credential=a%2Fb%40c&sig=x@y"
UPLOAD = "/v2/team/app/blobs/uploads/0a1b?_state=a%2Fb%3D"

_CODE = {
    name: each["Properties"]["FunctionCode"]
    for name, each in edge_template([RegistryHost.parse(REGISTRY)])["Resources"].items()
    if each["Type"] == "AWS::CloudFront::Function"
}
_DEFAULT = EdgeFunction(_CODE["DefaultViewerRequest"])
_REQUEST, _RESPONSE = (
    EdgeFunction(next(code for name, code in _CODE.items() if re.fullmatch(f"Registry.*{kind}", name)))
    for kind in ("Request", "Response")
)


def viewer_request(path: str) -> dict[str, Any]:
    """What the registry's viewer request function makes of a path."""
    request = {"method": "GET", "uri": path, "querystring": {"n": {"value": "1"}}, "headers": {}}
    return _REQUEST.run({"request": request})


def viewer_response(uri: str, headers: dict[str, str], status: int = 200) -> dict[str, Any]:
    """What the registry's viewer response function makes of a registry's response."""
    response = {
        "statusCode": status,
        "headers": {name: {"value": value} for name, value in headers.items()},
        "cookies": {"session": {"value": "1"}},
    }
    return _RESPONSE.run({"request": {"method": "POST", "uri": uri}, "response": response})


def location(reference: str, uri: str = "/v2/team/app/blobs/uploads/", status: int = 307) -> str | None:
    """The Location that is handed on; None where the response is refused."""
    response = viewer_response(uri, {"location": reference}, status)
    handed: str | None = response["headers"].get("location", {}).get("value")
    assert (response["statusCode"] == 502) == (handed is None)
    return handed


@pytest.mark.parametrize(
    ("path", "origin"),
    [
        ("/_challenge/v2/team/app/manifests/1", "/v2/team/app/manifests/1"),
        ("/_challenged/v2/", "/_challenged/v2/"),
        ("/v2/_challenge/manifests/1", "/v2/_challenge/manifests/1"),
    ],
)
def test_a_client_that_was_challenged_before_the_edge_was_there_starts_again(path: str, origin: str) -> None:
    request = _DEFAULT.run({"request": {"method": "GET", "uri": path, "querystring": {}, "headers": {}}})
    assert request["uri"] == origin


def test_the_credentials_go_no_further_than_the_default_behaviour() -> None:
    headers = {"authorization": {"value": "Basic eA=="}, "accept": {"value": "*/*"}}
    request = {"method": "GET", "uri": "/v2/", "querystring": {}, "headers": headers}
    assert _DEFAULT.run({"request": request}) == {**request, "headers": {"accept": {"value": "*/*"}}}


@pytest.mark.parametrize(
    "path",
    [
        "/v2/",
        "/v2",
        "/v2/team/app/manifests/v1.0",
        "/v2/team/app/manifests/sha256:0123456789abcdef",
        "/v2/team/app/blobs/sha256%3A0123",
        "/v2/team/app/blobs/uploads/",
        "/v2/a..b/c.d/tags/list",
        "/v2/_catalog",
    ],
)
def test_the_registry_is_asked_for_the_path_after_the_prefix(path: str) -> None:
    request = viewer_request(PREFIX + path)
    assert request == {"method": "GET", "uri": path, "querystring": {"n": {"value": "1"}}, "headers": {}}


@pytest.mark.parametrize(
    "path",
    [
        PREFIX,
        PREFIX + "/",
        PREFIX + "/v2x",
        PREFIX + "/V2/",
        PREFIX + "/token",
        PREFIX + "//v2/",
        # Only CloudFront's normalised form of these matches the behaviour.
        "/_registry/other.example.com/../" + REGISTRY + "/v2/",
        "/x/.." + PREFIX + "/v2/",
        PREFIX + "/v2/../token",
        PREFIX + "/v2/a/../../../x",
        PREFIX + "/v2/a/./b",
        PREFIX + "/v2/..",
        PREFIX + "/v2/a/%2e%2e/b",
        PREFIX + "/v2/a/.%2E/b",
        PREFIX + "/v2/a%2Fb/manifests/x",
        PREFIX + "/v2/a\\..\\b",
        PREFIX + "/v2/a%5Cb",
        PREFIX + "/v2/a%0d%0ab",
        PREFIX + "/v2/a%7fb",
        PREFIX + "/v2/a%zz",
        PREFIX + "/v2/caf\u00e9",
        PREFIX + "/v2/a b",
        PREFIX + "/v2/a#b",
        # A second prefix is a path that is not under /v2/.
        PREFIX + PREFIX + "/v2/",
        PREFIX + "@evil.example.com/v2/",
        PREFIX + ":8443/v2/",
        PREFIX.upper() + "/v2/",
    ],
)
def test_what_is_not_the_registry_api_is_refused_in_the_registrys_form(path: str) -> None:
    refused = viewer_request(path)
    assert refused["statusCode"] == 403
    assert '"code":"DENIED"' in refused["body"]
    assert refused["headers"]["content-type"]["value"] == "application/json"
    assert "uri" not in refused


@pytest.mark.parametrize("uri", ["/v2/team/app/blobs/uploads/", PREFIX + "/v2/team/app/blobs/uploads/"])
@pytest.mark.parametrize(
    ("given", "handed"),
    [
        # Uploads go on at the registry where they began.
        (f"https://{REGISTRY}{UPLOAD}", PREFIX + UPLOAD),
        (f"HTTPS://{REGISTRY.upper()}:443{UPLOAD}", PREFIX + UPLOAD),
        (f"https://{REGISTRY}:{UPLOAD}", PREFIX + UPLOAD),
        (f"//{REGISTRY}{UPLOAD}", PREFIX + UPLOAD),
        (UPLOAD, PREFIX + UPLOAD),
        ("0a1b?_state=a%2Fb%3D", PREFIX + UPLOAD),
        ("?_state=1", PREFIX + "/v2/team/app/blobs/uploads/?_state=1"),
        # All else begins again at the name, so that a repository may move.
        (f"https://{REGISTRY}/v2/team/app/blobs/sha256:00", "/v2/team/app/blobs/sha256:00"),
        ("/v2/team/app/manifests/sha256:00", "/v2/team/app/manifests/sha256:00"),
        ("/v2/", "/v2/"),
    ],
)
@pytest.mark.parametrize("status", [201, 202, 307])
def test_a_location_at_the_registry_becomes_ours(uri: str, given: str, handed: str, status: int) -> None:
    assert location(given, uri, status) == handed


@pytest.mark.parametrize(
    "given",
    [
        BUCKET,
        "https://bucket.example.com:8443",
        "//bucket.example.com/layer",
        f"https://{REGISTRY}:8443/v2/",
        f"https://{REGISTRY}.example.com/v2/",
    ],
)
def test_another_host_is_reached_by_a_redirect_alone(given: str) -> None:
    """The layer bucket is the registry's own choice. Where an upload goes on, skopeo and others send their
    credentials to whatever host a Location names."""
    for status in (301, 302, 303, 307, 308):
        assert location(given, status=status) == given
    for status in (200, 201, 202, 204):
        assert location(given, status=status) is None


# Another host passes in a redirect alone, so that only there each of these is refused for its own reason.
@pytest.mark.parametrize("status", [200, 307])
@pytest.mark.parametrize(
    "given",
    [
        f"https://AWS:token@{REGISTRY}{UPLOAD}",
        f"//AWS@{REGISTRY}{UPLOAD}",
        f"https://@{REGISTRY}{UPLOAD}",
        "https://user:secret@bucket.example.com/layer",
        "https://user%40bucket.example.com/layer",
        f"https://{REGISTRY}\\@bucket.example.com/",
        f"http://{REGISTRY}{UPLOAD}",
        "http://bucket.example.com/layer",
        "https:/bucket.example.com/layer",
        "https:bucket.example.com",
        "https:///bucket.example.com/layer",
        "///bucket.example.com/layer",
        "/\\bucket.example.com/layer",
        "javascript:alert(1)",
        "https://buc\u212aet.example.com/",
        "https://bucket.example.com/a b",
        "https://bucket.example.com:99999/",
        f"https://{REGISTRY}",
        f"https://{REGISTRY}/token",
        f"https://{REGISTRY}/v2/../token",
        f"https://{REGISTRY}/v2/a/%2e%2e/b",
        f"https://{REGISTRY}{UPLOAD}#part",
        f"https://{REGISTRY}//bucket.example.com/",
        "../../../../bucket.example.com",
        "/v2/a%2fb",
        "#",
    ],
)
def test_a_location_that_cannot_be_handed_on_fails_closed(given: str, status: int) -> None:
    headers = {"location": given, "link": f"<{UPLOAD}>", "content-length": "0"}
    response = viewer_response("/v2/a", headers, status)
    assert response["statusCode"] == 502
    assert "location" not in response["headers"]
    assert "link" not in response["headers"]
    assert '"errors"' in response["body"]
    assert response["headers"]["content-length"]["value"] == str(len(response["body"]))
    assert "token" not in str({**response, "body": ""})


def test_two_locations_fail_closed() -> None:
    lines = {"value": UPLOAD, "multiValue": [{"value": UPLOAD}, {"value": BUCKET}]}
    event = {
        "request": {"uri": "/v2/"},
        "response": {"statusCode": 202, "headers": {"location": lines}, "cookies": {}},
    }
    assert _RESPONSE.run(event)["statusCode"] == 502


@pytest.mark.parametrize(
    ("given", "handed"),
    [
        ('</v2/_catalog?last=b&n=1>; rel="next"', '</v2/_catalog?last=b&n=1>; rel="next"'),
        (f'<https://{REGISTRY}/v2/a/tags/list?last=b>; rel="next"', '</v2/a/tags/list?last=b>; rel="next"'),
        ('<?last=b>; rel="next"', '</v2/a/tags/list?last=b>; rel="next"'),
    ],
)
@pytest.mark.parametrize("uri", ["/v2/a/tags/list", PREFIX + "/v2/a/tags/list"])
def test_a_link_at_the_registry_becomes_ours(uri: str, given: str, handed: str) -> None:
    response = viewer_response(uri, {"link": given})
    assert response["headers"]["link"] == {"value": handed}
    assert response["statusCode"] == 200


@pytest.mark.parametrize(
    "given",
    [
        '</v2/a>; rel="next", <https://AWS:x@other.example.com/>',
        f"<https://AWS:x@{REGISTRY}/v2/>",
        '<https://other.example.com/x>; rel="next"',
        "x",
    ],
)
def test_a_link_that_cannot_be_read_or_leads_away_fails_closed(given: str) -> None:
    """Without it a client would take the first page of a list for the whole."""
    response = viewer_response("/v2/a/tags/list", {"link": given})
    assert response["statusCode"] == 502
    assert "link" not in response["headers"]


def test_a_response_without_either_is_not_touched() -> None:
    response = viewer_response("/v2/a", {"content-type": "application/json"})
    assert response == {
        "statusCode": 200,
        "headers": {"content-type": {"value": "application/json"}},
        "cookies": {"session": {"value": "1"}},
    }


@pytest.mark.parametrize("code", _CODE.values(), ids=_CODE)
def test_the_runtime_documents_what_the_code_uses(code: str) -> None:
    """ECMAScript 5.1 is supported whole ("JavaScript runtime 2.0 features"); later forms only in part."""
    later = r"=>|\?\.|\?\?|\.\.\.|`|\b(?:class|const|let|of|yield|import|async|await|URL|eval|new)\b"
    statements = re.sub(r"^ *//.*$|'[^']*'|/\^[^\n]*/i?;", "", code, flags=re.MULTILINE)
    assert re.findall(later, statements) == []
