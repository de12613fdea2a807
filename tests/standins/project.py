"""The project with a configuration of the test's own: what a user has written into .chalice/ is not read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
STAGE = "production"
DOMAIN = "ecr.example.test"

# As .chalice/config.json is committed; tests/unit/service/test_chalice_configuration.py holds the two equal.
COMMON: Mapping[str, Any] = {
    "version": "2.0",
    "app_name": "custom-ecr-domain",
    "autogen_policy": False,
    "iam_policy_file": "policy.json",
    "api_gateway_endpoint_type": "REGIONAL",
    "lambda_architecture": "arm64",
    "lambda_memory_size": 256,
    "lambda_timeout": 25,
    "tags": {"project": "custom-ecr-domain"},
}


def with_chalices_domain(region: str) -> dict[str, Any]:
    """A stage with a custom domain as Chalice's users write it."""
    arn = f"arn:aws:acm:{region}:123456789012:certificate/11111111-1111-1111-1111-111111111111"
    domain = {"domain_name": DOMAIN, "certificate_arn": arn, "tls_version": "TLS_1_2"}
    return {
        "api_gateway_stage": STAGE,
        "api_gateway_custom_domain": domain,
        "environment_variables": {"REDIRECT_MODE": "relay"},
        "tags": {"stage": STAGE},
    }


def make_project(project: Path, stages: Mapping[str, Any]) -> Path:
    """Make the directory `project` with the sources, linked, and these stages."""
    (project / ".chalice").mkdir(parents=True)
    for name in ("app.py", "chalicelib", "chalice_patches", "requirements.txt"):
        (project / name).symlink_to(ROOT / name)
    document = json.dumps({**COMMON, "stages": dict(stages)})
    (project / ".chalice" / "config.json").write_text(document, encoding="utf-8")
    (project / ".chalice" / "policy.json").symlink_to(ROOT / ".chalice" / "policy.json")
    return project
