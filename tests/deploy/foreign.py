"""What other teams have in the same account: no command may touch it, whatever its name."""

from __future__ import annotations

import json
from typing import Any

from tests.deploy.aws_account import AwsAccount
from tests.deploy.other_deployer import create_foreign_stack

NAME = "custom-ecr-domain-production"
"""The name of our own service stack; other teams have it too, for functions, roles and the like."""
OTHER = "other.example.test"


def make_foreign_things(account: AwsAccount, zone_id: str, region: str) -> None:
    """Another API with its alias records, a function and a role with our stack's name, another team's logs,
    a bucket, and a stack."""
    client = account.client
    role = client("iam", region).create_role(
        RoleName=NAME, AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": []})
    )["Role"]["Arn"]
    client("lambda", region).create_function(
        FunctionName=NAME,
        Role=role,
        Runtime="python3.12",
        Handler="x.y",
        Code={"ZipFile": b"PK\x05\x06" + bytes(18)},
    )
    logs = client("logs", region)
    logs.create_log_group(logGroupName=f"/aws/lambda/{NAME}-of-others")
    logs.put_retention_policy(logGroupName=f"/aws/lambda/{NAME}-of-others", retentionInDays=365)
    client("apigateway", region).create_domain_name(
        domainName=OTHER, endpointConfiguration={"types": ["REGIONAL"]}
    )
    target = {
        "DNSName": f"d-others.execute-api.{region}.amazonaws.com",
        "HostedZoneId": "ZOTHERS",
        "EvaluateTargetHealth": False,
    }
    changes: list[Any] = [
        {
            "Action": "CREATE",
            "ResourceRecordSet": {
                "Name": OTHER,
                "Type": kind,
                "SetIdentifier": region,
                "Region": region,
                "AliasTarget": target,
            },
        }
        for kind in ("A", "AAAA")
    ]
    client("route53", region).change_resource_record_sets(
        HostedZoneId=zone_id, ChangeBatch={"Changes": changes}
    )
    place: Any = {"LocationConstraint": region}
    s3 = client("s3", region)
    s3.create_bucket(Bucket="custom-ecr-domain-of-others", CreateBucketConfiguration=place)
    s3.put_object(Bucket="custom-ecr-domain-of-others", Key="production/code.zip", Body=b"theirs")
    create_foreign_stack(account, region, "custom-ecr-domain-of-others")
