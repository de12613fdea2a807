"""Mutants of what passes between client and registry, and of the log."""

from __future__ import annotations

from tools.mutants.mutant import Mutant

_RELAY = "chalicelib/relaying/relay.py"
_LOCATION = "chalicelib/location.py"
_SERVICE = "chalicelib/service.py"
_UNIT = "tests/unit/service"
_HEADERS = f"{_UNIT}/test_relay.py::test_only_the_listed_response_headers_pass"


def _passed_header(name: str) -> Mutant:
    return Mutant(
        f"a registry's {name} does not pass",
        _RELAY,
        '    "Docker-Upload-Uuid",\n',
        f'    "Docker-Upload-Uuid",\n    "{name}",\n',
        _HEADERS,
    )


RELAYED = (
    *map(
        _passed_header,
        ("Www-Authenticate", "Refresh", "Strict-Transport-Security", "Set-Cookie", "Cache-Control"),
    ),
    Mutant(
        "a cookie does not reach the registry",
        _RELAY,
        '    "User-Agent",\n)',
        '    "User-Agent",\n    "Cookie",\n)',
        f"{_UNIT}/test_relay.py::test_only_the_listed_request_headers_and_the_relays_credentials_pass",
    ),
    Mutant(
        "a line break in a header does not reach the registry",
        _RELAY,
        "        if is_printable_ascii(value)  # no HTTP client may send the rest\n",
        "",
        f"{_UNIT}/test_relay.py::test_a_header_that_no_client_may_send_stays_behind",
    ),
    Mutant(
        "a registry cannot name a header that HTTP does not know",
        _RELAY,
        "_OCI_HEADER.fullmatch(name)",
        'name.startswith("Oci-")',
        f"{_UNIT}/test_relay.py::test_a_registry_cannot_name_a_header_that_http_does_not_know",
    ),
    Mutant(
        "the headers of a response are bounded",
        _RELAY,
        "for name, value in headers.items()) > MAX_HEADERS:",
        "for name, value in headers.items()) > 9 * MAX_HEADERS:",
        f"{_UNIT}/test_relay.py::test_the_headers_fit_into_what_api_gateway_passes",
    ),
    Mutant(
        "little is read of the response to a blob",
        _RELAY,
        "limit = MAX_BLOB_BODY if relay.endpoint is Endpoint.BLOB else MAX_BODY",
        "limit = MAX_BODY",
        f"{_UNIT}/test_relay.py::test_no_more_of_a_response_is_read_than_can_be_passed_on",
    ),
    Mutant(
        "a body that is longer than what was read is refused",
        _RELAY,
        "    if not response.whole:\n",
        "    if False:\n",
        f"{_UNIT}/test_relay.py::test_what_cannot_be_passed_on_is_refused",
    ),
    Mutant(
        "a second link is not passed on",
        "chalicelib/location.py",
        ' or "<" in value[1:]:',
        ":",
        f"{_UNIT}/test_relay.py::test_response_headers_are_made_ours",
    ),
    Mutant(
        "a link that leads elsewhere is not passed on",
        _RELAY,
        "parts[0], elsewhere=False)",
        "parts[0], elsewhere=True)",
        f"{_UNIT}/test_relay.py::test_response_headers_are_made_ours",
    ),
    Mutant(
        "a Location that is refused ends the relay",
        _RELAY,
        "        if location is None:\n            raise",
        "        if location is None:\n            return value\n            raise",
        f"{_UNIT}/test_relay.py::test_what_cannot_be_passed_on_is_refused",
    ),
    Mutant(
        "a Location of the registry's holds no user info and one authority",
        _LOCATION,
        " or not _AUTHORITY.fullmatch(parts.netloc):",
        ":",
        f"{_UNIT}/test_relay_properties.py::test_all_parsers_read_a_location_in_one_way",
    ),
    Mutant(
        "a Location at an IPv6 registry becomes ours",
        "chalicelib/registry_host.py",
        '            host = f"[{host}]"\n',
        "            pass\n",
        f"{_UNIT}/test_location.py::test_an_ipv6_registry_is_known_by_its_brackets",
    ),
    Mutant(
        "a relative Location names no host",
        _LOCATION,
        '    if parts.path.startswith("//") or path_fault',
        "    if path_fault",
        f"{_UNIT}/test_location.py::test_a_registry_reference_becomes_ours_or_stays_elsewhere",
    ),
    Mutant(
        "a Location of another scheme is refused",
        _LOCATION,
        'if parts.scheme not in ("https", registry.scheme) or',
        "if",
        f"{_UNIT}/test_location.py::test_a_registry_reference_becomes_ours_or_stays_elsewhere",
    ),
    Mutant(
        "no length of a HEAD comes to stand in a manifest",
        _RELAY,
        " and not relay.family.ignores_blob_length:",
        " and False:",
        f"{_UNIT}/test_relay.py::test_a_blob_head_finds_nothing_for_those_who_believe_its_length",
    ),
    Mutant(
        "a client that believes the length of a HEAD does not learn the digest",
        _RELAY,
        "        if relay.family.drops_manifest_digest:\n",
        "        if False:\n",
        "tests/served/test_gateway.py::test_a_response_to_head_is_right_or_makes_the_client_fetch",
    ),
    Mutant(
        "the log holds nothing of the query",
        "chalicelib/request_log.py",
        "_quoted(line.path[:MAX_PATH])",
        "_quoted(str(line[1:]))",
        f"{_UNIT}/test_service.py::test_a_line_of_the_log_holds_no_secret",
    ),
    Mutant(
        "the log holds no Location of a registry's",
        _SERVICE,
        "        return response, request_line(request_id, line, name,",
        '        name += str(response.headers).replace("\\"", "")\n'
        "        return response, request_line(request_id, line, name,",
        f"{_UNIT}/test_service.py::test_a_line_of_the_log_holds_no_secret",
    ),
    Mutant(
        "the log holds no header of a request",
        _SERVICE,
        "        return response, request_line(request_id, line, name,",
        '        family += request_of(event, line).header("authorization")\n'
        "        return response, request_line(request_id, line, name,",
        "tests/served/test_front_refusals.py::test_no_log_ever_holds_a_credential_or_a_query_value",
    ),
    Mutant(
        "a defect is logged without its message",
        "chalicelib/request_log.py",
        '"fault": type(error).__name__',
        '"fault": repr(error)',
        f"{_UNIT}/test_app.py::test_a_defect_is_a_response_without_a_word_of_the_request",
    ),
    Mutant(
        "a relayed response may not be kept",
        "app.py",
        '{"Cache-Control": "no-store", **response.headers}',
        '{"Cache-Control": "no-store" if response.status == 307 else "private", **response.headers}',
        "tests/served/test_fronts.py::test_a_relayed_response_is_never_kept_on_the_way",
    ),
)
