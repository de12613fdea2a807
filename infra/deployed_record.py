"""Chalice's record of a stage, .chalice/deployed/STAGE.json, rebuilt from what AWS holds.

`chalice deploy` decides from this file alone whether the REST API exists, so a lost one (a fresh
checkout, another machine) makes a second API; and `chalice delete` deletes what it lists and stops at
the first thing that is already gone. Written anew from AWS before either, it is never wrong.
The format is that of chalice/deploy/deployer.py, schema version 2.0.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from infra.configuration import AUTHORIZER, Configuration
from infra.errors import UnreadableFile
from infra.state import State
from infra.survey import ROOT, resources_of

_IDENTITY = ("role_name", "lambda_arn", "rest_api_id", "domain_name", "api_mapping")


def record_path(stage: str) -> str:
    """Where Chalice keeps it, from the project's directory."""
    return f".chalice/deployed/{stage}.json"


def read_record(project: Path, stage: str) -> dict[str, Any] | None:
    """None where there is none. Raises UnreadableFile."""
    path = project / record_path(stage)
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        remedy = "delete it, it is written anew from what AWS holds"
        raise UnreadableFile(record_path(stage), f"cannot be read ({error})", remedy) from error
    return record if isinstance(record, dict) else {}


def write_record(project: Path, stage: str, resources: Sequence[Mapping[str, Any]]) -> None:
    """Write it as Chalice would have, or remove it where there is nothing to record."""
    path = project / record_path(stage)
    if not resources:
        path.unlink(missing_ok=True)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    document = {"resources": list(resources), "schema_version": "2.0", "backend": "api"}
    path.write_text(json.dumps(document, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def existing_resources(config: Configuration, state: State) -> tuple[dict[str, Any], ...]:
    """What Chalice would have recorded of the things that exist, in the order it makes them in."""
    resources: list[dict[str, Any]] = []
    for resource, name in config.role_names.items():
        if name in state.roles:
            role = {"role_name": name, "role_arn": state.roles[name]}
            resources.append({"name": resource, "resource_type": "iam_role", **role})
    for name, resource in ((config.function_name, "api_handler"), (config.authorizer_name, AUTHORIZER)):
        if name in state.functions:
            arn = state.functions[name].arn
            resources.append({"name": resource, "resource_type": "lambda_function", "lambda_arn": arn})
    if state.api is not None:
        suffix = "amazonaws.com.cn" if state.account.partition == "aws-cn" else "amazonaws.com"
        url = f"https://{state.api.id}.execute-api.{config.region}.{suffix}/{config.api_stage}/"
        resources.append(
            {
                "name": "rest_api",
                "resource_type": "rest_api",
                "rest_api_id": state.api.id,
                "rest_api_url": url,
            }
        )
    if state.domain is not None and owns_domain(config, state):
        resources.append(
            {
                "name": "api_gateway_custom_domain",
                "resource_type": "domain_name",
                "domain_name": state.domain.name,
                "hosted_zone_id": state.domain.target_zone,
                "alias_domain_name": state.domain.target,
                "certificate_arn": state.domain.certificate_arn,
                "security_policy": state.domain.security_policy,
                "api_mapping": [{"key": "/"}] if ROOT in state.domain.mappings else [],
            }
        )
    return tuple(resources)


def owns_domain(config: Configuration, state: State) -> bool:
    """Whether the custom domain name is this deployment's: its root leads to our API, or to nothing
    yet and it has our tags or stands in Chalice's record."""
    if state.domain is None:
        return False
    if state.domain.mappings:
        ours = {api.id for api in state.apis}
        return all(path == ROOT and api in ours for path, (api, _) in state.domain.mappings.items())
    tagged = bool(config.domain_tags) and config.domain_tags.items() <= state.domain.tags.items()
    return tagged or recorded_domain(state) == config.domain


def recorded_domain(state: State) -> str | None:
    """The domain name in Chalice's record."""
    for entry in resources_of(state.record):
        if entry.get("resource_type") == "domain_name":
            return str(entry.get("domain_name"))
    return None


def is_current(config: Configuration, state: State) -> bool:
    """Whether Chalice's record names exactly what exists."""

    def identities(resources: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        return {
            str(entry.get("name")): {key: entry[key] for key in _IDENTITY if key in entry}
            for entry in resources
        }

    return identities(resources_of(state.record)) == identities(existing_resources(config, state))
