"""Certificates of ACM: which one fits a domain, and having one made."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from infra.aws import Aws, absent_as_none, refusals
from infra.clock import Clock
from infra.errors import StillWaiting

# DNS validation mostly takes some minutes; ACM itself gives up after 72 hours.
PATIENCE = 1800.0
INTERVAL = 10.0


@dataclass(frozen=True)
class Certificate:
    """`status` in ACM's words (ISSUED, PENDING_VALIDATION, EXPIRED …); `names` are lower-case."""

    arn: str
    status: str
    names: tuple[str, ...]
    expires: float

    def covers(self, domain: str) -> bool:
        """Whether one of the names is `domain`, or a wildcard for exactly its first label (RFC 6125)."""
        wildcard = "*." + domain.partition(".")[2]
        return domain in self.names or wildcard in self.names


@dataclass(frozen=True)
class ValidationRecord:
    """The DNS record with which ACM sees that the domain is ours."""

    name: str
    type: str
    value: str


def best(certificates: Iterable[Certificate], domain: str) -> Certificate | None:
    """The issued certificate for `domain` that lasts longest; one by its own name before a wildcard."""
    fitting = [found for found in certificates if found.status == "ISSUED" and found.covers(domain)]
    return max(fitting, key=lambda found: (domain in found.names, found.expires), default=None)


def pending(certificates: Iterable[Certificate], domain: str) -> Certificate | None:
    """A certificate asked for earlier and not validated yet, so that none is asked for twice."""
    waiting = (
        found for found in certificates if found.status == "PENDING_VALIDATION" and found.covers(domain)
    )
    return next(waiting, None)


def certificates_in(aws: Aws) -> tuple[Certificate, ...]:
    """All of the region that are issued or waiting, of every key type (ACM lists RSA 2048 by default)."""
    with refusals():
        pages = aws.acm.get_paginator("list_certificates").paginate(
            CertificateStatuses=["ISSUED", "PENDING_VALIDATION"],
            Includes={"keyTypes": ["RSA_2048", "RSA_3072", "RSA_4096", "EC_prime256v1", "EC_secp384r1"]},
        )
        arns = [item["CertificateArn"] for page in pages for item in page["CertificateSummaryList"]]
        found = [certificate(aws, arn) for arn in arns]
    return tuple(item for item in found if item is not None)


def certificate(aws: Aws, arn: str) -> Certificate | None:
    """One certificate, None where there is none of that ARN."""
    with refusals():
        found = absent_as_none(lambda: aws.acm.describe_certificate(CertificateArn=arn))
    if found is None:
        return None
    detail = found["Certificate"]
    names = {detail.get("DomainName", ""), *detail.get("SubjectAlternativeNames", [])}
    expires = detail.get("NotAfter")
    return Certificate(
        arn=arn,
        status=detail.get("Status", ""),
        names=tuple(sorted(name.lower() for name in names)),
        expires=expires.timestamp() if expires else 0.0,
    )


def request(aws: Aws, domain: str) -> str:
    """Ask for a certificate with DNS validation and return its ARN. The idempotency token makes a second
    call within the hour return the same certificate."""
    token = "".join(filter(str.isalnum, domain))[-32:]
    with refusals():
        answer = aws.acm.request_certificate(
            DomainName=domain, ValidationMethod="DNS", IdempotencyToken=token
        )
    return answer["CertificateArn"]


def validation_record(aws: Aws, arn: str, clock: Clock) -> ValidationRecord:
    """The record to create; ACM takes some seconds to make it up."""
    deadline = clock.now() + PATIENCE
    while True:
        with refusals():
            options: Any = aws.acm.describe_certificate(CertificateArn=arn)["Certificate"].get(
                "DomainValidationOptions", []
            )
        for option in options:
            if "ResourceRecord" in option:
                record = option["ResourceRecord"]
                return ValidationRecord(record["Name"], record["Type"], record["Value"])
        if clock.now() > deadline:
            raise StillWaiting(f"ACM names no validation record for {arn} yet; run `init` again later")
        clock.sleep(INTERVAL)


def publish(aws: Aws, zone_id: str, record: ValidationRecord) -> None:
    """Put the validation record into the zone, where it stays: ACM needs it for each renewal."""
    body: Any = {
        "Name": record.name,
        "Type": record.type,
        "TTL": 300,
        "ResourceRecords": [{"Value": record.value}],
    }
    with refusals():
        aws.route53.change_resource_record_sets(
            HostedZoneId=zone_id,
            ChangeBatch={"Changes": [{"Action": "UPSERT", "ResourceRecordSet": body}]},
        )


def wait_until_issued(
    aws: Aws,
    arn: str,
    progress: Callable[[str], None],
    clock: Clock,
) -> None:
    """Raises StillWaiting where ACM refuses, or needs longer than PATIENCE."""
    start = clock.now()
    while True:
        found = certificate(aws, arn)
        status = "gone" if found is None else found.status
        if status == "ISSUED":
            return
        waited = clock.now() - start
        if status != "PENDING_VALIDATION" or waited > PATIENCE:
            raise StillWaiting(
                f"the certificate {arn} is {status} after {waited:.0f} s; "
                "see that the zone is the one the public DNS delegates to, then run `init` again"
            )
        progress(f"  waiting for ACM to issue the certificate ({waited:.0f} s)")
        clock.sleep(INTERVAL)
