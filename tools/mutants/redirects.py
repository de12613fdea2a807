"""Mutants of the decision: where a redirect leads, which registries there are, what may be kept."""

from __future__ import annotations

from tools.mutants.mutant import Mutant

_DECISION = "chalicelib/decision.py"
_LOCATION = "chalicelib/location.py"
_SETTINGS = "chalicelib/settings.py"
_TESTS = "tests/unit/service"

REDIRECTS = (
    Mutant(
        "a forwarded host does not choose where a redirect leads",
        "chalicelib/service.py",
        "    decision = decide(line, registries, mode)\n",
        '    default, headers = registries.default, event["multiValueHeaders"] or {}\n'
        '    default = default._replace(host=headers.get("X-Forwarded-Host", [default.host])[-1])\n'
        "    registries = registries._replace(default=default)\n"
        "    decision = decide(line, registries, mode)\n",
        f"{_TESTS}/test_service.py::test_neither_headers_nor_body_are_read_for_a_redirect",
    ),
    Mutant(
        "the Host does not choose where a redirect leads",
        "chalicelib/relaying/relay_decision.py",
        '"OPTIONS":\n        return redirect("plain", to_relay.registry.origin + target, request.line)',
        '"OPTIONS":\n'
        '        return redirect("plain", "https://" + request.header("host") + target, request.line)',
        f"{_TESTS}/test_relay_decision.py::test_no_header_chooses_the_host",
    ),
    Mutant(
        "no header chooses where a redirect of the deployed service leads",
        "app.py",
        '    headers: dict[str, str | list[str]] = {"Cache-Control"',
        '    if host := current.headers.get("x-forwarded-host"):\n'
        '        response = response._replace(headers={"Location": f"https://{host}/"})\n'
        '    headers: dict[str, str | list[str]] = {"Cache-Control"',
        "tests/served/test_fronts.py::test_no_header_chooses_where_a_redirect_leads",
    ),
    Mutant(
        "an edge path leads to configured registries alone",
        _DECISION,
        "    registry = registries.with_authority(authority)\n",
        "    registry = registries.with_authority(authority) or registries.default\n",
        f"{_TESTS}/test_decision.py::test_an_edge_path_of_no_configured_registry_is_not_found",
    ),
    Mutant(
        "an edge path names a registry letter for letter",
        "chalicelib/registries.py",
        "if registry.authority == authority:",
        "if registry.authority == authority.lower():",
        f"{_TESTS}/test_decision.py::test_an_edge_path_of_no_configured_registry_is_not_found",
    ),
    Mutant(
        "an edge path with encoded slashes or dots is not found",
        _DECISION,
        ' or path_fault(path) or "%2f" in lower or "%2e" in lower:',
        " or path_fault(path):",
        f"{_TESTS}/test_decision.py::test_an_edge_path_of_no_configured_registry_is_not_found",
    ),
    Mutant(
        "an edge path that goes on outside the registry API is not found",
        _DECISION,
        "    parsed = registry_path(path)\n    lower",
        '    parsed = registry_path(path) or registry_path("/v2/")\n    lower',
        f"{_TESTS}/test_decision.py::test_an_edge_path_of_no_configured_registry_is_not_found",
    ),
    Mutant(
        "a path with dot segments is refused",
        _LOCATION,
        'return "has a dot segment"',
        "return None",
        f"{_TESTS}/test_decision.py::test_a_path_that_clients_would_rewrite_is_refused",
    ),
    Mutant(
        "a path with an escaped control character or backslash is refused",
        _LOCATION,
        'return "has an escape that is malformed or stands for a control character or a backslash"',
        "return None",
        f"{_TESTS}/test_decision.py::test_a_path_that_clients_would_rewrite_is_refused",
    ),
    Mutant(
        "a path with a backslash or a line break is refused",
        _LOCATION,
        "    if not _PATH.fullmatch(path):\n",
        '    if not path.startswith("/"):\n',
        f"{_TESTS}/test_decision_properties.py::test_a_location_is_at_a_configured_registry",
    ),
    Mutant(
        "a shared cache keeps no response to a POST",
        _DECISION,
        'frozenset({"GET", "HEAD"})',
        'frozenset({"GET", "HEAD", "POST"})',
        f"{_TESTS}/test_decision.py::test_at_the_edge_all_under_v2_is_one_redirect_on_our_own_name",
    ),
    Mutant(
        "a shared cache keeps nothing outside mode edge",
        _DECISION,
        'name == "edge" and line.method in _CACHEABLE',
        "line.method in _CACHEABLE",
        f"{_TESTS}/test_app.py::test_nothing_else_may_be_kept",
    ),
    Mutant(
        "what may not be kept says so",
        "app.py",
        '{"Cache-Control": "no-store", **response.headers}',
        "{**response.headers}",
        f"{_TESTS}/test_app.py::test_nothing_else_may_be_kept",
    ),
    Mutant(
        "a mount across registries is not asked for",
        _DECISION,
        "if parsed.endpoint is Endpoint.UPLOAD:",
        "if False:",
        f"{_TESTS}/test_decision.py::test_at_the_edge_all_under_v2_is_one_redirect_on_our_own_name",
    ),
    Mutant(
        "the longest prefix says whose a repository is",
        _SETTINGS,
        "key=lambda each: (-len(each.prefix), each.prefix)",
        "key=lambda each: each.prefix",
        f"{_TESTS}/test_settings.py::test_settings_come_from_three_variables",
    ),
    Mutant(
        "a prefix ends at a slash",
        "chalicelib/registries.py",
        "(?:[._-]+[a-z0-9]+)*/)+",
        "(?:[._-]+[a-z0-9]+)*/?)+",
        f"{_TESTS}/test_registries.py::test_a_prefix_is_made_of_whole_path_components",
    ),
    Mutant(
        "registries of two regions are refused",
        _SETTINGS,
        "fault = region_fault(registries) if registries else None",
        "fault = None",
        f"{_TESTS}/test_settings.py::test_registries_of_two_regions_are_refused_at_start",
    ),
    Mutant(
        "a registry that is not in the function's own region is refused",
        _SETTINGS,
        'if "AWS_LAMBDA_FUNCTION_NAME" in environment:',
        "if False:",
        f"{_TESTS}/test_settings.py::test_registries_of_two_regions_are_refused_at_start",
    ),
    Mutant(
        "a mode that is not known is refused",
        _SETTINGS,
        '        raise InvalidSetting(REDIRECT_MODE, text, "edge, relay or plain") from None',
        "        return RedirectMode.PLAIN",
        f"{_TESTS}/test_settings.py::test_a_bad_setting_names_itself_its_value_and_the_accepted_form",
    ),
    Mutant(
        "a prefix that stands there twice is refused",
        _SETTINGS,
        "        if prefix in found:\n",
        "        if False:\n",
        f"{_TESTS}/test_settings.py::test_a_bad_setting_names_itself_its_value_and_the_accepted_form",
    ),
    Mutant(
        "a password in a setting is not repeated",
        "chalicelib/errors.py",
        "self.value = shown(value)",
        "self.value = value",
        f"{_TESTS}/test_settings.py::test_a_password_in_a_setting_is_not_repeated",
    ),
    Mutant(
        "plain HTTP is for a loopback host only",
        "chalicelib/registry_host.py",
        'if scheme == "http" and not is_loopback(host):',
        "if False:",
        f"{_TESTS}/test_registry_host.py::test_what_is_no_registry_is_refused_with_its_value",
    ),
    Mutant(
        "a redirect imports nothing of the relay",
        "app.py",
        "if TYPE_CHECKING:\n",
        "if True:\n",
        "tests/served/test_packages.py::test_what_only_the_relay_needs_is_imported_by_mode_relay_alone",
    ),
)
