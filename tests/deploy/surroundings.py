"""What stands in the account beside stacks, in moto: zones and records, buckets, and who has a name."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from moto.awslambda_simple.models import lambda_simple_backends
from moto.backends import get_backend

from tests.standins.cloudformation.errors import ResourceFailed


class MotoSurroundings:
    """`aliases` are the names of distributions of other accounts."""

    def __init__(self, account: str) -> None:
        self._account = account
        self.aliases: set[str] = set()

    def zone_exists(self, zone_id: str) -> bool:
        return zone_id in get_backend("route53")[self._account]["aws"].zones

    def change_record(self, zone_id: str, action: str, record: Mapping[str, Any]) -> None:
        """Not by moto's own change, which deletes by the set identifier whatever the name."""
        zone = get_backend("route53")[self._account]["aws"].zones[zone_id]
        name = record["Name"].rstrip(".") + "."
        shown = f"[name='{name}', type='{record['Type']}']"
        if not name.endswith("." + zone.name.rstrip(".") + ".") and name != zone.name.rstrip(".") + ".":
            raise ResourceFailed(f"[RRSet with DNS name {name} is not permitted in zone {zone.name}]")
        there = [each for each in zone.rrsets if (each.name, each.type) == (name, record["Type"])]
        same = [each for each in there if each.set_identifier == record.get("SetIdentifier")]
        if action == "CREATE" and same:
            raise ResourceFailed(f"[Tried to create resource record set {shown} but it already exists]")
        if action == "DELETE" and not same:
            raise ResourceFailed(f"[Tried to delete resource record set {shown} but it was not found]")
        if any(bool(each.set_identifier) != bool(record.get("SetIdentifier")) for each in there):
            raise ResourceFailed(
                f"[RRSet with DNS name {name} cannot be created as other RRSets exist with the same name "
                "and type]"
            )
        zone.rrsets = [each for each in zone.rrsets if each not in same]
        if action != "DELETE":
            values = [each["Value"] for each in record.get("ResourceRecords", ())]
            zone.add_rrset({**record, "Name": name, **({"ResourceRecords": values} if values else {})})

    def stored_object(self, bucket: str, key: str) -> bytes | None:
        buckets = get_backend("s3")[self._account]["aws"].buckets
        found = buckets[bucket].keys.get(key) if bucket in buckets else None
        return None if found is None else bytes(found.value)

    def certificate_names(self, arn: str) -> list[str]:
        region = arn.split(":")[3]
        found = get_backend("acm")[self._account][region]._certificates.get(arn)
        if found is None or found.status != "ISSUED":
            return []
        return [found.common_name, *found.sans]

    def show_policy(self, arn: str, document: Mapping[str, Any] | None) -> None:
        iam = get_backend("iam")[self._account]["aws"]
        if arn in iam.managed_policies:
            iam.delete_policy(arn)
        if document is not None:
            iam.create_policy("", "/", json.dumps(document), arn.rpartition("/")[2], [])

    def writes_api_logs(self, region: str) -> bool:
        return bool(get_backend("apigateway")[self._account][region].account.cloudwatch_role_arn)

    def taken(self, kind: str, name: str, region: str) -> bool:
        if kind == "AWS::CloudFront::Distribution":
            return name in self.aliases
        if kind == "AWS::Lambda::Function":
            functions = lambda_simple_backends[self._account][region].list_functions()
            return any(each.function_name == name for each in functions)
        if kind == "AWS::IAM::Role":
            return any(each.name == name for each in get_backend("iam")[self._account]["aws"].roles.values())
        if kind == "AWS::Logs::LogGroup":
            return name in get_backend("logs")[self._account][region].groups
        if kind == "AWS::ApiGateway::DomainName":
            return name in get_backend("apigateway")[self._account][region].domain_names
        return False
