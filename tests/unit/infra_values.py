"""Values that the tests of the deployment's pure parts start from: a configured stage, and the state of
an account in which it is fully deployed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from chalice_patches.gateway_responses import CHALLENGE
from infra.configuration import Configuration, configuration_of
from infra.deployed_record import existing_resources
from infra.plan import FINGERPRINT_TAG, fingerprint
from infra.state import Account, Api, ApiStage, Domain, Function, Record, State

REGION = "eu-west-1"
CERTIFICATE = f"arn:aws:acm:{REGION}:111122223333:certificate/1"
DIGEST = "d" * 32
TARGET = f"d-1.execute-api.{REGION}.amazonaws.com"


def document(
    own: Mapping[str, Any] | None = None, stage: Mapping[str, Any] | None = None, **top: object
) -> dict[str, Any]:
    """A config.json with the stage `production`; `own` under our key, `stage` and `top` beside it."""
    return {
        "version": "2.0",
        "app_name": "custom-ecr-domain",
        "autogen_policy": False,
        "iam_policy_file": "policy.json",
        "api_gateway_endpoint_type": "REGIONAL",
        "lambda_architecture": "arm64",
        "lambda_memory_size": 256,
        "tags": {"project": "p"},
        **top,
        "stages": {
            "production": {
                "api_gateway_stage": "production",
                "api_gateway_custom_domain": {
                    "domain_name": "ecr.example.com",
                    "certificate_arn": CERTIFICATE,
                    "tags": {"custom-ecr-domain": "production"},
                },
                "custom_ecr_domain": {"region": REGION, "hosted_zone_id": "Z1", **(own or {})},
                **(stage or {}),
            }
        },
    }


def configuration(
    own: Mapping[str, Any] | None = None, stage: Mapping[str, Any] | None = None
) -> Configuration:
    return configuration_of(document(own, stage), "production")


def empty_state() -> State:
    account = Account("111122223333", "aws", REGION)
    return State(account, {}, {}, (), None, {}, (), None)


def deployed_state(config: Configuration) -> State:
    """What `up` ends with."""
    functions = {name: _function(config, name) for name in config.functions}
    main = functions[config.function_name]
    mark = {FINGERPRINT_TAG: fingerprint(DIGEST, main)}
    functions[main.name] = replace(main, tags={**main.tags, **mark}, description=config.function_description)
    latency = config.routing == "latency"
    state = State(
        account=empty_state().account,
        functions=functions,
        roles={name: f"arn:aws:iam::111122223333:role/{name}" for name in config.role_names.values()},
        apis=(
            Api(
                id="a1",
                name=config.app,
                description=config.api_description,
                default_endpoint_open=False,
                challenge=CHALLENGE,
                stages={"production": ApiStage("production", config.stage_description, None)},
                tags=config.tags,
            ),
        ),
        domain=Domain(
            name=config.domain,
            target=TARGET,
            target_zone="ZAPI",
            certificate_arn=CERTIFICATE,
            security_policy="TLS_1_2",
            status="AVAILABLE",
            tags=config.domain_tags,
            mappings={"(none)": ("a1", "production")},
        ),
        log_groups=dict.fromkeys(config.function_log_groups, config.retention),
        records=tuple(
            Record(
                kind,
                TARGET,
                "ZAPI",
                config.evaluate_target_health,
                config.set_identifier if latency else "",
                config.region if latency else "",
                config.health_check_id,
            )
            for kind in ("A", "AAAA")
        ),
        record=None,
    )
    return replace(state, record={"resources": list(existing_resources(config, state))})


def _function(config: Configuration, name: str) -> Function:
    settings = config.functions[name]
    return Function(
        name=name,
        arn=f"arn:aws:lambda:{REGION}:111122223333:function:{name}",
        runtime=config.runtime,
        memory=settings.memory,
        timeout=settings.timeout,
        architecture=config.architecture,
        environment=settings.environment,
        description="",
        code_sha256="code",
        tags=config.tags,
    )
