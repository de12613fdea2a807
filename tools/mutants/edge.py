"""Mutants of the edge: its functions and its template."""

from __future__ import annotations

from tools.mutants.mutant import Mutant

_FUNCTIONS = "infra/templates/functions"
_TEMPLATE = "infra/edge_template.py"
_UNIT = "tests/unit/infra/test_edge_functions.py"
_UNIT_TEMPLATE = "tests/unit/infra/test_edge_template.py"

EDGE = (
    Mutant(
        "the token does not reach API Gateway or the function",
        f"{_FUNCTIONS}/default_viewer_request.js",
        "    delete request.headers.authorization;\n",
        "",
        "tests/served/test_edge.py::test_the_token_reaches_the_registry_and_nobody_else",
    ),
    Mutant(
        "what CloudFront keeps was asked for without credentials",
        f"{_FUNCTIONS}/default_viewer_request.js",
        "delete request.headers.authorization;",
        "request.headers.accept = request.headers.authorization;",
        "tests/served/test_edge.py::test_a_kept_response_is_shared_and_asked_for_without_credentials",
    ),
    Mutant(
        "a registry is asked for its API alone",
        f"{_FUNCTIONS}/registry_viewer_request.js",
        " || !PATH.test(path)",
        "",
        f"{_UNIT}::test_what_is_not_the_registry_api_is_refused_in_the_registrys_form",
    ),
    Mutant(
        "a registry is not asked for what parsers disagree about",
        f"{_FUNCTIONS}/registry_viewer_request.js",
        " || UNFIT.test(path)",
        "",
        "tests/served/test_edge.py::test_bad_paths_are_refused_and_nobody_is_asked",
    ),
    Mutant(
        "no Location at the edge holds user info",
        f"{_FUNCTIONS}/registry_viewer_response.js",
        "    } else if (SCHEME_OR_AUTHORITY.test(reference)) {\n        return null;\n",
        "    } else if (SCHEME_OR_AUTHORITY.test(reference)) {\n        return reference;\n",
        "tests/unit/infra/test_edge_function_properties.py"
        "::test_no_location_holds_user_info_or_leads_away_unless_the_registry_named_that_host",
    ),
    Mutant(
        "a Location at the edge has one reading",
        f"{_FUNCTIONS}/registry_viewer_response.js",
        "    if (!REFERENCE.test(reference)) {\n",
        "    if (false) {\n",
        f"{_UNIT}::test_a_location_that_cannot_be_handed_on_fails_closed",
    ),
    Mutant(
        "two Locations at the edge are refused",
        f"{_FUNCTIONS}/registry_viewer_response.js",
        "header.multiValue ? null : ",
        "",
        f"{_UNIT}::test_two_locations_fail_closed",
    ),
    Mutant(
        "nothing of a registry is kept at the edge",
        _TEMPLATE,
        '"CachePolicyId": _CACHING_DISABLED',
        '"CachePolicyId": {"Ref": "RedirectCachePolicy"}',
        "tests/served/test_standin_cloudfront_cache.py::test_nothing_of_a_registry_is_kept_whatever_it_says",
    ),
    Mutant(
        "the edge asks a registry over TLS alone",
        _TEMPLATE,
        '"OriginProtocolPolicy": "https-only"',
        '"OriginProtocolPolicy": "match-viewer"',
        f"{_UNIT_TEMPLATE}::test_every_method_passes_uncompressed_and_only_over_tls",
    ),
    Mutant(
        "the edge speaks TLS 1.2 at least",
        "infra/templates/edge.json",
        '"MinimumProtocolVersion": "TLSv1.2_2021"',
        '"MinimumProtocolVersion": "TLSv1"',
        f"{_UNIT_TEMPLATE}::test_every_method_passes_uncompressed_and_only_over_tls",
    ),
    Mutant(
        "what one viewer alone has is in no cache key",
        "infra/templates/edge.json",
        '"HeaderBehavior": "none"',
        '"HeaderBehavior": "whitelist", "Headers": ["Authorization"]',
        f"{_UNIT_TEMPLATE}::test_nothing_that_only_one_viewer_has_is_in_a_cache_key",
    ),
    Mutant(
        "no error of one viewer is shown to another",
        "infra/templates/edge.json",
        '"ErrorCode": 404, "ErrorCachingMinTTL": 0',
        '"ErrorCode": 404, "ErrorCachingMinTTL": 10',
        f"{_UNIT_TEMPLATE}::test_no_error_of_one_viewer_is_shown_to_another",
    ),
    Mutant(
        "each registry's edge path leads to it and to no other",
        _TEMPLATE,
        '        "TargetOriginId": registry.authority,\n',
        '        "TargetOriginId": "api",\n',
        f"{_UNIT_TEMPLATE}::test_each_registry_has_a_behaviour_that_leads_to_it_and_to_no_other",
    ),
    Mutant(
        "a token is not sent to another registry than the repository's",
        "chalicelib/registries.py",
        "                if name.startswith(prefix):\n                    return registry\n",
        "                if name.startswith(prefix.rstrip('/')):\n                    return registry\n",
        "tests/served/test_several_registries.py::test_the_same_tag_of_two_repositories_is_two_images",
    ),
)
