"""Make changes happen, one at a time and in the order of the plan.

Each step reads the few facts that only an earlier step could make (the API's id, the alias' target),
and each can be done again: what an interrupted run left is simply there the next time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from infra.aws import Aws, absent_as_none, refusals
from infra.chalice_cli import ChaliceCli
from infra.changes import (
    Change,
    Deploy,
    Describe,
    KeepLogs,
    RemoveLogs,
    RestoreRecord,
    RouteName,
    TagApi,
    Undeploy,
    WriteAccessLog,
)
from infra.clock import Clock
from infra.configuration import Configuration
from infra.deployed_record import read_record, write_record
from infra.errors import NotSettled, StillWaiting
from infra.plan import FINGERPRINT_TAG, fingerprint
from infra.state import Account, Api, State
from infra.survey import survey

if TYPE_CHECKING:
    from mypy_boto3_apigateway.type_defs import PatchOperationTypeDef
    from mypy_boto3_route53.type_defs import ChangeTypeDef

# Route 53 says that nearly all changes are everywhere within 60 seconds.
DNS_PATIENCE = 300.0
DNS_INTERVAL = 3.0


@dataclass(frozen=True)
class Site:
    """A stage and all that its changes are made with."""

    project: Path
    config: Configuration
    account: Account
    aws: Aws
    chalice: ChaliceCli
    digest: str
    progress: Callable[[str], None]
    clock: Clock

    def state(self) -> State:
        """Read the state anew."""
        record = read_record(self.project, self.config.stage)
        return survey(self.aws, self.config, self.account, record)


def apply(site: Site, changes: Sequence[Change]) -> None:
    """Make `changes`, saying each first. Raises InfraError at the first that fails; what was done until
    then stays, and the next plan goes on from there."""
    for number, change in enumerate(changes, 1):
        site.progress(f"[{number}/{len(changes)}] {change.line}")
        with refusals():
            _apply(site, change)


def _apply(site: Site, change: Change) -> None:
    match change:
        case RestoreRecord():
            write_record(site.project, site.config.stage, change.resources)
        case KeepLogs():
            _keep_logs(site, change)
        case Deploy():
            _deploy(site, change)
        case Describe():
            _describe(site, change)
        case TagApi():
            _tag_api(site, change)
        case WriteAccessLog():
            _write_access_log(site, change)
        case RouteName():
            _route(site, change)
        case Undeploy():
            site.chalice.run("delete", change.stage, site.progress)
            write_record(site.project, site.config.stage, ())
        case RemoveLogs():
            absent_as_none(lambda: site.aws.logs.delete_log_group(logGroupName=change.group))


def _keep_logs(site: Site, change: KeepLogs) -> None:
    logs = site.aws.logs
    if change.now is None:
        # Between the plan and now the function itself may have made it.
        try:
            logs.create_log_group(logGroupName=change.group)
        except logs.exceptions.ResourceAlreadyExistsException:
            site.progress(f"  {change.group} is there already")
    if change.days:
        logs.put_retention_policy(logGroupName=change.group, retentionInDays=change.days)
    else:
        logs.delete_retention_policy(logGroupName=change.group)


def _deploy(site: Site, change: Deploy) -> None:
    functions, name = site.aws.functions, site.config.function_name
    found = absent_as_none(lambda: functions.get_function_configuration(FunctionName=name))
    if found is not None:
        # From here until all is done the deployment counts as unfinished.
        functions.untag_resource(Resource=found["FunctionArn"], TagKeys=[FINGERPRINT_TAG])
    site.chalice.run("deploy", change.stage, site.progress)
    function = site.state().functions[name]
    functions.tag_resource(Resource=function.arn, Tags={FINGERPRINT_TAG: fingerprint(site.digest, function)})


def _describe(site: Site, change: Describe) -> None:
    if change.what == "function":
        functions, name = site.aws.functions, site.config.function_name
        # Lambda refuses a change while it still works on the last one.
        functions.get_waiter("function_updated_v2").wait(FunctionName=name)
        functions.update_function_configuration(FunctionName=name, Description=change.text)
        return
    operations: list[PatchOperationTypeDef] = [
        {"op": "replace", "path": "/description", "value": change.text}
    ]
    api = _api(site)
    if change.what == "API":
        site.aws.apigateway.update_rest_api(restApiId=api.id, patchOperations=operations)
    else:
        site.aws.apigateway.update_stage(
            restApiId=api.id, stageName=site.config.api_stage, patchOperations=operations
        )


def _tag_api(site: Site, change: TagApi) -> None:
    account = site.account
    arn = f"arn:{account.partition}:apigateway:{account.region}::/restapis/{_api(site).id}"
    if change.remove:
        site.aws.apigateway.untag_resource(resourceArn=arn, tagKeys=list(change.remove))
    if change.add:
        site.aws.apigateway.tag_resource(resourceArn=arn, tags=dict(change.add))


def _write_access_log(site: Site, change: WriteAccessLog) -> None:
    account = site.account
    group = f"arn:{account.partition}:logs:{account.region}:{account.account}:log-group:{change.group}"
    operations: list[PatchOperationTypeDef] = [{"op": "remove", "path": "/accessLogSettings"}]
    if change.format:
        operations = [
            {"op": "replace", "path": "/accessLogSettings/destinationArn", "value": group},
            {"op": "replace", "path": "/accessLogSettings/format", "value": change.format},
        ]
    site.aws.apigateway.update_stage(
        restApiId=_api(site).id, stageName=site.config.api_stage, patchOperations=operations
    )


def _api(site: Site) -> Api:
    api = site.state().api
    if api is None:
        raise NotSettled(f"no API invokes {site.config.function_name}; run the command again")
    return api


def _route(site: Site, change: RouteName) -> None:
    domain = site.state().domain
    changes: list[dict[str, Any]] = [
        {"Action": "DELETE", "ResourceRecordSet": dict(record.raw)} for record in change.delete
    ]
    for record in change.create:
        if domain is None:
            raise NotSettled(f"there is no custom domain name {change.name}; run the command again")
        aimed = replace(record, target=domain.target, target_zone=domain.target_zone)
        body: dict[str, Any] = {
            "Name": change.name,
            "Type": aimed.type,
            "AliasTarget": {
                "DNSName": aimed.target,
                "HostedZoneId": aimed.target_zone,
                "EvaluateTargetHealth": aimed.evaluate_target_health,
            },
        }
        if aimed.region:
            body |= {"SetIdentifier": aimed.set_identifier, "Region": aimed.region}
        if aimed.health_check_id:
            body["HealthCheckId"] = aimed.health_check_id
        changes.append({"Action": "UPSERT", "ResourceRecordSet": body})
    batch = cast("list[ChangeTypeDef]", changes)
    answer = site.aws.route53.change_resource_record_sets(
        HostedZoneId=change.zone_id, ChangeBatch={"Comment": "custom-ecr-domain", "Changes": batch}
    )
    _wait_for_dns(site, answer["ChangeInfo"]["Id"].rpartition("/")[2])


def _wait_for_dns(site: Site, change_id: str) -> None:
    deadline = site.clock.now() + DNS_PATIENCE
    while site.aws.route53.get_change(Id=change_id)["ChangeInfo"]["Status"] != "INSYNC":
        if site.clock.now() > deadline:
            raise StillWaiting(f"Route 53 has not spread change {change_id} yet; run the command again later")
        site.progress("  waiting for Route 53 to spread the change")
        site.clock.sleep(DNS_INTERVAL)
