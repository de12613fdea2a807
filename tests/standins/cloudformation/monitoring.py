"""Alarms, dashboards and the topics that alarms go to; and buckets."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from tests.standins.cloudformation.errors import ResourceFailed
from tests.standins.cloudformation.resource_kind import Kind, MadeResource, Placement


class AlarmKind(Kind):
    name = "AWS::CloudWatch::Alarm"
    name_property = "AlarmName"
    tag_action = "cloudwatch:TagResource"
    actions = {  # noqa: RUF012
        "create": ("cloudwatch:PutMetricAlarm", "cloudwatch:DescribeAlarms"),
        "update": ("cloudwatch:PutMetricAlarm", "cloudwatch:DescribeAlarms"),
        "delete": ("cloudwatch:DeleteAlarms", "cloudwatch:DescribeAlarms"),
    }

    def attributes(self, site: Placement, physical_id: str, properties: Mapping[str, Any]) -> dict[str, Any]:
        return {"Arn": site.arn("cloudwatch", f"alarm:{physical_id}")}

    def about(self, site: Placement, action: str, physical_id: str, properties: Mapping[str, Any]) -> str:
        return site.arn("cloudwatch", f"alarm:{physical_id}")


class DashboardKind(Kind):
    name = "AWS::CloudWatch::Dashboard"
    name_property = "DashboardName"
    is_global = True
    actions = {  # noqa: RUF012
        "create": ("cloudwatch:GetDashboard", "cloudwatch:PutDashboard"),
        "update": ("cloudwatch:GetDashboard", "cloudwatch:PutDashboard"),
        "delete": ("cloudwatch:GetDashboard", "cloudwatch:DeleteDashboards"),
    }

    def about(self, site: Placement, action: str, physical_id: str, properties: Mapping[str, Any]) -> str:
        return site.arn("cloudwatch", f"dashboard/{physical_id}", region="")

    def check(
        self,
        site: Placement,
        physical_id: str,
        properties: Mapping[str, Any],
        old: MadeResource | None,
    ) -> None:
        super().check(site, physical_id, properties, old)
        try:
            json.loads(properties["DashboardBody"])
        except ValueError as error:
            raise ResourceFailed(f"The field DashboardBody must be a valid JSON object: {error}") from error


class TopicKind(Kind):
    name = "AWS::SNS::Topic"
    tag_action = "sns:TagResource"
    actions = {  # noqa: RUF012
        "create": ("sns:CreateTopic", "sns:GetTopicAttributes"),
        "update": ("sns:SetTopicAttributes", "sns:GetTopicAttributes"),
        "delete": ("sns:GetTopicAttributes", "sns:DeleteTopic"),
    }

    def grants(
        self, site: Placement, verb: str, physical_id: str, properties: Mapping[str, Any]
    ) -> Iterator[tuple[str, str, Mapping[str, str]]]:
        yield from super().grants(site, verb, physical_id, properties)
        if properties.get("Subscription") and verb != "delete":
            yield "sns:Subscribe", physical_id, {}

    def physical_id(self, site: Placement, logical_id: str, properties: Mapping[str, Any]) -> str:
        return site.arn("sns", properties.get("TopicName") or site.generated_name(logical_id))

    def attributes(self, site: Placement, physical_id: str, properties: Mapping[str, Any]) -> dict[str, Any]:
        return {"TopicArn": physical_id, "TopicName": physical_id.rpartition(":")[2]}

    def about(self, site: Placement, action: str, physical_id: str, properties: Mapping[str, Any]) -> str:
        return physical_id


class SubscriptionKind(Kind):
    name = "AWS::SNS::Subscription"
    actions = {  # noqa: RUF012
        "create": ("sns:Subscribe", "sns:GetSubscriptionAttributes"),
        "update": ("sns:SetSubscriptionAttributes", "sns:GetSubscriptionAttributes"),
        "delete": ("sns:Unsubscribe", "sns:GetSubscriptionAttributes"),
    }

    def physical_id(self, site: Placement, logical_id: str, properties: Mapping[str, Any]) -> str:
        return f"{properties['TopicArn']}:{site.unique(logical_id)}"

    def attributes(self, site: Placement, physical_id: str, properties: Mapping[str, Any]) -> dict[str, Any]:
        return {"Arn": physical_id}

    def about(self, site: Placement, action: str, physical_id: str, properties: Mapping[str, Any]) -> str:
        return str(properties["TopicArn"])


class BucketKind(Kind):
    name = "AWS::S3::Bucket"
    name_property = "BucketName"
    is_global = True
    actions = {  # noqa: RUF012
        "create": ("s3:CreateBucket",),
        "delete": ("s3:DeleteBucket",),
    }

    def attributes(self, site: Placement, physical_id: str, properties: Mapping[str, Any]) -> dict[str, Any]:
        return {"Arn": self.about(site, "", physical_id, properties)}

    def about(self, site: Placement, action: str, physical_id: str, properties: Mapping[str, Any]) -> str:
        return f"arn:{site.partition}:s3:::{physical_id}"

    def check_removal(self, site: Placement, resource: MadeResource) -> None:
        if site.surroundings.taken(self.name, f"{resource.physical_id}/", site.region):
            raise ResourceFailed("The bucket you tried to delete is not empty")


KINDS = (AlarmKind(), DashboardKind(), TopicKind(), SubscriptionKind(), BucketKind())
