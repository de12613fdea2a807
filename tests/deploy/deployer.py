"""Someone with a copy of the project and an account: runs `python -m infra` and looks at the account."""

from __future__ import annotations

import io
import json
import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import trustme

from infra.clock import Clock
from infra.command_line import main
from infra.outside import Outside
from infra.service_template import Packaging
from infra.terminal import Terminal
from tests.deploy.aws_account import ACCOUNT, AwsAccount
from tests.deploy.public_internet import PublicInternet

ROOT = Path(__file__).parents[2]
DOMAIN = "ecr.example.test"
REGION = "eu-west-1"
SERVICE_STACK = "custom-ecr-domain-production"
ADMINISTRATORS_STACK = "administrators-stack"
EDGE_STACK = f"{SERVICE_STACK}-edge"


def copy_project(directory: Path) -> Path:
    """The files that a deployment is made from, where they may be changed."""
    project = directory / "project"
    ignored = shutil.ignore_patterns("__pycache__", "deployed", "deployments")
    for name in ("chalice_patches", "chalicelib", "infra", ".chalice"):
        shutil.copytree(ROOT / name, project / name, ignore=ignored)
    for name in ("app.py", "requirements.txt"):
        shutil.copy(ROOT / name, project)
    return project


@dataclass(frozen=True)
class CommandOutcome:
    """How a command ended, and what it wrote."""

    status: int
    out: str
    err: str

    def refusal(self) -> str:
        """The one line that a refusal is."""
        assert self.status == 1, self.err
        assert "Traceback" not in self.err
        (line,) = [each for each in self.err.splitlines() if each.startswith("ecr-domain: ")]
        return line

    def document(self) -> dict[str, Any]:
        """The JSON document that `--json` printed."""
        document: dict[str, Any] = json.loads(self.out)
        return document


@dataclass
class FakeClock:
    """A clock that stands still but for those who sleep; `on_sleep` happens meanwhile."""

    seconds: float = 0.0
    on_sleep: Callable[[], None] = field(default=lambda: None)

    #: How long the last sleep was.
    last: float = 0.0

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds
        self.last = seconds
        self.on_sleep()

    def now(self) -> float:
        return self.seconds

    def clock(self) -> Clock:
        return Clock(now=self.now, sleep=self.sleep)


@dataclass
class Deployer:
    """`registry` is the origin of the registry behind the deployments; `outside` is what the commands see of
    the world, where that is not all of `internet`."""

    account: AwsAccount
    project: Path
    internet: PublicInternet
    zone_id: str
    registry: str
    time: FakeClock
    package: Packaging
    outside: Outside | None = None

    def run(self, *arguments: str, typed: str | None = None) -> CommandOutcome:
        """One command, with `typed` on its standard input (None: nobody is there)."""
        out, err = io.StringIO(), io.StringIO()
        terminal = Terminal(out, err, None if typed is None else io.StringIO(typed))
        status = main(
            arguments,
            self.project,
            os.environ,
            terminal,
            self.outside or self.internet,
            self.account.connect,
            self.time.clock(),
            self.package,
        )
        self.internet.refresh()
        return CommandOutcome(status, out.getvalue(), err.getvalue())

    def succeed(self, *arguments: str) -> CommandOutcome:
        """One command, which must end well."""
        outcome = self.run(*arguments)
        assert outcome.status == 0, outcome.err
        return outcome

    def init(self, *flags: str, region: str = REGION) -> CommandOutcome:
        """`init` as most would run it: domain and registry given, the rest found."""
        given = ("--region", region, "--domain", DOMAIN, "--registry", self.registry, "--yes")
        return self.run("init", *given, *flags)

    def import_certificate(self, *names: str, region: str = REGION) -> str:
        """A certificate that ACM counts as issued."""
        issued = trustme.CA().issue_cert(*names)
        imported = self.account.client("acm", region).import_certificate(
            Certificate=issued.cert_chain_pems[0].bytes(), PrivateKey=issued.private_key_pem.bytes()
        )
        return str(imported["CertificateArn"])

    def configuration(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads((self.project / ".chalice/config.json").read_text())
        return document

    def configure(self, stage: str, **values: object) -> None:
        """Change values of a stage; those of our own key by `own`."""
        document = self.configuration()
        own = values.pop("own", {})
        assert isinstance(own, Mapping)
        document["stages"][stage].update(values)
        document["stages"][stage]["custom_ecr_domain"].update(own)
        (self.project / ".chalice/config.json").write_text(json.dumps(document))

    def resources(self, *regions: str) -> dict[str, Any]:
        """Everything in the account that these commands could touch, whoever made it."""
        client, stacks = self.account.client, self.account.stacks
        s3 = client("s3", "us-east-1")
        found: dict[str, Any] = {
            "stacks": sorted((each.region, each.name, each.status) for each in stacks.living()),
            "of stacks": sorted(
                (each.region, each.kind, each.physical_id, json.dumps(dict(each.properties)))
                for each in stacks.inventory.resources
            ),
            "roles": sorted(role["RoleName"] for role in client("iam", "us-east-1").list_roles()["Roles"]),
            "records": self.records(),
            "buckets": {
                bucket["Name"]: [
                    each["Key"] for each in s3.list_objects_v2(Bucket=bucket["Name"]).get("Contents", ())
                ]
                for bucket in s3.list_buckets()["Buckets"]
            },
        }
        for region in regions or (REGION,):
            found[region] = self._regional(region)
        return found

    def foreign(self, *regions: str) -> dict[str, Any]:
        """Those of `resources` that are not of our stacks, not our bucket, and not at our domain."""
        found = self.resources(*regions)
        ours = {each.identifier for each in self.account.stacks.stacks if SERVICE_STACK in each.name}
        inventory = self.account.stacks.inventory.resources
        found["of stacks"] = [each.key for each in inventory if each.stack_id not in ours]
        found["stacks"] = [each for each in found["stacks"] if SERVICE_STACK not in each[1]]
        found["records"] = [each for each in found["records"] if each["Name"] != f"{DOMAIN}."]
        found["buckets"].pop(f"custom-ecr-domain-{ACCOUNT}-{REGION}", None)
        return found

    def records(self) -> list[Any]:
        """Of the zone, but for those that prove to ACM whose the name is: they stay for ever."""
        route53 = self.account.client("route53", "us-east-1")
        found = route53.list_resource_record_sets(HostedZoneId=self.zone_id)["ResourceRecordSets"]
        return [each for each in found if "acm-validations" not in str(each)]

    def alias(self) -> str:
        """Where the domain's A record leads; empty without one."""
        for each in self.records():
            if (each["Name"], each["Type"]) == (f"{DOMAIN}.", "A"):
                return str(each["AliasTarget"]["DNSName"]).rstrip(".")
        return ""

    def made(self, stage: str = "production") -> dict[str, list[str]]:
        """The logical ids of what a stage's stacks have, by stack."""
        names = (f"custom-ecr-domain-{stage}", f"custom-ecr-domain-{stage}-edge")
        stacks = self.account.stacks.living()
        return {each.name: sorted(each.resources) for each in stacks if each.name in names}

    def health_check(self) -> str:
        """The id of one that is there."""
        config: Any = {"Type": "TCP", "IPAddress": "192.0.2.1", "Port": 443}
        route53 = self.account.client("route53", "us-east-1")
        return str(
            route53.create_health_check(CallerReference="1", HealthCheckConfig=config)["HealthCheck"]["Id"]
        )

    def forget_rights(self) -> None:
        """Delete what an administrator deployed."""
        client = self.account.client("cloudformation", REGION)
        client.delete_stack(StackName=ADMINISTRATORS_STACK)
        self.account.stacks.settle()

    def code(self) -> dict[tuple[str, str], bytes]:
        """What all buckets hold, by bucket and key."""
        s3 = self.account.client("s3", REGION)
        return {
            (name, key): s3.get_object(Bucket=name, Key=key)["Body"].read()
            for name, keys in self.resources()["buckets"].items()
            for key in keys
        }

    def put_back(self, code: Mapping[tuple[str, str], bytes]) -> None:
        """Objects of `code` again, in buckets that are made where they are missing."""
        s3 = self.account.client("s3", REGION)
        there = self.resources()["buckets"]
        for (name, key), content in code.items():
            if name not in there:
                s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
                there[name] = []
            s3.put_object(Bucket=name, Key=key, Body=content)

    def status(self, stack: str) -> str:
        """Of one of our stacks, ABSENT where there is none."""
        found = [each.status for each in self.account.stacks.living() if each.name == stack]
        return found[0] if found else "ABSENT"

    def _regional(self, region: str) -> dict[str, Any]:
        client = self.account.client
        apigateway = client("apigateway", region)
        return {
            "functions": client("lambda", region).list_functions()["Functions"],
            "apis": [api["id"] for api in apigateway.get_rest_apis()["items"]],
            "domains": apigateway.get_domain_names()["items"],
            "log groups": {
                group["logGroupName"]: group.get("retentionInDays")
                for group in client("logs", region).describe_log_groups()["logGroups"]
            },
            "certificates": sorted(
                item["CertificateArn"]
                for item in client("acm", region).list_certificates()["CertificateSummaryList"]
            ),
        }
