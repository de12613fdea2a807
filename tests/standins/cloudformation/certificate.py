"""ACM certificates with DNS validation, and the record sets of Route 53."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

from tests.standins.cloudformation.errors import ResourceFailed
from tests.standins.cloudformation.resource_kind import Kind, MadeResource, Placement

CERTIFICATE = "AWS::CertificateManager::Certificate"
RECORD_SET = "AWS::Route53::RecordSet"


def issued_for(site: Placement, arn: str, name: str, region: str) -> None:
    """Whether a certificate can be shown for a name in a region. Raises ResourceFailed."""
    found = site.inventory.named(CERTIFICATE, arn, region)
    names = site.surroundings.certificate_names(arn) if found is None else certified_names(found.properties)
    if f":acm:{region}:" not in arn or not names:
        raise ResourceFailed(f"Invalid certificate ARN: {arn}. The certificate must exist in {region}.")
    if not any(covers_name(each, name) for each in names):
        raise ResourceFailed(f"The certificate provided does not cover {name}")


def certified_names(properties: Mapping[str, Any]) -> list[str]:
    return [properties["DomainName"], *properties.get("SubjectAlternativeNames", ())]


def covers_name(certified: str, name: str) -> bool:
    """A wildcard stands for one label."""
    return certified == name or (certified.startswith("*.") and certified[2:] == name.partition(".")[2])


class CertificateKind(Kind):
    name = CERTIFICATE
    tag_action = "acm:AddTagsToCertificate"
    actions = {  # noqa: RUF012
        "create": ("acm:RequestCertificate", "acm:DescribeCertificate"),
        "update": ("acm:DescribeCertificate",),
        "delete": ("acm:DescribeCertificate", "acm:DeleteCertificate"),
    }

    def physical_id(self, site: Placement, logical_id: str, properties: Mapping[str, Any]) -> str:
        unique = hashlib.sha256(site.unique(logical_id).encode()).hexdigest()
        return site.arn(
            "acm", f"certificate/{unique[:8]}-{unique[8:12]}-{unique[12:16]}-{unique[16:20]}-{unique[20:32]}"
        )

    def attributes(self, site: Placement, physical_id: str, properties: Mapping[str, Any]) -> dict[str, Any]:
        return {"CertificateArn": physical_id, "Id": physical_id}

    def grants(
        self, site: Placement, verb: str, physical_id: str, properties: Mapping[str, Any]
    ) -> Iterator[tuple[str, str, Mapping[str, str]]]:
        yield from super().grants(site, verb, physical_id, properties)
        if verb == "create":
            for option in properties.get("DomainValidationOptions", ()):
                zone = option.get("HostedZoneId")
                if zone:
                    yield (
                        "route53:ChangeResourceRecordSets",
                        f"arn:{site.partition}:route53:::hostedzone/{zone}",
                        {},
                    )

    def about(self, site: Placement, action: str, physical_id: str, properties: Mapping[str, Any]) -> str:
        # RequestCertificate is about a certificate that has no ARN yet.
        return "*" if action == "acm:RequestCertificate" else physical_id

    def check(
        self,
        site: Placement,
        physical_id: str,
        properties: Mapping[str, Any],
        old: MadeResource | None,
    ) -> None:
        if properties.get("ValidationMethod") != "DNS":
            raise ResourceFailed("the certificate waits for an e-mail that nobody answers")
        options = {
            each["DomainName"]: each.get("HostedZoneId")
            for each in properties.get("DomainValidationOptions", ())
        }
        for name in certified_names(properties):
            zone = options.get(name)
            if zone is None or not site.surroundings.zone_exists(zone):
                raise ResourceFailed(f"DNS Record Set is not available. No hosted zone found for {name}")

    def made(self, site: Placement, resource: MadeResource, old: MadeResource | None) -> None:
        """Write the validation records. They stay when the certificate goes, as at AWS."""
        for option in resource.properties.get("DomainValidationOptions", ()):
            token = hashlib.sha256(f"{site.account} {option['DomainName']}".encode()).hexdigest()[:32]
            record = {
                "Name": f"_{token}.{option['DomainName']}",
                "Type": "CNAME",
                "TTL": 300,
                "ResourceRecords": [{"Value": f"_{token[::-1]}.acm-validations.aws."}],
            }
            site.surroundings.change_record(option["HostedZoneId"], "UPSERT", record)

    def check_removal(self, site: Placement, resource: MadeResource) -> None:
        for each in site.inventory.resources:
            if each.kind != CERTIFICATE and resource.physical_id in str(each.properties):
                raise ResourceFailed(f"Certificate {resource.physical_id} is in use by {each.physical_id}")


class RecordSetKind(Kind):
    name = RECORD_SET
    actions = dict.fromkeys(
        ("create", "update", "delete"),
        ("route53:GetHostedZone", "route53:ChangeResourceRecordSets", "route53:GetChange"),
    )

    def physical_id(self, site: Placement, logical_id: str, properties: Mapping[str, Any]) -> str:
        return str(properties["Name"])

    def about(self, site: Placement, action: str, physical_id: str, properties: Mapping[str, Any]) -> str:
        kind = (
            "change/C1" if action == "route53:GetChange" else f"hostedzone/{properties.get('HostedZoneId')}"
        )
        return f"arn:{site.partition}:route53:::{kind}"

    def check(
        self,
        site: Placement,
        physical_id: str,
        properties: Mapping[str, Any],
        old: MadeResource | None,
    ) -> None:
        if not site.surroundings.zone_exists(properties.get("HostedZoneId", "")):
            raise ResourceFailed(f"No hosted zone found with ID: {properties.get('HostedZoneId')}")

    def made(self, site: Placement, resource: MadeResource, old: MadeResource | None) -> None:
        zone, after = resource.properties["HostedZoneId"], record_of(resource.properties)
        if old is None:
            site.surroundings.change_record(zone, "CREATE", after)
            return
        before, keys = record_of(old.properties), ("Name", "Type", "SetIdentifier")
        if [before.get(key) for key in keys] != [after.get(key) for key in keys]:
            site.surroundings.change_record(zone, "DELETE", before)
        site.surroundings.change_record(zone, "UPSERT", after)

    def removed(self, site: Placement, resource: MadeResource) -> None:
        properties = resource.properties
        site.surroundings.change_record(properties["HostedZoneId"], "DELETE", record_of(properties))


def record_of(properties: Mapping[str, Any]) -> dict[str, Any]:
    """As Route 53's own API spells a record set: its values are mappings and its times numbers."""
    record = {key: value for key, value in properties.items() if key not in ("HostedZoneId", "Comment")}
    if "ResourceRecords" in record:
        record["ResourceRecords"] = [{"Value": value} for value in record["ResourceRecords"]]
    if "TTL" in record:
        record["TTL"] = int(record["TTL"])
    if "AliasTarget" in record:
        health = str(record["AliasTarget"].get("EvaluateTargetHealth", False)).lower() == "true"
        record["AliasTarget"] = {**record["AliasTarget"], "EvaluateTargetHealth": health}
    return record


KINDS = (CertificateKind(), RecordSetKind())
