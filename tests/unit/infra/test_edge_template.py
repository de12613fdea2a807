"""The edge's template, held against what CloudFront's documentation says a distribution needs."""

from __future__ import annotations

import re
from typing import Any

import pytest

from chalicelib.registry_host import RegistryHost
from infra.edge_template import MAX_REGISTRIES, UnfitForEdge, edge_template

FIRST = RegistryHost.parse("123456789012.dkr.ecr.us-west-2.amazonaws.com")
SECOND = RegistryHost.parse("222222222222.dkr.ecr.us-west-2.amazonaws.com")


@pytest.fixture(scope="module")
def template() -> dict[str, Any]:
    return edge_template([FIRST, SECOND])


@pytest.fixture(scope="module")
def distribution(template: dict[str, Any]) -> dict[str, Any]:
    config: dict[str, Any] = template["Resources"]["Distribution"]["Properties"]["DistributionConfig"]
    return config


def resources_of(template: dict[str, Any], kind: str) -> dict[str, Any]:
    return {name: each for name, each in template["Resources"].items() if each["Type"] == kind}


def test_each_registry_has_a_behaviour_that_leads_to_it_and_to_no_other(distribution: dict[str, Any]) -> None:
    origins = {origin["Id"]: origin["DomainName"] for origin in distribution["Origins"]}
    led = {
        behaviour["PathPattern"]: origins[behaviour["TargetOriginId"]]
        for behaviour in distribution["CacheBehaviors"]
    }
    assert led == {f"/_registry/{each.host}/*": each.host for each in (FIRST, SECOND)}
    assert origins[distribution["DefaultCacheBehavior"]["TargetOriginId"]] == {"Ref": "ApiTarget"}


def test_no_pattern_can_take_what_belongs_to_another(distribution: dict[str, Any]) -> None:
    """CloudFront takes the first pattern that matches; `?` and `*` are its wildcards."""
    for behaviour in distribution["CacheBehaviors"]:
        pattern = behaviour["PathPattern"]
        assert re.fullmatch(r"/_registry/[A-Za-z0-9.:-]+/\*", pattern)
        assert len(pattern) <= 255


def test_nothing_that_only_one_viewer_has_is_in_a_cache_key(
    template: dict[str, Any], distribution: dict[str, Any]
) -> None:
    """A header or cookie in the key would be sent to the API, Authorization too, and would part the responses
    that are the same for everybody."""
    (policy,) = resources_of(template, "AWS::CloudFront::CachePolicy").values()
    key = policy["Properties"]["CachePolicyConfig"]["ParametersInCacheKeyAndForwardedToOrigin"]
    assert key["HeadersConfig"] == {"HeaderBehavior": "none"}
    assert key["CookiesConfig"] == {"CookieBehavior": "none"}
    # The Location of the response has the query in it.
    assert key["QueryStringsConfig"] == {"QueryStringBehavior": "all"}
    assert not key["EnableAcceptEncodingGzip"]
    assert not key["EnableAcceptEncodingBrotli"]
    # CachingDisabled, AWS's managed policy.
    assert {each["CachePolicyId"] for each in distribution["CacheBehaviors"]} == {
        "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
    }


def test_the_service_alone_says_what_is_kept(template: dict[str, Any]) -> None:
    (policy,) = resources_of(template, "AWS::CloudFront::CachePolicy").values()
    config = policy["Properties"]["CachePolicyConfig"]
    assert (config["MinTTL"], config["DefaultTTL"]) == (0, 0)
    assert 60 <= config["MaxTTL"] <= 3600


def test_the_api_is_asked_by_the_custom_domain_and_a_registry_by_its_own_name(
    distribution: dict[str, Any],
) -> None:
    """AllViewer forwards Host, AllViewerExceptHostHeader all but Host: AWS's managed policies."""
    assert (
        distribution["DefaultCacheBehavior"]["OriginRequestPolicyId"]
        == "216adef6-5c7f-47e4-b989-5492eafa07d3"
    )
    assert {each["OriginRequestPolicyId"] for each in distribution["CacheBehaviors"]} == {
        "b689b0a8-53d0-40ab-baf2-68738e2966ac"
    }


def test_no_error_of_one_viewer_is_shown_to_another(distribution: dict[str, Any]) -> None:
    """CloudFront keeps these for ten seconds unless told otherwise, whatever the origin says ("How
    CloudFront processes HTTP 4xx and 5xx status codes from your origin")."""
    kept = {each["ErrorCode"]: each["ErrorCachingMinTTL"] for each in distribution["CustomErrorResponses"]}
    assert kept == dict.fromkeys((404, 414, 500, 501, 502, 503, 504), 0)
    assert all("ResponsePagePath" not in each for each in distribution["CustomErrorResponses"])


def test_every_method_passes_uncompressed_and_only_over_tls(distribution: dict[str, Any]) -> None:
    for behaviour in (distribution["DefaultCacheBehavior"], *distribution["CacheBehaviors"]):
        assert {"GET", "HEAD", "OPTIONS", "PUT", "PATCH", "POST", "DELETE"} == set(
            behaviour["AllowedMethods"]
        )
        assert behaviour["Compress"] is False
        assert behaviour["ViewerProtocolPolicy"] == "https-only"
    for origin in distribution["Origins"]:
        assert origin["CustomOriginConfig"]["OriginProtocolPolicy"] == "https-only"
        assert origin["CustomOriginConfig"]["OriginSSLProtocols"] == ["TLSv1.2"]
    assert distribution["ViewerCertificate"]["MinimumProtocolVersion"] == "TLSv1.2_2021"


def test_a_long_upload_is_neither_cut_off_nor_begun_again(distribution: dict[str, Any]) -> None:
    for origin in distribution["Origins"][1:]:
        assert origin["ConnectionAttempts"] == 1
        assert origin["CustomOriginConfig"]["OriginReadTimeout"] == 120
        assert "ResponseCompletionTimeout" not in origin
    assert distribution["HttpVersion"] == "http1.1"


def test_every_function_is_published_and_within_the_quotas(
    template: dict[str, Any], distribution: dict[str, Any]
) -> None:
    functions = resources_of(template, "AWS::CloudFront::Function")
    names = set()
    for function in functions.values():
        properties = function["Properties"]
        assert properties["AutoPublish"] is True
        assert properties["FunctionConfig"]["Runtime"] == "cloudfront-js-2.0"
        assert 0 < len(properties["FunctionCode"].encode()) <= 10 * 1024
        assert "'REGISTRY'" not in properties["FunctionCode"]
        name = properties["Name"]["Fn::Sub"].replace("${AWS::StackName}", "s" * 46)
        assert re.fullmatch(r"[A-Za-z0-9_-]{1,64}", name)
        names.add(name)
    assert len(names) == len(functions) == 5
    used = [
        association["FunctionARN"]["Fn::GetAtt"][0]
        for behaviour in (distribution["DefaultCacheBehavior"], *distribution["CacheBehaviors"])
        for association in behaviour["FunctionAssociations"]
    ]
    assert sorted(used) == sorted(functions)


def test_logical_ids_are_such_that_cloudformation_takes_them(template: dict[str, Any]) -> None:
    assert all(re.fullmatch(r"[A-Za-z0-9]{1,255}", name) for name in template["Resources"])


def test_a_registry_of_the_tests_has_its_port() -> None:
    template = edge_template([RegistryHost.parse("127.0.0.1:5000")])
    distribution = template["Resources"]["Distribution"]["Properties"]["DistributionConfig"]
    assert distribution["CacheBehaviors"][0]["PathPattern"] == "/_registry/127.0.0.1:5000/*"
    assert distribution["Origins"][1]["DomainName"] == "127.0.0.1"
    assert distribution["Origins"][1]["CustomOriginConfig"]["HTTPSPort"] == 5000


def test_the_same_registry_twice_is_one() -> None:
    assert edge_template([FIRST, FIRST]) == edge_template([FIRST])


def test_as_many_registries_as_fit() -> None:
    registries = [
        RegistryHost.parse(f"{100_000_000_000 + number}.dkr.ecr.us-west-2.amazonaws.com")
        for number in range(MAX_REGISTRIES + 1)
    ]
    template = edge_template(registries[:-1])
    # Of an account's 100 functions two stages may have half each.
    assert len(resources_of(template, "AWS::CloudFront::Function")) <= 50
    with pytest.raises(UnfitForEdge, match=f"{MAX_REGISTRIES + 1} registries"):
        edge_template(registries)


@pytest.mark.parametrize("text", ["http://localhost:5000", "[::1]:5000"])
def test_a_registry_that_cloudfront_cannot_ask(text: str) -> None:
    with pytest.raises(UnfitForEdge, match=re.escape(RegistryHost.parse(text).origin)) as refused:
        edge_template([FIRST, RegistryHost.parse(text)])
    assert "\n" not in str(refused.value)


def test_no_registry_at_all() -> None:
    with pytest.raises(UnfitForEdge, match="0 registries"):
        edge_template([])
