"""What holds of every Location that the edge's functions hand on, whatever a registry sends."""

from __future__ import annotations

from urllib.parse import urljoin, urlsplit

import ada_url
from hypothesis import example, given
from hypothesis import strategies as st

from tests.unit.infra.test_edge_functions import OURS, PREFIX, REGISTRY, UPLOAD, location, viewer_request

_PIECES = st.sampled_from(
    [
        "https:", "http:", "HTTPS:", "/", "//", "\\", "@", ":", "?", "#", ".", "..", "%2e", "%2f", "%5c",
        REGISTRY, REGISTRY.upper(), "ecr.example.com", "evil.example.com", "AWS:token", "443", "8443", "0443",
        "v2", "blobs", "uploads", "_registry", "a", "%", "%40", "\t", "\n", " ", "\u00e9", "\uff0f", "\uff20",
        "[::1]", "127.1", "0x7f",
    ]
)  # fmt: skip
_AUTHORITY_SHAPED = st.tuples(
    st.sampled_from(["https://", "//", "https:/", "https:", "/\\", "\\\\", "///", "https:\\\\", "HtTpS://"]),
    st.lists(_PIECES, max_size=4),
    st.sampled_from(["", "/v2/a/blobs/uploads/x", "/v2/a", "?x"]),
).map(lambda parts: parts[0] + "".join(parts[1]) + parts[2])
_REFERENCES = st.lists(_PIECES, min_size=1, max_size=8).map("".join) | _AUTHORITY_SHAPED


@given(_REFERENCES, st.sampled_from(["/v2/a/blobs/uploads/", PREFIX + "/v2/a/tags/list", "/v2/", "/x", ""]))
@example(f"https://{REGISTRY}{UPLOAD}", "/v2/a/blobs/uploads/")
def test_no_location_holds_user_info_or_leads_away_unless_the_registry_named_that_host(
    given: str, uri: str
) -> None:
    """Two readers judge: RFC 3986's way (urllib) and the WHATWG's, which browsers and Node take (ada)."""
    handed = location(given, uri)
    if handed is None:
        return
    rfc = urlsplit(urljoin(OURS + "/v2/", handed))
    assert rfc.username is None
    if not ada_url.check_url(urljoin(OURS, handed)):
        assert handed == given  # a host that the second reader takes for a broken address
        return
    whatwg = ada_url.URL(handed, OURS + "/v2/")
    assert (whatwg.username, whatwg.password) == ("", "")
    assert rfc.scheme == "https"
    assert whatwg.protocol == "https:"
    if handed.startswith("/") and not handed.startswith("//"):
        assert rfc.netloc == whatwg.host == "ecr.example.com"
        assert rfc.path == whatwg.pathname
        assert rfc.path.startswith(("/v2/", PREFIX + "/v2/")) or rfc.path == "/v2"
        assert viewer_request(rfc.path.removeprefix(PREFIX)).get("statusCode") == 403
        path = rfc.path.removeprefix(PREFIX)
        assert viewer_request(PREFIX + path).get("uri") == path
    else:
        assert handed == given
        assert ada_url.URL(given, f"https://{REGISTRY}{uri}").host == whatwg.host
        assert whatwg.host != REGISTRY
        assert (rfc.hostname, rfc.port or 443) != (REGISTRY, 443)
