"""What differs between a stack's resources and what CloudFormation made of them.

Records of Route 53 are left out: docs/decisions.md#why-cloudformation-is-the-engine. CloudFormation reads the
others with the rights of whoever asks, whatever role the stack has:
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-stack-drift.html
"""

from __future__ import annotations

import json
from typing import Any

from tests.standins.cloudformation.certificate import RecordSetKind
from tests.standins.cloudformation.errors import ResourceFailed
from tests.standins.cloudformation.execution import changed_properties
from tests.standins.cloudformation.kinds import kind_of
from tests.standins.cloudformation.resource_kind import Inventory, Placement
from tests.standins.cloudformation.stack import DeployedStack, now


def unreadable(stack: DeployedStack, site: Placement) -> dict[str, str]:
    """Why the caller of `site` may not read a resource, by its logical id."""
    reasons = {}
    for name, resource in stack.resources.items():
        if resource.kind == RecordSetKind.name:
            continue
        try:
            for action, arn, context in kind_of(resource.kind).reading(site, resource):
                site.caller.authorize(action, arn, context)
        except ResourceFailed as error:
            reasons[name] = str(error)
    return reasons


def resource_drifts(stack: DeployedStack, inventory: Inventory) -> list[dict[str, Any]]:
    """One entry for each resource that is looked at: IN_SYNC, MODIFIED or DELETED."""
    drifts = []
    for name, expected in stack.resources.items():
        if expected.kind == RecordSetKind.name:
            continue
        actual = inventory.actual(expected)
        differing = (
            []
            if actual is None
            else [
                {
                    "PropertyPath": f"/{key}",
                    "ExpectedValue": json.dumps(expected.properties.get(key)),
                    "ActualValue": json.dumps(actual.properties.get(key)),
                    "DifferenceType": "NOT_EQUAL",
                }
                for key in sorted(changed_properties(expected.properties, actual.properties))
            ]
        )
        status = "DELETED" if actual is None else "MODIFIED" if differing else "IN_SYNC"
        drifts.append(
            {
                "StackId": stack.identifier,
                "LogicalResourceId": name,
                "PhysicalResourceId": expected.physical_id,
                "ResourceType": expected.kind,
                "PropertyDifferences": differing,
                "StackResourceDriftStatus": status,
                "Timestamp": now(),
            }
        )
    return drifts
