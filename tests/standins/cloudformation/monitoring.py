"""Alarms, dashboards and the topics that alarms go to."""

from __future__ import annotations

import json
from collections.abc import Iterator

from tests.standins.cloudformation.errors import ResourceFailed
from tests.standins.cloudformation.resource_kind import Actions, Kind, MadeResource, Permission, Placement


class AlarmKind(Kind):
    name = "AWS::CloudWatch::Alarm"
    arn_format = "arn:{site.partition}:cloudwatch:{site.region}:{site.account}:alarm:{id}"
    actions = Actions(
        create=("cloudwatch:PutMetricAlarm", "cloudwatch:DescribeAlarms"),
        update=("cloudwatch:PutMetricAlarm", "cloudwatch:DescribeAlarms"),
        delete=("cloudwatch:DeleteAlarms", "cloudwatch:DescribeAlarms"),
    )


class DashboardKind(Kind):
    name = "AWS::CloudWatch::Dashboard"
    arn_format = "arn:{site.partition}:cloudwatch::{site.account}:dashboard/{id}"
    is_global = True
    actions = Actions(
        create=("cloudwatch:GetDashboard", "cloudwatch:PutDashboard"),
        update=("cloudwatch:GetDashboard", "cloudwatch:PutDashboard"),
        delete=("cloudwatch:GetDashboard", "cloudwatch:DeleteDashboards"),
    )

    def check(self, site: Placement, new: MadeResource, old: MadeResource | None) -> None:
        try:
            json.loads(new.properties["DashboardBody"])
        except ValueError as error:
            raise ResourceFailed(f"The field DashboardBody must be a valid JSON object: {error}") from error


class TopicKind(Kind):
    name = "AWS::SNS::Topic"
    arn_format = "{id}"
    actions = Actions(
        create=("sns:CreateTopic", "sns:GetTopicAttributes"),
        update=("sns:SetTopicAttributes", "sns:GetTopicAttributes"),
        delete=("sns:GetTopicAttributes", "sns:DeleteTopic"),
    )

    def physical_id(self, site: Placement, draft: MadeResource) -> str:
        name = draft.properties.get("TopicName") or site.generated_name(draft.logical_id)
        return f"arn:{site.partition}:sns:{site.region}:{site.account}:{name}"

    def permissions(self, site: Placement, verb: str, resource: MadeResource) -> Iterator[Permission]:
        yield from super().permissions(site, verb, resource)
        if resource.properties.get("Subscription") and verb != "delete":
            yield Permission("sns:Subscribe", resource.physical_id)


KINDS = (AlarmKind(), DashboardKind(), TopicKind())
