"""The bucket that holds the functions' code: one per account and region, shared by the stages."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from infra.aws import Account, absent_as_none, refusals
from infra.errors import AwsRefused, InfraError, NotReady
from infra.partition import suffix_of
from infra.stack import OWN_TAG

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


class NoBucketYet(InfraError):
    """A template needs the bucket, which the first `up` makes."""


@dataclass(frozen=True)
class ArtefactBucket:
    """The bucket, which need not exist yet. Its methods raise AwsRefused."""

    s3: S3Client
    account: Account
    region: str

    @property
    def name(self) -> str:
        return f"custom-ecr-domain-{self.account.id}-{self.region}"

    @property
    def _bucket(self) -> dict[str, Any]:
        # S3 refuses a call to a bucket of another account, whatever that account allows.
        return {"Bucket": self.name, "ExpectedBucketOwner": self.account.id}

    def exists(self) -> bool:
        """Raises NotReady where a bucket of that name is not ours."""
        try:
            with refusals():
                if absent_as_none(lambda: self.s3.head_bucket(**self._bucket)) is None:
                    return False
        except AwsRefused as error:
            if error.code != "403":
                raise
            problem = f"the bucket {self.name} belongs to another account, or may not be read"
            raise NotReady(f"{problem}; ask its owner, or AWS support, to give the name back") from error
        with refusals():
            tags: Any = absent_as_none(lambda: self.s3.get_bucket_tagging(**self._bucket))
            # A creation that was interrupted before the tag left an empty bucket.
            if tags is None and not self.s3.list_objects_v2(**self._bucket, MaxKeys=1)["KeyCount"]:
                return False
        if {"Key": OWN_TAG, "Value": "artefacts"} not in (tags or {}).get("TagSet", []):
            tag = f"{OWN_TAG}=artefacts"
            raise NotReady(f"the bucket {self.name} is not ours; delete it, or give it the tag {tag}")
        return True

    def code_uri(self, stage: str, digest: str) -> str:
        return f"s3://{self.name}/{stage}/{digest}.zip"

    def upload(self, stage: str, digest: str, archive: Path) -> None:
        """Make the bucket where it is missing, protect it, and put the code of a stage into it."""
        there = self.exists()
        with refusals():
            if not there:
                self._make()
            self._protect()
            if not there:
                self._mark()
        self._put(f"{stage}/{digest}.zip", archive.read_bytes())

    @contextmanager
    def placed_template(self, stage: str, body: str) -> Iterator[str]:
        """The URL of a template in the bucket, where it lies until the context ends. Raises NoBucketYet."""
        if not self.exists():
            raise NoBucketYet("the template is too large to be shown before there is a bucket")
        # Its own name: another run may place the same template, and take it away.
        key = f"{stage}/{uuid.uuid4().hex}.json"
        self._put(key, body.encode())
        try:
            yield f"https://{self.name}.s3.{self.region}.{suffix_of(self.account.partition)}/{key}"
        finally:
            with refusals():
                self.s3.delete_object(**self._bucket, Key=key)

    def prune(self, stage: str, keep: str = "") -> bool:
        """Delete the code of a stage, but for the digest `keep`; the bucket too where nothing is left in it.
        Returns whether the bucket was deleted."""
        if not self.exists():
            return False
        with refusals():
            pages = self.s3.get_paginator("list_objects_v2").paginate(**self._bucket)
            keys = [each["Key"] for page in pages for each in page.get("Contents", [])]
            gone = [key for key in keys if key.startswith(f"{stage}/") and key != f"{stage}/{keep}.zip"]
            for key in gone:
                self.s3.delete_object(**self._bucket, Key=key)
            if len(gone) < len(keys) or keep:
                return False
            self.s3.delete_bucket(**self._bucket)
        return True

    def _put(self, key: str, content: bytes) -> None:
        with refusals():
            self.s3.put_object(**self._bucket, Key=key, Body=content)

    def _make(self) -> None:
        """A new bucket has no versions."""
        place: Any = {"CreateBucketConfiguration": {"LocationConstraint": self.region}}
        # It is there where an earlier creation was interrupted.
        with suppress(self.s3.exceptions.BucketAlreadyOwnedByYou):
            self.s3.create_bucket(Bucket=self.name, **({} if self.region == "us-east-1" else place))

    def _protect(self) -> None:
        """Private, encrypted, TLS alone: what somebody has changed since the bucket was made is put back."""
        bucket = self._bucket
        everything: Any = dict.fromkeys(
            ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True
        )
        self.s3.put_public_access_block(**bucket, PublicAccessBlockConfiguration=everything)
        encryption: Any = {"Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]}
        self.s3.put_bucket_encryption(**bucket, ServerSideEncryptionConfiguration=encryption)
        self.s3.put_bucket_policy(**bucket, Policy=json.dumps(self._tls_only()))

    def _mark(self) -> None:
        # The tag comes last: it says that all the rest is done.
        tags: Any = {"TagSet": [{"Key": OWN_TAG, "Value": "artefacts"}]}
        self.s3.put_bucket_tagging(**self._bucket, Tagging=tags)

    def _tls_only(self) -> dict[str, Any]:
        arn = f"arn:{self.account.partition}:s3:::{self.name}"
        statement = {
            "Sid": "RefuseWithoutTls",
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:*",
            "Resource": [arn, f"{arn}/*"],
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        }
        return {"Version": "2012-10-17", "Statement": [statement]}
