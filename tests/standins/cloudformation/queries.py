"""CloudFormation's operations that only look."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tests.standins.cloudformation.change_set import unchanged
from tests.standins.cloudformation.drift import resource_drifts, unreadable
from tests.standins.cloudformation.service import StackCall
from tests.standins.cloudformation.stack import DELETED, now, stack_summary

PAGE = 50
"""Items of one response; the rest takes another call."""


class Queries(StackCall):
    def describe_stacks(self) -> dict[str, Any]:
        if "StackName" in self.parameters:
            return {"Stacks": [stack_summary(self.service.look(self.region, self.parameters["StackName"]))]}
        return self._page("Stacks", [stack_summary(each) for each in self.service.living(self.region)])

    def describe_stack_events(self) -> dict[str, Any]:
        # Paging through the events of one moment is one look.
        if not self.parameters.get("NextToken"):
            self.service.look(self.region, self.parameters["StackName"])
        stack = self.stack()
        events = [
            {
                "StackId": stack.identifier,
                "EventId": each.identifier,
                "StackName": stack.name,
                "LogicalResourceId": each.logical_id,
                "PhysicalResourceId": each.physical_id,
                "ResourceType": each.kind,
                "Timestamp": each.time,
                "ResourceStatus": each.status,
                **({} if each.reason is None else {"ResourceStatusReason": each.reason}),
            }
            for each in reversed(stack.events)
        ]
        return self._page("StackEvents", events)

    def list_stack_resources(self) -> dict[str, Any]:
        stack = self.stack()
        summaries = [
            {
                "LogicalResourceId": name,
                "PhysicalResourceId": latest.physical_id,
                "ResourceType": latest.kind,
                "ResourceStatus": latest.status,
                "LastUpdatedTimestamp": latest.time,
            }
            for name, latest in stack.states.items()
            if latest.status != "DELETE_COMPLETE" or stack.status == DELETED
        ]
        return self._page("StackResourceSummaries", summaries)

    def describe_change_set(self) -> dict[str, Any]:
        stack, found = self.change_set()
        shown = {
            "ChangeSetName": found.name,
            "ChangeSetId": found.identifier,
            "StackId": stack.identifier,
            "StackName": stack.name,
            "Status": found.status,
            "ExecutionStatus": found.execution,
            **({} if found.reason is None else {"StatusReason": found.reason}),
        }
        if found.status == "CREATE_IN_PROGRESS":
            found.finish(unchanged(stack, self.service.site(stack, self.caller), found))
        return {**shown, **self._page("Changes", [each.document() for each in found.changes])}

    def describe_stack_drift_detection_status(self) -> dict[str, Any]:
        detection = self.parameters["StackDriftDetectionId"]
        stack = self.service.detections[detection]
        drifts = resource_drifts(stack, self.service.inventory)
        site = replace(self.service.site(stack, self.caller), caller=self.caller)
        reasons = unreadable(stack, site)
        reason = "; ".join(
            f"Failed to detect drift on resource [{key}]: {why}" for key, why in reasons.items()
        )
        drifted = [each for each in drifts if each["StackResourceDriftStatus"] != "IN_SYNC"]
        return {
            "StackId": stack.identifier,
            "StackDriftDetectionId": detection,
            "DetectionStatus": "DETECTION_FAILED" if reasons else "DETECTION_COMPLETE",
            **({"DetectionStatusReason": reason} if reasons else {}),
            "StackDriftStatus": "DRIFTED" if drifted else "IN_SYNC",
            "DriftedStackResourceCount": len(drifted),
            "Timestamp": now(),
        }

    def describe_stack_resource_drifts(self) -> dict[str, Any]:
        wanted = self.parameters.get("StackResourceDriftStatusFilters")
        found = resource_drifts(self.stack(), self.service.inventory)
        shown = [each for each in found if not wanted or each["StackResourceDriftStatus"] in wanted]
        return self._page("StackResourceDrifts", shown)

    def _page(self, key: str, items: list[Any]) -> dict[str, Any]:
        start = int(self.parameters.get("NextToken") or 0)
        page: dict[str, Any] = {key: items[start : start + PAGE]}
        if start + PAGE < len(items):
            page["NextToken"] = str(start + PAGE)
        return page
