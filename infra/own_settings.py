"""Our own settings of a stage, under the key `custom_ecr_domain` of the stage in .chalice/config.json:

region                  where the stage is deployed (required)
hosted_zone_id          the Route 53 zone that the name is in (required)
routing                 "latency" (default: one record per region, the nearest answers) or "simple"
set_identifier          the latency record's name; default: the region
health_check_id         a Route 53 health check that takes this region's records out when it fails
evaluate_target_health  of the alias records; default false
log_retention_in_days   of all log groups; default 14, 0 keeps logs for ever
access_log              false (default), true for DEFAULT_ACCESS_LOG, or an object of $context variables
api_description, stage_description, function_description
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from infra.errors import InvalidConfiguration

CONFIG_PATH = ".chalice/config.json"
OWN_KEY = "custom_ecr_domain"

# https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
RETENTION_DAYS = (
    *(0, 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731),
    *(1096, 1827, 2192, 2557, 2922, 3288, 3653),
)
DEFAULT_RETENTION = 14

# No query and no header: either may hold what lets a reader into a registry.
DEFAULT_ACCESS_LOG = {
    "requestId": "$context.requestId",
    "requestTime": "$context.requestTime",
    "ip": "$context.identity.sourceIp",
    "httpMethod": "$context.httpMethod",
    "path": "$context.path",
    "protocol": "$context.protocol",
    "status": "$context.status",
    "responseLength": "$context.responseLength",
    "errorMessage": "$context.error.message",
    "integrationErrorMessage": "$context.integrationErrorMessage",
}

OWN_DEFAULTS: Mapping[str, Any] = {
    "region": "",
    "hosted_zone_id": "",
    "routing": "latency",
    "set_identifier": "",
    "health_check_id": "",
    "evaluate_target_health": False,
    "log_retention_in_days": DEFAULT_RETENTION,
    "access_log": False,
    "api_description": "Redirects a custom domain to a private ECR registry",
    "stage_description": "Redirects a custom domain to a private ECR registry",
    "function_description": "Answers registry clients at a custom domain",
}


def own_settings(stage: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """All of OWN_DEFAULTS, with what is `given`. Raises InvalidConfiguration."""

    def refuse(key: str, value: object, remedy: str) -> InvalidConfiguration:
        return InvalidConfiguration(CONFIG_PATH, stage, f"{OWN_KEY}.{key}", value, remedy)

    for key, value in given.items():
        if key not in OWN_DEFAULTS:
            raise refuse(key, value, f"no such setting; there are {', '.join(OWN_DEFAULTS)}")
        wanted = OWN_DEFAULTS[key]
        if key != "access_log" and type(value) is not type(wanted):
            raise refuse(key, value, f"expected a {type(wanted).__name__}")
    own = {**OWN_DEFAULTS, **given}
    for key in ("region", "hosted_zone_id"):
        if not own[key]:
            raise refuse(key, own[key], "is required; `python -m infra init` finds it")
    if own["routing"] not in ("latency", "simple"):
        raise refuse("routing", own["routing"], "expected latency or simple")
    if own["routing"] == "simple" and (own["set_identifier"] or own["health_check_id"]):
        key = "set_identifier" if own["set_identifier"] else "health_check_id"
        raise refuse(key, own[key], "belongs to latency routing; remove it or set routing to latency")
    if own["log_retention_in_days"] not in RETENTION_DAYS:
        days = ", ".join(map(str, RETENTION_DAYS))
        raise refuse("log_retention_in_days", own["log_retention_in_days"], f"CloudWatch takes {days}")
    log = own["access_log"]
    if not isinstance(log, bool):
        if not isinstance(log, dict) or not all(isinstance(value, str) for value in log.values()):
            raise refuse("access_log", log, "expected true, false or an object of strings")
        if "$context.requestId" not in "".join(log.values()):
            # https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-logging.html
            raise refuse("access_log", log, "API Gateway wants $context.requestId in every format")
    return own
