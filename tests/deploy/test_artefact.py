"""The bucket of the code: whose it is, who may read it, and where a template lies in it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from infra.artefact import ArtefactBucket, NoBucketYet
from infra.aws import Account
from tests.deploy.aws_account import ACCOUNT, AwsAccount
from tests.deploy.deployer import REGION

DIGEST = "0" * 64


@pytest.fixture
def bucket(account: AwsAccount) -> Iterator[ArtefactBucket]:
    account.reset()
    yield ArtefactBucket(account.connect(None, REGION).s3, Account(ACCOUNT, "aws"), REGION)
    account.reset()


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    path = tmp_path / "deployment.zip"
    path.write_bytes(b"code")
    return path


def test_it_is_private_encrypted_and_read_over_tls_alone(
    bucket: ArtefactBucket, archive: Path, account: AwsAccount
) -> None:
    bucket.upload("production", DIGEST, archive)
    s3 = account.client("s3", REGION)
    block = s3.get_public_access_block(Bucket=bucket.name)["PublicAccessBlockConfiguration"]
    assert set(block.values()) == {True}
    (rule,) = s3.get_bucket_encryption(Bucket=bucket.name)["ServerSideEncryptionConfiguration"]["Rules"]
    assert rule["ApplyServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}
    (statement,) = account.lessons.bucket_policies[bucket.name]["Statement"]
    arn = f"arn:aws:s3:::{bucket.name}"
    assert {**statement, "Sid": ""} == {
        "Sid": "",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [arn, f"{arn}/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }


def test_no_call_reaches_a_bucket_of_another_account(bucket: ArtefactBucket, archive: Path) -> None:
    """S3 refuses one that names another owner, whatever that bucket's policy allows."""
    accounts: dict[str, str] = {}

    def keep(request: Any, event_name: str, **_: object) -> None:  # noqa: ANN401 - botocore's
        expected = request.headers.get("x-amz-expected-bucket-owner", b"")
        accounts[event_name.rpartition(".")[2]] = (
            expected.decode() if isinstance(expected, bytes) else expected
        )

    events = bucket.s3.meta.events
    events.register("before-send.s3", keep)
    try:
        bucket.upload("production", DIGEST, archive)
        with bucket.placed_template("production", "{}"):
            pass
        bucket.prune("production")
    finally:
        events.unregister("before-send.s3", keep)
    assert accounts.pop("CreateBucket") == ""
    assert {"HeadBucket", "PutObject", "ListObjectsV2", "DeleteObject", "DeleteBucket"} <= accounts.keys()
    assert set(accounts.values()) == {ACCOUNT}


@pytest.mark.parametrize(
    ("partition", "suffix"),
    [("aws", "amazonaws.com"), ("aws-cn", "amazonaws.com.cn"), ("aws-eusc", "amazonaws.eu")],
)
def test_a_template_lies_where_cloudformation_finds_it(
    bucket: ArtefactBucket, archive: Path, partition: str, suffix: str
) -> None:
    there = ArtefactBucket(bucket.s3, Account(ACCOUNT, partition), REGION)
    with pytest.raises(NoBucketYet), there.placed_template("production", "{}"):
        pass
    there.upload("production", DIGEST, archive)
    with there.placed_template("production", "{}") as place:
        assert place.startswith(f"https://{bucket.name}.s3.{REGION}.{suffix}/production/")
        assert place.endswith(".json")


def test_only_the_code_of_the_stage_goes(bucket: ArtefactBucket, archive: Path, account: AwsAccount) -> None:
    for stage, digest in (("production", DIGEST), ("production", "1" * 64), ("production-b", DIGEST)):
        bucket.upload(stage, digest, archive)
    assert not bucket.prune("production", keep="1" * 64)
    assert not bucket.prune("production-b", keep=DIGEST)
    kept = account.client("s3", REGION).list_objects_v2(Bucket=bucket.name)["Contents"]
    assert [each["Key"] for each in kept] == [f"production-b/{DIGEST}.zip", f"production/{'1' * 64}.zip"]
    assert not bucket.prune("production")
    assert bucket.prune("production-b")
    assert not bucket.exists()
