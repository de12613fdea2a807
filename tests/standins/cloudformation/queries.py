"""CloudFormation's operations that only look, as mappings in and out."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from tests.standins.cloudformation.change_set import ProposedChangeSet, unchanged
from tests.standins.cloudformation.drift import resource_drifts
from tests.standins.cloudformation.errors import CloudFormationError
from tests.standins.cloudformation.resource_kind import Caller
from tests.standins.cloudformation.service import CloudFormation
from tests.standins.cloudformation.stack import DELETED, DeployedStack, Version, now, stack_summary
from tests.standins.cloudformation.submission import read_submitted

PAGE = 50
"""Items of one answer; the rest takes another call."""

Query = Callable[[CloudFormation, str, Mapping[str, Any], Caller], dict[str, Any]]


def _paged(items: list[Any], given: Mapping[str, Any], key: str) -> dict[str, Any]:
    start = int(given.get("NextToken") or 0)
    page: dict[str, Any] = {key: items[start : start + PAGE]}
    if start + PAGE < len(items):
        page["NextToken"] = str(start + PAGE)
    return page


def describe_stacks(
    service: CloudFormation, region: str, given: Mapping[str, Any], _: Caller
) -> dict[str, Any]:
    if "StackName" in given:
        return {"Stacks": [stack_summary(service.look(region, given["StackName"]))]}
    return _paged([stack_summary(each) for each in service.living(region)], given, "Stacks")


def describe_stack_events(
    service: CloudFormation, region: str, given: Mapping[str, Any], _: Caller
) -> dict[str, Any]:
    # Paging through the events of one moment is one look.
    stack = (
        service.stack(region, given["StackName"])
        if given.get("NextToken")
        else service.look(region, given["StackName"])
    )
    events = []
    for each in reversed(stack.events):
        event = {
            "StackId": stack.identifier,
            "EventId": each.identifier,
            "StackName": stack.name,
            "LogicalResourceId": each.logical_id,
            "PhysicalResourceId": each.physical_id,
            "ResourceType": each.kind,
            "Timestamp": each.time,
            "ResourceStatus": each.status,
        }
        if each.reason is not None:
            event["ResourceStatusReason"] = each.reason
        events.append(event)
    return _paged(events, given, "StackEvents")


def _resources(stack: DeployedStack) -> list[dict[str, Any]]:
    return [
        {
            "LogicalResourceId": name,
            "PhysicalResourceId": state.physical_id,
            "ResourceType": state.kind,
            "ResourceStatus": state.status,
            "LastUpdatedTimestamp": state.time,
            "Timestamp": state.time,
            "StackId": stack.identifier,
            "StackName": stack.name,
            **({} if state.reason is None else {"ResourceStatusReason": state.reason}),
        }
        for name, state in stack.states.items()
        if state.status != "DELETE_COMPLETE" or stack.status == DELETED
    ]


def list_stack_resources(
    service: CloudFormation, region: str, given: Mapping[str, Any], _: Caller
) -> dict[str, Any]:
    stack = service.stack(region, given["StackName"])
    return _paged(_resources(stack), given, "StackResourceSummaries")


def describe_stack_resources(
    service: CloudFormation, region: str, given: Mapping[str, Any], _: Caller
) -> dict[str, Any]:
    wanted = given.get("LogicalResourceId")
    found = _resources(service.stack(region, given["StackName"]))
    return {"StackResources": [each for each in found if wanted in (None, each["LogicalResourceId"])]}


def list_stacks(service: CloudFormation, region: str, given: Mapping[str, Any], _: Caller) -> dict[str, Any]:
    wanted = given.get("StackStatusFilter")
    shown = [
        stack_summary(each)
        for each in service.stacks
        if each.region == region and (not wanted or each.status in wanted)
    ]
    return _paged(shown, given, "StackSummaries")


def describe_change_set(
    service: CloudFormation, region: str, given: Mapping[str, Any], caller: Caller
) -> dict[str, Any]:
    stack, found = service.change_set(region, given)
    shown = _shown(stack, found)
    if found.status == "CREATE_IN_PROGRESS":
        found.finish(unchanged(stack, service.site(stack, caller), found))
    shown["Parameters"] = [
        {"ParameterKey": key, "ParameterValue": value} for key, value in found.version.parameters.items()
    ]
    shown["Capabilities"] = list(found.capabilities)
    shown["Tags"] = [{"Key": key, "Value": value} for key, value in found.version.tags.items()]
    return {**shown, **_paged([each.document() for each in found.changes], given, "Changes")}


def _shown(stack: DeployedStack, found: ProposedChangeSet) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "ChangeSetName": found.name,
        "ChangeSetId": found.identifier,
        "StackId": stack.identifier,
        "StackName": stack.name,
        "CreationTime": found.created,
        "Status": found.status,
        "ExecutionStatus": found.execution,
    }
    if found.reason is not None:
        shown["StatusReason"] = found.reason
    if found.description is not None:
        shown["Description"] = found.description
    return shown


def list_change_sets(
    service: CloudFormation, region: str, given: Mapping[str, Any], _: Caller
) -> dict[str, Any]:
    stack = service.stack(region, given["StackName"])
    shown = [_shown(stack, each) for each in service.change_sets.get(stack.identifier, ())]
    return _paged(shown, given, "Summaries")


def get_template(service: CloudFormation, region: str, given: Mapping[str, Any], _: Caller) -> dict[str, Any]:
    version = _version(service, region, given)
    processed = given.get("TemplateStage") == "Processed"
    body = json.dumps(version.template.document) if processed else version.template.text
    return {"TemplateBody": body, "StagesAvailable": ["Original", "Processed"]}


def _version(service: CloudFormation, region: str, given: Mapping[str, Any]) -> Version:
    if "ChangeSetName" in given:
        return service.change_set(region, given)[1].version
    stack = service.stack(region, given["StackName"])
    if stack.version is None:
        raise CloudFormationError(f"Template for stack {stack.name} does not exist")
    return stack.version


def get_template_summary(
    service: CloudFormation, region: str, given: Mapping[str, Any], caller: Caller
) -> dict[str, Any]:
    if "StackName" in given:
        template = _version(service, region, given).template
    else:
        nowhere = DeployedStack("none", "none", region, "none", now())
        template = read_submitted(given, service.site(nowhere, caller))
    needed = template.capability()
    return {
        "Parameters": [
            {
                "ParameterKey": name,
                "ParameterType": each["Type"],
                "NoEcho": bool(each.get("NoEcho")),
                **({"DefaultValue": str(each["Default"])} if "Default" in each else {}),
                **({"Description": each["Description"]} if "Description" in each else {}),
            }
            for name, each in template.parameters.items()
        ],
        "Capabilities": [needed] if needed else [],
        "ResourceTypes": sorted({each.kind for each in template.resources.values()}),
        "DeclaredTransforms": ["AWS::Serverless-2016-10-31"] if template.transformed else [],
    }


def describe_stack_drift_detection_status(
    service: CloudFormation, region: str, given: Mapping[str, Any], _: Caller
) -> dict[str, Any]:
    stack = service.detections.get(given["StackDriftDetectionId"])
    if stack is None:
        raise CloudFormationError("Drift detection does not exist")
    drifted = [
        d for d in resource_drifts(stack, service.inventory) if d["StackResourceDriftStatus"] != "IN_SYNC"
    ]
    return {
        "StackId": stack.identifier,
        "StackDriftDetectionId": given["StackDriftDetectionId"],
        "DetectionStatus": "DETECTION_COMPLETE",
        "StackDriftStatus": "DRIFTED" if drifted else "IN_SYNC",
        "DriftedStackResourceCount": len(drifted),
        "Timestamp": now(),
    }


def describe_stack_resource_drifts(
    service: CloudFormation, region: str, given: Mapping[str, Any], _: Caller
) -> dict[str, Any]:
    wanted = given.get("StackResourceDriftStatusFilters")
    found = resource_drifts(service.stack(region, given["StackName"]), service.inventory)
    shown = [each for each in found if not wanted or each["StackResourceDriftStatus"] in wanted]
    return _paged(shown, given, "StackResourceDrifts")


def list_exports(service: CloudFormation, region: str, given: Mapping[str, Any], _: Caller) -> dict[str, Any]:
    return {
        "Exports": [
            {"ExportingStackId": stack.identifier, "Name": export, "Value": value}
            for stack in service.living(region)
            for value, _, export in stack.outputs.values()
            if export is not None
        ]
    }


QUERIES: dict[str, Query] = {
    "DescribeStacks": describe_stacks,
    "DescribeStackEvents": describe_stack_events,
    "DescribeStackResources": describe_stack_resources,
    "ListStackResources": list_stack_resources,
    "ListStacks": list_stacks,
    "DescribeChangeSet": describe_change_set,
    "ListChangeSets": list_change_sets,
    "GetTemplate": get_template,
    "GetTemplateSummary": get_template_summary,
    "ValidateTemplate": get_template_summary,
    "DescribeStackDriftDetectionStatus": describe_stack_drift_detection_status,
    "DescribeStackResourceDrifts": describe_stack_resource_drifts,
    "ListExports": list_exports,
}
