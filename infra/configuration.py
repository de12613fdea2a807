"""One stage of .chalice/config.json as these commands need it.

Chalice's own keys are read through Chalice's Config class, so that its rules of precedence (function,
stage, file) exist once. Our own stand under one key of the stage, `custom_ecr_domain`, which Chalice
leaves alone: own_settings.py lists them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from chalice.config import Config
from chalice.constants import (
    DEFAULT_APIGATEWAY_STAGE_NAME,
    DEFAULT_ENDPOINT_TYPE,
    DEFAULT_LAMBDA_MEMORY_SIZE,
    DEFAULT_LAMBDA_TIMEOUT,
)

from chalicelib.errors import InvalidSetting
from chalicelib.registry_host import RegistryHost
from chalicelib.settings import RedirectMode, Settings
from infra.errors import InvalidConfiguration, UnknownStage
from infra.own_settings import CONFIG_PATH, DEFAULT_ACCESS_LOG, DEFAULT_RETENTION, OWN_KEY, own_settings

AUTHORIZER = "challenge"
PLACEHOLDER_ACCOUNT = "123456789012"


@dataclass(frozen=True)
class FunctionSettings:
    """What Chalice deploys a function with."""

    memory: int
    timeout: int
    environment: Mapping[str, str]


@dataclass(frozen=True)
class Configuration:
    """A stage, checked. Names follow Chalice's rules: the API handler's function is APP-STAGE, the
    authorizer's APP-STAGE-challenge."""

    app: str
    stage: str
    region: str
    domain: str
    certificate_arn: str
    security_policy: str
    zone_id: str
    api_stage: str
    registry: RegistryHost | None
    mode: RedirectMode
    architecture: str
    runtime: str
    functions: Mapping[str, FunctionSettings]
    role_names: Mapping[str, str]
    tags: Mapping[str, str]
    domain_tags: Mapping[str, str]
    routing: str = "latency"
    set_identifier: str = ""
    health_check_id: str = ""
    evaluate_target_health: bool = False
    retention: int = DEFAULT_RETENTION
    access_log: Mapping[str, str] = field(default_factory=dict)
    api_description: str = ""
    stage_description: str = ""
    function_description: str = ""

    @property
    def function_name(self) -> str:
        return f"{self.app}-{self.stage}"

    @property
    def authorizer_name(self) -> str:
        return f"{self.function_name}-{AUTHORIZER}"

    @property
    def function_log_groups(self) -> tuple[str, ...]:
        return tuple(f"/aws/lambda/{name}" for name in self.functions)

    @property
    def access_log_group(self) -> str:
        return f"/aws/apigateway/{self.function_name}"

    @property
    def chalice_tag(self) -> str:
        """The part of the `aws-chalice` tag that no new Chalice changes."""
        return f":stage={self.stage}:app={self.app}"

    def registry_in(self, partition: str, account: str) -> RegistryHost:
        """The registry this deployment answers for: the configured one, else the account's own."""
        arn = f"arn:{partition}:lambda:{self.region}:{account}:function:{self.function_name}"
        return self.registry or RegistryHost.of_function(arn)


def configuration_of(document: Mapping[str, Any], stage: str) -> Configuration:
    """Read one stage. Raises InvalidConfiguration for the first value that cannot be deployed and
    UnknownStage where `init` has not been run for it."""
    stages = document.get("stages", {})
    if OWN_KEY not in stages.get(stage, {}):
        raise UnknownStage(stage, CONFIG_PATH, "run `python -m infra init` for it first")
    own = own_settings(stage, stages[stage][OWN_KEY])
    config = chalice_config(document, stage)
    _refuse_what_breaks(config, stage)
    domain = config.api_gateway_custom_domain or {}
    settings = _service_settings(config, stage)
    functions = {
        f"{config.app_name}-{stage}": "api_handler",
        f"{config.app_name}-{stage}-{AUTHORIZER}": AUTHORIZER,
    }
    access_log = own["access_log"]
    if not isinstance(access_log, dict):
        access_log = DEFAULT_ACCESS_LOG if access_log else {}
    return Configuration(
        app=config.app_name,
        stage=stage,
        region=own["region"],
        domain=_required(stage, "api_gateway_custom_domain.domain_name", domain.get("domain_name")).lower(),
        certificate_arn=_certificate(stage, own["region"], domain.get("certificate_arn")),
        security_policy=domain.get("tls_version", "TLS_1_2"),
        zone_id=own["hosted_zone_id"].removeprefix("/hostedzone/"),
        api_stage=config.api_gateway_stage,
        registry=settings.registry,
        mode=settings.mode,
        architecture=config.lambda_architecture,
        runtime=config.lambda_python_version,
        functions={name: _function(config, stage, scope) for name, scope in functions.items()},
        role_names=_role_names(config, stage),
        tags=config.tags,
        domain_tags=domain.get("tags") or {},
        routing=own["routing"],
        set_identifier=own["set_identifier"] or own["region"],
        health_check_id=own["health_check_id"],
        evaluate_target_health=own["evaluate_target_health"],
        retention=own["log_retention_in_days"],
        access_log=access_log,
        api_description=own["api_description"],
        stage_description=own["stage_description"],
        function_description=own["function_description"],
    )


def chalice_config(document: Mapping[str, Any], stage: str) -> Config:
    """The stage as Chalice's own commands see it (the defaults are those of its CLI)."""
    return Config(
        chalice_stage=stage,
        user_provided_params={},
        config_from_disk=dict(document),
        default_params={
            "api_gateway_stage": DEFAULT_APIGATEWAY_STAGE_NAME,
            "api_gateway_endpoint_type": DEFAULT_ENDPOINT_TYPE,
            "autogen_policy": True,
        },
    )


def _refuse_what_breaks(config: Config, stage: str) -> None:
    def refuse(key: str, value: object, remedy: str) -> InvalidConfiguration:
        return InvalidConfiguration(CONFIG_PATH, stage, key, value, remedy)

    domain = config.api_gateway_custom_domain or {}
    prefix = domain.get("url_prefix", "(none)")
    if prefix not in ("(none)", "/", ""):
        raise refuse(
            "api_gateway_custom_domain.url_prefix",
            prefix,
            "registry clients look for /v2/ at the root of a host; remove it",
        )
    endpoint = config.api_gateway_endpoint_type
    if endpoint != "REGIONAL":
        raise refuse(
            "api_gateway_endpoint_type", endpoint, "only REGIONAL endpoints are set up; set it to that"
        )
    if config.log_retention_in_days:
        raise refuse(
            "log_retention_in_days",
            config.log_retention_in_days,
            f"Chalice sets it on a group that no function writes to; set it under {OWN_KEY}",
        )
    if config.minimum_compression_size is not None:
        raise refuse(
            "minimum_compression_size",
            config.minimum_compression_size,
            "a manifest's digest is over its bytes, which compression would change; remove it",
        )
    names = _role_names(config, stage).values()
    longest = max((f"{config.app_name}-{stage}-{AUTHORIZER}", *names), key=len)
    if len(longest) > 64:
        raise refuse("app_name", config.app_name, f"makes the name {longest!r}, and AWS takes 64 characters")


def _service_settings(config: Config, stage: str) -> Settings:
    variables = config.environment_variables
    for key, value in variables.items():
        if not isinstance(value, str):
            key = f"environment_variables.{key}"
            raise InvalidConfiguration(
                CONFIG_PATH, stage, key, value, "Lambda takes strings; put it in quotes"
            )
    try:
        return Settings.from_environment(variables)
    except InvalidSetting as error:
        key = f"environment_variables.{error.variable}"
        raise InvalidConfiguration(
            CONFIG_PATH, stage, key, error.value, f"expected {error.expected}"
        ) from error


def _required(stage: str, key: str, value: object) -> str:
    if not isinstance(value, str) or not value:
        raise InvalidConfiguration(CONFIG_PATH, stage, key, value, "is required; run `python -m infra init`")
    return value


def _certificate(stage: str, region: str, value: object) -> str:
    key = "api_gateway_custom_domain.certificate_arn"
    arn = _required(stage, key, value)
    parts = arn.split(":")
    if len(parts) != 6 or parts[2] != "acm" or not parts[5].startswith("certificate/"):
        raise InvalidConfiguration(CONFIG_PATH, stage, key, arn, "is not the ARN of an ACM certificate")
    if parts[3] != region:
        raise InvalidConfiguration(
            CONFIG_PATH, stage, key, arn, f"the certificate must be in {region}, where the API is; run `init`"
        )
    return arn


def _function(config: Config, stage: str, scope: str) -> FunctionSettings:
    scoped = config.scope(stage, scope)
    return FunctionSettings(
        memory=scoped.lambda_memory_size or DEFAULT_LAMBDA_MEMORY_SIZE,
        timeout=scoped.lambda_timeout or DEFAULT_LAMBDA_TIMEOUT,
        environment=scoped.environment_variables,
    )


def _role_names(config: Config, stage: str) -> dict[str, str]:
    if not config.manage_iam_role:
        return {}
    if config.autogen_policy:
        return {"default-role": f"{config.app_name}-{stage}"}
    return {f"{scope}_role": f"{config.app_name}-{stage}-{scope}" for scope in ("api_handler", AUTHORIZER)}
