"""The decision as a table: method, path, query -> what each mode makes of it. No header is read."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from chalicelib.decision import Decision, Redirect, Refusal, ToRelay, decide
from chalicelib.http_message import Query, RequestLine
from chalicelib.location import MAX_EDGE_LOCATION, MAX_LOCATION
from chalicelib.registries import Registries, RegistryPrefix
from chalicelib.registry_host import RegistryHost
from chalicelib.registry_path import Endpoint
from chalicelib.settings import RedirectMode
from tests.edge_paths import bad_edge_paths

DEFAULT = RegistryHost.parse("111111111111.dkr.ecr.us-west-2.amazonaws.com")
PAYMENTS = RegistryHost.parse("222222222222.dkr.ecr.us-west-2.amazonaws.com")
REGISTRIES = Registries(DEFAULT, (RegistryPrefix("payments/", PAYMENTS),))
ONE = Registries(DEFAULT)
EDGE, RELAY, PLAIN = RedirectMode.EDGE, RedirectMode.RELAY, RedirectMode.PLAIN

MANIFEST = "/v2/team/app/manifests/latest"
BLOB = "/v2/team/app/blobs/sha256:abc"
START = "/v2/team/app/blobs/uploads/"
UPLOAD = "/v2/team/app/blobs/uploads/49b2323e"
TAGS = "/v2/team/app/tags/list"
PAYMENTS_START = "/v2/payments/app/blobs/uploads/"
NONE: Query = ()
PAGE: Query = (("n", "2"), ("last", "v1"))
DIGEST: Query = (("digest", "sha256:abc"),)


def mount(*sources: str) -> Query:
    return (("mount", "sha256:abc"), *(("from", source) for source in sources))


class DecisionRow(NamedTuple):
    """A request under /v2/, and path and query at the registry that it is for."""

    method: str
    path: str
    query: Query
    registry: RegistryHost
    endpoint: Endpoint
    target: str


TABLE = [
    DecisionRow("GET", "/v2/", NONE, DEFAULT, Endpoint.PING, "/v2/"),
    DecisionRow("GET", "/v2", NONE, DEFAULT, Endpoint.PING, "/v2"),
    DecisionRow("GET", MANIFEST, NONE, DEFAULT, Endpoint.MANIFEST, MANIFEST),
    DecisionRow("HEAD", MANIFEST, (("ns", "x"),), DEFAULT, Endpoint.MANIFEST, f"{MANIFEST}?ns=x"),
    DecisionRow("GET", BLOB, NONE, DEFAULT, Endpoint.BLOB, BLOB),
    DecisionRow("GET", TAGS, PAGE, DEFAULT, Endpoint.TAGS, f"{TAGS}?n=2&last=v1"),
    DecisionRow("PATCH", UPLOAD, NONE, DEFAULT, Endpoint.UPLOAD, UPLOAD),
    DecisionRow("PUT", UPLOAD, DIGEST, DEFAULT, Endpoint.UPLOAD, f"{UPLOAD}?digest=sha256:abc"),
    DecisionRow("PUT", UPLOAD, (("_state", "a=="),), DEFAULT, Endpoint.UPLOAD, f"{UPLOAD}?_state=a%3D%3D"),
    DecisionRow("DELETE", MANIFEST, NONE, DEFAULT, Endpoint.MANIFEST, MANIFEST),
    DecisionRow("OPTIONS", MANIFEST, NONE, DEFAULT, Endpoint.MANIFEST, MANIFEST),
    DecisionRow("GET", "/v2/team/app/referrers/sha256:abc", (("artifactType", "a/b"),), DEFAULT,
        Endpoint.REFERRERS, "/v2/team/app/referrers/sha256:abc?artifactType=a/b"),
    DecisionRow("GET", "/v2/_catalog", NONE, DEFAULT, Endpoint.OTHER, "/v2/_catalog"),
    DecisionRow("GET", "/v2/team/app/unknown/x", NONE, DEFAULT, Endpoint.OTHER, "/v2/team/app/unknown/x"),
    # Another registry's repositories; the names stay as they are.
    DecisionRow("GET", "/v2/payments/app/manifests/1", NONE, PAYMENTS, Endpoint.MANIFEST,
        "/v2/payments/app/manifests/1"),
    DecisionRow("GET", "/v2/payments%2Fapp/manifests/1", NONE, PAYMENTS, Endpoint.MANIFEST,
        "/v2/payments%2Fapp/manifests/1"),
    DecisionRow("GET", "/v2/paymentsapp/tags/list", NONE, DEFAULT, Endpoint.TAGS,
        "/v2/paymentsapp/tags/list"),
    DecisionRow("GET", "/v2/payments/app/x", NONE, PAYMENTS, Endpoint.OTHER, "/v2/payments/app/x"),
    # A mount within a registry stays; one across registries would find nothing, and goes.
    DecisionRow("POST", START, mount("team/base"), DEFAULT, Endpoint.UPLOAD,
        f"{START}?mount=sha256:abc&from=team/base"),
    DecisionRow("POST", START, mount("payments/base"), DEFAULT, Endpoint.UPLOAD, START),
    DecisionRow("POST", START, (("a", "b"), *mount("payments/base")), DEFAULT, Endpoint.UPLOAD,
        f"{START}?a=b"),
    DecisionRow("POST", START, mount("team/base", "payments/base"), DEFAULT, Endpoint.UPLOAD, START),
    DecisionRow("POST", PAYMENTS_START, mount("payments/base"), PAYMENTS, Endpoint.UPLOAD,
        f"{PAYMENTS_START}?mount=sha256:abc&from=payments/base"),
    DecisionRow("POST", PAYMENTS_START, mount("team/base"), PAYMENTS, Endpoint.UPLOAD, PAYMENTS_START),
    # Without a source the registry may look wherever it likes.
    DecisionRow("POST", START, mount(), DEFAULT, Endpoint.UPLOAD, f"{START}?mount=sha256:abc"),
    # Elsewhere these names mean nothing, and stay.
    DecisionRow("GET", TAGS, mount("payments/base"), DEFAULT, Endpoint.TAGS,
        f"{TAGS}?mount=sha256:abc&from=payments/base"),
    # Odd paths that are only odd.
    DecisionRow("GET", "/v2/a%2Fb/manifests/x", NONE, DEFAULT, Endpoint.MANIFEST, "/v2/a%2Fb/manifests/x"),
    DecisionRow("GET", "/v2//a", NONE, DEFAULT, Endpoint.OTHER, "/v2//a"),
]  # fmt: skip


def plainly_spelled(path: str) -> bool:
    """Whether no cache can take the path for another one's spelling."""
    return "%" not in path and "//" not in path


def decided(row: DecisionRow, mode: RedirectMode, prefix: str = "") -> Decision:
    return decide(RequestLine(row.method, prefix + row.path, row.query), REGISTRIES, mode)


def row_id(row: DecisionRow) -> str:
    return f"{row.method} {row.path[:40]}"


# A client that was sent to the challenge while the mode was `relay` comes back to that path.
@pytest.mark.parametrize("prefix", ["", "/_challenge"])
@pytest.mark.parametrize("row", TABLE, ids=row_id)
def test_at_the_edge_all_under_v2_is_one_redirect_on_our_own_name(row: DecisionRow, prefix: str) -> None:
    assert decided(row, EDGE, prefix) == Redirect(
        "edge",
        f"/_registry/{row.registry.authority}{row.target}",
        cacheable=row.method in ("GET", "HEAD") and plainly_spelled(row.path),
    )


@pytest.mark.parametrize("prefix", ["", "/_challenge"])
@pytest.mark.parametrize("row", TABLE, ids=row_id)
def test_in_plain_mode_all_under_v2_is_a_redirect_to_the_registry(row: DecisionRow, prefix: str) -> None:
    assert decided(row, PLAIN, prefix) == Redirect("plain", row.registry.origin + row.target)


@pytest.mark.parametrize("prefix", ["", "/_challenge"])
@pytest.mark.parametrize("row", TABLE, ids=row_id)
def test_in_relay_mode_all_under_v2_is_for_the_relay_to_decide(row: DecisionRow, prefix: str) -> None:
    decision = decided(row, RELAY, prefix)
    assert isinstance(decision, ToRelay)
    assert (decision.registry, decision.endpoint) == (row.registry, row.endpoint)
    assert decision.challenged is bool(prefix)
    assert decision.path == row.path
    # As the table says, but for the query that the relay writes itself.
    expected = row.query if row.target != row.path else ()
    kept = expected if "mount" in row.target or "mount" not in dict(row.query) else expected[:-2]
    assert decision.query == kept


@pytest.mark.parametrize("mode", RedirectMode)
@pytest.mark.parametrize(
    "path",
    ["/", "/v2nope", "/V2/", "/v1/x", "/favicon.ico", "//v2/team/app/manifests/x", "//evil.example.com/",
     "/_challenge/", "/_challenge/_challenge/v2/", "/_challenged/v2/", "/_registryx/a/v2/",
     "/_Registry/a/v2/", "/_challenge/_registry/111111111111.dkr.ecr.us-west-2.amazonaws.com/v2/"],
)  # fmt: skip
def test_what_is_not_under_v2_is_a_redirect_to_the_default_registry_in_every_mode(
    path: str, mode: RedirectMode
) -> None:
    line = RequestLine("GET", path, (("q", "payments/x"),))
    rest = path.removeprefix("/_challenge") if path.startswith("/_challenge/") else path
    expected = Redirect("plain", f"{DEFAULT.origin}{rest}?q=payments/x")
    assert decide(line, REGISTRIES, mode) == expected


@pytest.mark.parametrize("mode", RedirectMode)
@pytest.mark.parametrize("prefix", ["", "/_challenge"])
@pytest.mark.parametrize(
    "path",
    ["", "v2/", "/v2/../x", "/v2/%2e%2e/x", "/v2/%0d%0aX:y", "/v2/a\\b", "/v2/a%5Cb", "/v2/\udcff", "/v2/a b",
     "/v2/a?b", "/v2/%", "/..", "/a/./b", "/\\evil.example.com"],
)  # fmt: skip
def test_a_path_that_clients_would_rewrite_is_refused(path: str, prefix: str, mode: RedirectMode) -> None:
    if prefix and not path.startswith("/"):
        return
    decision = decide(RequestLine("GET", prefix + path), REGISTRIES, mode)
    assert isinstance(decision, Refusal)
    assert (decision.status, decision.code) == (400, "NAME_INVALID")


EDGE_PATH = f"/_registry/{DEFAULT.authority}"
UNSENDABLE = [f"{EDGE_PATH}/v2/\u00e9", f"{EDGE_PATH}/v2/a b", f"{EDGE_PATH}/v2/a?b"]
OTHER_LETTERS = f"/_registry/{DEFAULT.authority.upper()}/v2/"


@pytest.mark.parametrize("mode", RedirectMode)
@pytest.mark.parametrize("path", [*bad_edge_paths(DEFAULT.authority), OTHER_LETTERS, *UNSENDABLE])
def test_an_edge_path_of_no_configured_registry_is_not_found(path: str, mode: RedirectMode) -> None:
    decision = decide(RequestLine("GET", path), REGISTRIES, mode)
    assert isinstance(decision, Refusal)
    assert (decision.status, decision.code) == (404, "NAME_UNKNOWN")


@pytest.mark.parametrize("registry", [DEFAULT, PAYMENTS])
@pytest.mark.parametrize("mode", [EDGE, RELAY])
def test_an_edge_path_of_a_configured_registry_is_for_the_relay(
    registry: RegistryHost, mode: RedirectMode
) -> None:
    """Whoever is in mid-push while DNS changes goes on at the registry where the upload was started."""
    path = f"/_registry/{registry.authority}{UPLOAD}"
    decision = decide(RequestLine("PUT", path, DIGEST), REGISTRIES, mode)
    assert decision == ToRelay(registry, Endpoint.UPLOAD, UPLOAD, DIGEST)


def test_an_edge_path_of_a_configured_registry_is_a_redirect_in_plain_mode() -> None:
    line = RequestLine("PUT", f"/_registry/{PAYMENTS.authority}{UPLOAD}", DIGEST)
    expected = Redirect("plain", f"{PAYMENTS.origin}{UPLOAD}?digest=sha256:abc")
    assert decide(line, REGISTRIES, PLAIN) == expected


@pytest.mark.parametrize(
    ("mode", "before", "longest"),
    [(EDGE, f"/_registry/{DEFAULT.authority}", MAX_EDGE_LOCATION), (PLAIN, DEFAULT.origin, MAX_LOCATION)],
)
def test_a_location_may_be_as_long_as_what_is_in_front_passes_and_not_longer(
    mode: RedirectMode, before: str, longest: int
) -> None:
    path = "/v2/" + "a" * (longest - len(before) - len("/v2/"))
    fits = decide(RequestLine("GET", path), ONE, mode)
    assert isinstance(fits, Redirect)
    assert len(fits.location) == longest
    refused = decide(RequestLine("GET", path + "a"), ONE, mode)
    assert isinstance(refused, Refusal)
    assert (refused.status, refused.code) == (431, "UNSUPPORTED")
    assert str(longest) in refused.message


def test_a_query_that_grows_by_its_escapes_is_refused() -> None:
    assert isinstance(decide(RequestLine("GET", "/v2/", (("q", "<" * 4_000),)), ONE, EDGE), Refusal)
