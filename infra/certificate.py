"""Certificates of ACM: which one fits a domain."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from infra.aws import Aws, absent_as_none, refusals
from infra.stack import OWN_TAG


@dataclass(frozen=True)
class Certificate:
    """What ACM says about a certificate."""

    arn: str
    #: In ACM's words: ISSUED, PENDING_VALIDATION, EXPIRED and the like.
    status: str
    #: The domain name and the alternative names, in lower case.
    names: tuple[str, ...]
    #: Seconds since 1970; 0 where it was not issued.
    expires: float
    #: Whether one of our stacks made it, and will delete it.
    of_stack: bool = False

    def covers(self, domain: str) -> bool:
        """Whether one of the names is `domain`, or a wildcard for exactly its first label (RFC 6125)."""
        wildcard = "*." + domain.partition(".")[2]
        return domain in self.names or wildcard in self.names


def best(certificates: Iterable[Certificate], domain: str) -> Certificate | None:
    """The issued certificate for `domain` that lasts longest; one by its own name before a wildcard. One
    that a stack made goes with that stack, so it is not for others."""
    issued = [found for found in certificates if found.status == "ISSUED" and not found.of_stack]
    fitting = [found for found in issued if found.covers(domain)]
    return max(fitting, key=lambda found: (domain in found.names, found.expires), default=None)


def certificates_in(aws: Aws) -> tuple[Certificate, ...]:
    """All of the region that are issued, of every key type (ACM lists RSA 2048 by default)."""
    with refusals():
        pages = aws.acm.get_paginator("list_certificates").paginate(
            CertificateStatuses=["ISSUED"],
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
        tags = aws.acm.list_tags_for_certificate(CertificateArn=arn)["Tags"]
    detail = found["Certificate"]
    names = {detail.get("DomainName", ""), *detail.get("SubjectAlternativeNames", [])}
    expires = detail.get("NotAfter")
    return Certificate(
        arn=arn,
        status=detail.get("Status", ""),
        names=tuple(sorted(name.lower() for name in names)),
        expires=expires.timestamp() if expires else 0.0,
        of_stack=any(tag["Key"] == OWN_TAG for tag in tags),
    )
