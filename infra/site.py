"""One stage in its account: its settings, its two stacks, and what is deployed of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chalicelib.registries import Registries
from chalicelib.registry_host import RegistryHost
from infra.artefact import ArtefactBucket
from infra.aws import Account, Aws
from infra.clock import Clock
from infra.config_file import CONFIG_PATH, chalice_tags, other_stages_at, read_document, settings_in
from infra.edge_template import edge_template
from infra.outside import Outside
from infra.rollout import Action, Deployed, Step, rollout
from infra.service_template import Packaging, ServicePackage, service_parameters
from infra.settings import EDGE_REGION, SETTINGS, DeploymentSettings, flag_of
from infra.stack import OWN_TAG, Condition, Stack, StackRequest
from infra.stacks import Stacks
from infra.terminal import Terminal


@dataclass(frozen=True)
class CommandContext:
    """Everything outside of the process that a command touches."""

    project: Path
    #: Makes the clients of a profile and a region.
    connect: Callable[[str | None, str | None], Aws]
    profile: str | None
    outside: Outside
    terminal: Terminal
    environment: Mapping[str, str]
    clock: Clock
    package: Packaging


@dataclass(frozen=True)
class Standing:
    """The two stacks as they are now; None where there is none that can be updated."""

    service: Stack | None
    edge: Stack | None

    def deployed(self) -> Deployed:
        edge = self.edge.outputs if self.edge else {}
        registries = [each for each in edge.get("Registries", "").split(",") if each]
        return Deployed(
            alias_target=self.service.parameters.get("AliasTargetDomainName", "") if self.service else "",
            distribution=edge.get("DistributionDomainName", ""),
            registries=tuple(map(RegistryHost.parse, registries)),
        )


@dataclass(frozen=True)
class DeployedStage:
    """A stage whose configuration was accepted."""

    world: CommandContext
    stage: str
    settings: DeploymentSettings
    #: The whole of .chalice/config.json.
    document: Mapping[str, Any]
    aws: Aws
    account: Account
    #: The settings that came from flags of `init`.
    from_flags: frozenset[str] = frozenset()

    @classmethod
    def of(cls, world: CommandContext, stage: str) -> DeployedStage:
        """Read a stage's configuration and find out whose account this is. Raises InfraError."""
        document = read_document(world.project)
        settings = settings_in(document, stage)
        aws = world.connect(world.profile, settings.region)
        site = cls(world, stage, settings, document, aws, aws.account())
        where = f"account {site.account.id}, region {settings.region}, stage {stage}"
        world.terminal.progress(f"{settings.domain}: {where}")
        return site

    def origin(self, setting: str) -> str:
        """Where the value of a setting was set."""
        in_file = f"{SETTINGS[setting].key(setting)} in {CONFIG_PATH}"
        return flag_of(setting) if setting in self.from_flags else in_file

    @property
    def service_name(self) -> str:
        return f"custom-ecr-domain-{self.stage}"

    @property
    def edge_name(self) -> str:
        return f"{self.service_name}-edge"

    @property
    def registries(self) -> Registries:
        return self.settings.registries_in(self.account.partition, self.account.id)

    @property
    def other_stages(self) -> tuple[str, ...]:
        """Those of the configuration at the same domain."""
        return other_stages_at(self.document, self.stage, self.settings.domain)

    @property
    def bucket(self) -> ArtefactBucket:
        return ArtefactBucket(self.aws.s3, self.account, self.settings.region)

    def package(self) -> AbstractContextManager[ServicePackage]:
        world = self.world
        return world.package(world.project, self.stage, self.settings.region, world.environment)

    def stacks_in(self, name: str) -> Stacks:
        """CloudFormation in the region of the stack of this name."""
        world, aws = self.world, self.aws
        if name == self.edge_name and aws.region != EDGE_REGION:
            aws = world.connect(world.profile, EDGE_REGION)

        def place(body: str) -> AbstractContextManager[str]:
            return self.bucket.placed_template(self.stage, body)

        role = self.settings.service_role_arn
        return Stacks(aws.cloudformation, aws.region, world.terminal, world.clock, role, place)

    def stacks(self) -> tuple[Stack, ...]:
        """Those of the two that exist, in whatever condition."""
        names = [self.service_name, self.edge_name] if self.account.has_cloudfront else [self.service_name]
        found = (self.stacks_in(name).find(name) for name in names)
        return tuple(stack for stack in found if stack is not None)

    def standing(self) -> Standing:
        ready = {stack.name: stack for stack in self.stacks() if stack.condition is Condition.READY}
        return Standing(ready.get(self.service_name), ready.get(self.edge_name))

    def steps(self, standing: Standing) -> tuple[Step, ...]:
        return rollout(standing.deployed(), self.settings.has_edge, self.registries.all())

    def request(self, step: Step, package: ServicePackage, standing: Standing) -> StackRequest:
        """What a step asks of its stack."""
        tags = {**chalice_tags(self.document, self.stage), OWN_TAG: self.stage}
        now = standing.service
        if step.action is Action.UPDATE_EDGE:
            parameters = {
                "DomainName": self.settings.domain,
                "HostedZoneId": self.settings.hosted_zone_id,
                "CertificateArn": self.settings.edge_certificate_arn,
                # Unknown only in a plan of what was never deployed.
                "ApiTarget": now.outputs["ApiTarget"] if now else "d-unknown.execute-api.amazonaws.com",
                "NotificationAddress": self.settings.notify,
                "Dashboard": self.settings.dashboard,
            }
            return StackRequest(self.edge_name, edge_template(step.registries), parameters, tags)
        if step.action in (Action.ALIAS_TO_EDGE, Action.ALIAS_TO_API):
            edge = standing.edge.outputs if standing.edge and step.action is Action.ALIAS_TO_EDGE else {}
            leads = {
                "AliasTargetDomainName": edge.get("DistributionDomainName", ""),
                "AliasTargetHostedZoneId": edge.get("DistributionHostedZoneId", ""),
            }
            return StackRequest(self.service_name, None, leads, tags)
        there = now.parameters if now else {}
        code_uri = self.bucket.code_uri(self.stage, package.digest)
        template = package.finished(code_uri, self.settings.function_name)
        parameters = service_parameters(
            self.settings,
            there.get("AliasTargetDomainName", ""),
            there.get("AliasTargetHostedZoneId", ""),
        )
        return StackRequest(self.service_name, template, parameters, tags)

    def outputs(self) -> dict[str, Any]:
        """What the original Terraform module gives as its outputs, under the same names, and the edge."""
        standing = self.standing()
        found = standing.service.outputs if standing.service else {}
        edge = standing.edge.outputs if standing.edge else {}
        groups = [*found.get("LogGroups", "").split(","), found.get("AccessLogGroup", "")]
        return {
            "api": {"id": found.get("ApiId"), "name": found.get("ApiName")},
            "api_domain": {
                "domain_name": found.get("ApiDomainName"),
                "target_domain_name": found.get("ApiTarget"),
                "hosted_zone_id": found.get("ApiTargetHostedZoneId"),
            },
            "api_stage": found.get("ApiStage"),
            "proxy": {"function_name": found.get("FunctionName"), "arn": found.get("FunctionArn")},
            "log_groups": [group for group in groups if group],
            "edge": {"id": edge.get("DistributionId"), "domain_name": edge.get("DistributionDomainName")},
        }
