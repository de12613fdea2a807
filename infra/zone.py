"""Route 53 hosted zones: which one a name belongs in, and what is there at the name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from infra.aws import Aws, absent_as_none, refusals


@dataclass(frozen=True)
class Zone:
    """A hosted zone."""

    id: str
    #: In lower case, without its trailing dot.
    name: str
    private: bool

    @classmethod
    def of(cls, item: Mapping[str, Any]) -> Zone:
        """From the HostedZone of a response."""
        private = item.get("Config", {}).get("PrivateZone", False)
        return cls(item["Id"].rpartition("/")[2], item["Name"].rstrip(".").lower(), private)

    def holds(self, domain: str) -> bool:
        return domain == self.name or domain.endswith("." + self.name)


def closest(zones: Iterable[Zone], domain: str) -> Zone | None:
    """The public zone that the public DNS would ask: the one with the longest name over `domain`."""
    fitting = (zone for zone in zones if not zone.private and zone.holds(domain))
    return max(fitting, key=lambda zone: len(zone.name), default=None)


def zones_of(aws: Aws) -> tuple[Zone, ...]:
    """All hosted zones of the account."""
    with refusals():
        pages = aws.route53.get_paginator("list_hosted_zones").paginate()
        return tuple(Zone.of(item) for page in pages for item in page["HostedZones"])


def zone(aws: Aws, zone_id: str) -> Zone | None:
    """One hosted zone, None where the account has none of that ID."""
    with refusals():
        found = absent_as_none(lambda: aws.route53.get_hosted_zone(Id=zone_id))
    return None if found is None else Zone.of(found["HostedZone"])


def plain(name: str) -> str:
    """The target of an alias as names are compared: Route 53 adds a dot, and its console `dualstack.`"""
    return name.lower().rstrip(".").removeprefix("dualstack.")


def records_at(aws: Aws, zone_id: str, domain: str) -> tuple[Mapping[str, Any], ...]:
    """The address and alias records at a name, as ListResourceRecordSets gives them; none where the zone is
    not there."""
    with refusals():
        found = absent_as_none(
            lambda: aws.route53.list_resource_record_sets(HostedZoneId=zone_id, StartRecordName=domain)
        )
    records = [] if found is None else found["ResourceRecordSets"]
    return tuple(
        record
        for record in records
        if record["Name"].rstrip(".").lower() == domain and record["Type"] in ("A", "AAAA", "CNAME")
    )
