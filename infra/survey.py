"""Read what exists of a configured stage. Changes nothing, here or in AWS.

A REST API has no name of its own in Chalice (all stages share the app's), and Chalice itself knows it
only from `.chalice/deployed`. It is found here by what it does: it is ours if its methods invoke our
function, whose name is fixed. That also finds the API of a deployment that was interrupted before
anything was recorded or mapped.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from infra.aws import Aws, absent_as_none, refusals
from infra.configuration import Configuration
from infra.state import AccessLog, Account, Api, ApiStage, Domain, Function, Record, State

ROOT = "(none)"
CHALLENGE_PARAMETER = "gatewayresponse.header.WWW-Authenticate"


def account_of(aws: Aws) -> Account:
    """Whose credentials these are."""
    with refusals():
        identity = aws.sts.get_caller_identity()
    return Account(identity["Account"], identity["Arn"].split(":")[1], aws.region)


def survey(aws: Aws, config: Configuration, account: Account, record: Mapping[str, object] | None) -> State:
    """Read the whole state of a stage. `record` is Chalice's record of it, passed through."""
    with refusals():
        domain = _domain(aws, config.domain)
        return State(
            account=account,
            functions={name: found for name in config.functions if (found := _function(aws, name))},
            roles={name: arn for name in config.role_names.values() if (arn := _role(aws, name))},
            apis=_apis(aws, config, account, domain, record),
            domain=domain,
            log_groups=_log_groups(aws, config),
            records=records_at(aws, config.zone_id, config.domain),
            record=record,
        )


def _function(aws: Aws, name: str) -> Function | None:
    found = absent_as_none(lambda: aws.functions.get_function(FunctionName=name))
    if found is None:
        return None
    now = found["Configuration"]
    return Function(
        name=name,
        arn=now["FunctionArn"],
        runtime=now.get("Runtime", ""),
        memory=now["MemorySize"],
        timeout=now["Timeout"],
        architecture=(now.get("Architectures") or ["x86_64"])[0],
        environment=now.get("Environment", {}).get("Variables", {}),
        description=now.get("Description", ""),
        code_sha256=now["CodeSha256"],
        tags=found.get("Tags", {}),
    )


def _role(aws: Aws, name: str) -> str | None:
    found = absent_as_none(lambda: aws.iam.get_role(RoleName=name))
    return None if found is None else found["Role"]["Arn"]


def _apis(
    aws: Aws,
    config: Configuration,
    account: Account,
    domain: Domain | None,
    record: Mapping[str, object] | None,
) -> tuple[Api, ...]:
    arn = f"arn:{account.partition}:lambda:{config.region}:{account.account}:function:{config.function_name}"
    preferred = [domain.mappings[ROOT][0]] if domain and ROOT in domain.mappings else []
    preferred += [str(entry.get("rest_api_id")) for entry in resources_of(record)]
    found = [
        _api(aws, item)
        for page in aws.apigateway.get_paginator("get_rest_apis").paginate()
        for item in page["items"]
        if item["name"] == config.app and _invokes(aws, item["id"], arn)
    ]
    rank = {api_id: position for position, api_id in reversed(list(enumerate(preferred)))}
    return tuple(sorted(found, key=lambda api: rank.get(api.id, len(rank))))


def resources_of(record: Mapping[str, object] | None) -> list[dict[str, Any]]:
    """The resources in Chalice's record of a stage."""
    listed = (record or {}).get("resources", [])
    return [entry for entry in listed if isinstance(entry, dict)] if isinstance(listed, list) else []


def _invokes(aws: Aws, api_id: str, function_arn: str) -> bool:
    pages = aws.apigateway.get_paginator("get_resources").paginate(restApiId=api_id, embed=["methods"])
    return any(
        f"/{function_arn}/" in method.get("methodIntegration", {}).get("uri", "")
        for page in pages
        for resource in page["items"]
        for method in resource.get("resourceMethods", {}).values()
    )


def _api(aws: Aws, item: Mapping[str, Any]) -> Api:
    api_id = item["id"]
    response = absent_as_none(
        lambda: aws.apigateway.get_gateway_response(restApiId=api_id, responseType="UNAUTHORIZED")
    )
    challenge = None if response is None else response.get("responseParameters", {}).get(CHALLENGE_PARAMETER)
    stages = aws.apigateway.get_stages(restApiId=api_id)["item"]
    return Api(
        id=api_id,
        name=item["name"],
        description=item.get("description") or "",
        default_endpoint_open=not item.get("disableExecuteApiEndpoint", False),
        challenge=None if challenge is None else challenge.removeprefix("'").removesuffix("'"),
        stages={stage["stageName"]: _stage(stage) for stage in stages},
        tags=item.get("tags") or {},
    )


def _stage(stage: Mapping[str, Any]) -> ApiStage:
    log = stage.get("accessLogSettings") or {}
    access_log = None
    if log.get("destinationArn"):
        access_log = AccessLog(log["destinationArn"].removesuffix(":*"), log.get("format", ""))
    return ApiStage(stage["stageName"], stage.get("description") or "", access_log)


def _domain(aws: Aws, name: str) -> Domain | None:
    found = absent_as_none(lambda: aws.apigateway.get_domain_name(domainName=name))
    if found is None:
        return None
    mappings = aws.apigateway.get_base_path_mappings(domainName=name).get("items", [])
    return Domain(
        name=name,
        target=found.get("regionalDomainName", ""),
        target_zone=found.get("regionalHostedZoneId", ""),
        certificate_arn=found.get("regionalCertificateArn", ""),
        security_policy=found.get("securityPolicy", ""),
        status=found.get("domainNameStatus", ""),
        tags=found.get("tags") or {},
        mappings={entry["basePath"]: (entry["restApiId"], entry.get("stage", "")) for entry in mappings},
    )


def _log_groups(aws: Aws, config: Configuration) -> dict[str, int]:
    wanted = (*config.function_log_groups, config.access_log_group)
    found: dict[str, int] = {}
    for name in wanted:
        for page in aws.logs.get_paginator("describe_log_groups").paginate(logGroupNamePrefix=name):
            found |= {
                group["logGroupName"]: group.get("retentionInDays", 0)
                for group in page["logGroups"]
                if group["logGroupName"] == name
            }
    return found


def records_at(aws: Aws, zone_id: str, name: str) -> tuple[Record, ...]:
    """The address records and the CNAME at `name`; none where the zone does not exist."""

    def ask() -> tuple[Record, ...]:
        # Record sets come sorted by name: the first other name is the end. (No paginator: it cannot be
        # told where to start.)
        found: list[Record] = []
        start: Any = {"StartRecordName": name, "StartRecordType": "A"}
        while start:
            page: Any = aws.route53.list_resource_record_sets(HostedZoneId=zone_id, **start)
            for raw in page["ResourceRecordSets"]:
                if raw["Name"].rstrip(".").lower() != name:
                    return tuple(found)
                if raw["Type"] in ("A", "AAAA", "CNAME"):
                    found.append(_record(raw))
            keys = ("Name", "Type", "Identifier")
            start = {
                f"StartRecord{key}": page[f"NextRecord{key}"] for key in keys if f"NextRecord{key}" in page
            }
        return tuple(found)

    return absent_as_none(ask) or ()


def _record(raw: Mapping[str, Any]) -> Record:
    alias = raw.get("AliasTarget", {})
    return Record(
        type=raw["Type"],
        target=alias.get("DNSName", "").rstrip(".").lower(),
        target_zone=alias.get("HostedZoneId", ""),
        evaluate_target_health=alias.get("EvaluateTargetHealth", False),
        set_identifier=raw.get("SetIdentifier", ""),
        region=raw.get("Region", ""),
        health_check_id=raw.get("HealthCheckId", ""),
        raw=raw,
    )
