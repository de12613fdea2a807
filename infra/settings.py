"""The settings of a deployment: one dataclass. The flags of `init`, the keys of .chalice/config.json, the
table in docs/deployment.md, the service stack's parameters and every refusal come from it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, NamedTuple

from chalicelib.errors import InvalidSetting
from chalicelib.registries import Registries
from chalicelib.registry_host import InvalidRegistry
from chalicelib.settings import ECR_REGISTRIES, ECR_REGISTRY, REDIRECT_MODE, Settings
from infra.errors import InvalidConfiguration
from infra.partition import partition_of

OWN_KEY = "custom_ecr_domain"
"""The key of a stage in .chalice/config.json under which our own settings stand."""

ENVIRONMENT_KEY = "environment_variables"
"""Chalice's key for the environment of the functions."""

EDGE_REGION = "us-east-1"
"""CloudFront takes certificates of this region alone."""

# https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
RETENTION_DAYS = (
    *(0, 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731),
    *(1096, 1827, 2192, 2557, 2922, 3288, 3653),
)
ON_OFF = ("on", "off")
_OPPOSITE = {"on": "off", "off": "on"}
_MODES = ("", "edge", "relay", "plain")


class Form(NamedTuple):
    """What a text must look like."""

    #: The regular expression that matches the whole text.
    pattern: str
    #: The same for a person, after "expected".
    expected: str

    def fits(self, text: str) -> bool:
        """Whether the whole text looks like this."""
        return re.fullmatch(self.pattern, text) is not None


_LABEL = "[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
_DOMAIN = Form(
    rf"(?=.{{4,253}}$)({_LABEL}\.)+(?!\d+$){_LABEL}", "a name such as ecr.example.com, in lower case"
)
REGION_FORM = Form(r"[a-z]{2,4}(-[a-z]+){1,2}-\d", "a region such as us-west-2")
_ZONE = Form("[A-Z0-9]{1,32}", "the ID of a hosted zone, such as Z0123456789ABC")
_CERTIFICATE = Form(
    r"arn:[a-z-]+:acm:[a-z0-9-]+:\d{12}:certificate/[\w-]+", "the ARN of a certificate of ACM"
)
_HEALTH_CHECK = Form("[A-Za-z0-9-]{1,64}", "the ID of a health check of Route 53")
_NAME = Form("[A-Za-z0-9_-]{1,54}", "at most 54 letters, digits, hyphens and underscores")
_MAIL = Form(r"[^@\s]+@[^@\s]+\.[^@\s]+", "a mail address")
_POLICY = Form(r"arn:[a-z-]+:iam::(\d{12}|aws):policy/[\w+=,.@/-]+", "the ARN of a managed policy")
_ROLE = Form(r"arn:[a-z-]+:iam::\d{12}:role/[\w+=,.@/-]+", "the ARN of a role")
# https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-logging.html
_LOG = Form(r"on|off|.*\$context\.requestId.*", "on, off, or a format with $context.requestId")
_TYPES = {str: "a text", int: "a number"}


@dataclass(frozen=True)
class Setting:
    """What is known about a setting beside its default."""

    #: One line for --help and for the table of the documentation.
    help: str
    #: The parameter of the service stack; empty: it is not a parameter.
    parameter: str = ""
    #: What a value other than the default must look like; None: any text.
    form: Form | None = None
    #: The values that are accepted; empty: see `form`.
    accepted: tuple[Any, ...] = ()
    #: The variable of the functions' environment that holds it; empty: our own key holds it.
    variable: str = ""

    @property
    def choices(self) -> tuple[str, ...]:
        """The accepted values as a person writes them; none where `form` decides."""
        return tuple(str(value) for value in self.accepted if value != "")

    @property
    def metavar(self) -> str:
        """What stands for the value in `init --help`."""
        if self.accepted == RETENTION_DAYS:
            return "DAYS"
        return f"{{{','.join(self.choices)}}}" if self.accepted else "VALUE"

    def key(self, name: str) -> str:
        """The path of the key in a stage of .chalice/config.json."""
        return f"{ENVIRONMENT_KEY}.{self.variable}" if self.variable else f"{OWN_KEY}.{name}"


def _set(default: Any, *known: Any, **more: Any) -> Any:  # noqa: ANN401 - as dataclasses.field
    return field(default=default, metadata={"setting": Setting(*known, **more)})


@dataclass(frozen=True)
class DeploymentSettings:
    """The settings of one stage. An empty text stands for "not set"."""

    domain: str = _set("", "The name that clients use, such as ecr.example.com", "DomainName", _DOMAIN)
    region: str = _set("", "The region in which the stage is deployed, such as us-west-2", "", REGION_FORM)
    hosted_zone_id: str = _set(
        "",
        "The ID of the Route 53 hosted zone that holds the name; `init` finds it",
        "HostedZoneId",
        _ZONE,
    )
    certificate_arn: str = _set(
        "",
        "The ARN of an ACM certificate for the name; if it is not set, the stack makes a certificate",
        "CertificateArn",
        _CERTIFICATE,
    )
    edge: str = _set(
        "on", "Whether CloudFront carries the layers, so that their size has no limit", accepted=ON_OFF
    )
    edge_certificate_arn: str = _set(
        "",
        "The ARN of CloudFront's certificate in us-east-1; if it is not set, the stack makes one",
        "",
        _CERTIFICATE,
    )
    registry: str = _set(
        "",
        "The host of the registry; if it is not set, it is the ECR registry of the account and region",
        "EcrRegistry",
        variable=ECR_REGISTRY,
    )
    registries: str = _set(
        "",
        "A JSON object that gives repositories under a prefix another registry",
        "EcrRegistries",
        variable=ECR_REGISTRIES,
    )
    redirect_mode: str = _set(
        "",
        "How the function responds if the edge is off; if it is not set, it is relay",
        accepted=_MODES,
        variable=REDIRECT_MODE,
    )
    health_check_id: str = _set(
        "",
        "The ID of a Route 53 health check; while it fails, clients are sent to another region",
        "HealthCheckId",
        _HEALTH_CHECK,
    )
    log_retention_in_days: int = _set(
        14,
        "The number of days for which logs are kept; 0 keeps them for ever",
        "LogRetentionInDays",
        accepted=RETENTION_DAYS,
    )
    access_log: str = _set(
        "off", "API Gateway's access log, which is off, on, or a format with $context.requestId", "", _LOG
    )
    notify: str = _set("", "The mail address to which alarms are sent", "NotificationAddress", _MAIL)
    dashboard: str = _set(
        "off", "Whether each stack has a CloudWatch dashboard", "Dashboard", accepted=ON_OFF
    )
    api_name: str = _set("", "The name of the API; if it is not set, it is the name of the stack", "ApiName")
    api_description: str = _set(
        "Redirects a custom domain to private ECR", "The description of the API", "ApiDescription"
    )
    function_name: str = _set(
        "",
        "The name of the function, and with -challenge of its authorizer; if it is not set, AWS names them",
        "FunctionName",
        _NAME,
    )
    function_description: str = _set(
        "Answers registry clients at a custom domain",
        "The description of both functions",
        "FunctionDescription",
    )
    function_role_name: str = _set(
        "",
        "The name of the function's role, and with -challenge of the authorizer's; by default AWS names them",
        "FunctionRoleName",
        _NAME,
    )
    permissions_boundary_arn: str = _set(
        "",
        "The ARN of the policy that limits the functions' roles; `init` finds the deployer template's",
        "PermissionsBoundaryArn",
        _POLICY,
    )
    service_role_arn: str = _set(
        "",
        "The ARN of a role with which CloudFormation acts, in place of the deployer's rights",
        "",
        _ROLE,
    )

    @property
    def has_edge(self) -> bool:
        return self.edge == "on"

    @property
    def mode(self) -> str:
        """The REDIRECT_MODE that the function runs with."""
        return "edge" if self.has_edge else self.redirect_mode or "relay"

    def registries_in(self, partition: str, account: str) -> Registries:
        """All registries of the name, where `account` is the one that the stage is deployed to. Raises
        InvalidSetting and InvalidRegistry."""
        variables = {ECR_REGISTRY: self.registry, ECR_REGISTRIES: self.registries, REDIRECT_MODE: self.mode}
        function = f"arn:{partition}:lambda:{self.region}:{account}:function:any"
        return Settings.from_environment(variables).registries(function)


SETTINGS: Mapping[str, Setting] = {each.name: each.metadata["setting"] for each in fields(DeploymentSettings)}
"""By field name."""


def flag_of(name: str) -> str:
    """The flag of `init` for a setting."""
    return "--" + name.replace("_", "-")


def _refusal(flags: Mapping[str, str], elsewhere: str) -> Callable[[str, object, str], InvalidConfiguration]:
    """From a setting's name, its value and the remedy to the error, which says where the value came from."""
    return lambda name, value, remedy: InvalidConfiguration(
        SETTINGS[name].key(name), value, flags.get(name, elsewhere), remedy
    )


def check_alone(values: Mapping[str, Any], flags: Mapping[str, str], elsewhere: str) -> None:
    """Refuse a value that is wrong in any region and beside any other setting. The arguments and the error
    are those of `settings_of`."""
    refusal = _refusal(flags, elsewhere)
    for each in fields(DeploymentSettings):
        setting = SETTINGS[each.name]
        value: Any = values.get(each.name, each.default)
        if type(value) is not type(each.default):
            raise refusal(each.name, value, f"expected {_TYPES[type(each.default)]}")
        if setting.accepted and value not in setting.accepted:
            raise refusal(each.name, value, f"expected one of {', '.join(setting.choices)}")
        if value != each.default and setting.form and not setting.form.fits(str(value)):
            raise refusal(each.name, value, f"expected {setting.form.expected}")
    names = {name: setting.variable for name, setting in SETTINGS.items()}
    for name in ("registry", "registries"):
        try:
            Settings.from_environment({names[name]: values.get(name, "")})
        except InvalidSetting as error:
            raise refusal(name, error.value, str(error).partition("; ")[2]) from error


def settings_of(values: Mapping[str, Any], flags: Mapping[str, str], elsewhere: str) -> DeploymentSettings:
    """The settings from their values by field name. `flags` names the flag that a value came from, and
    `elsewhere` the place of all others. Raises InvalidConfiguration for the first value that is refused."""
    refusal = _refusal(flags, elsewhere)
    check_alone(values, flags, elsewhere)
    settings = DeploymentSettings(**values)
    for name in ("domain", "region", "hosted_zone_id"):
        if not getattr(settings, name):
            raise refusal(name, "", "is required; `init` asks for it or finds it")
    for name, region in (("certificate_arn", settings.region), ("edge_certificate_arn", EDGE_REGION)):
        arn = getattr(settings, name)
        if arn and arn.split(":")[3] != region:
            raise refusal(name, arn, f"the certificate must be in {region}")
    if settings.redirect_mode and (settings.redirect_mode == "edge") != settings.has_edge:
        way = f"remove REDIRECT_MODE, or set edge to {_OPPOSITE[settings.edge]}"
        remedy = f"{OWN_KEY}.edge is {settings.edge}; {way}"
        raise refusal("redirect_mode", settings.redirect_mode, remedy)
    if settings.has_edge and settings.health_check_id:
        remedy = f"belongs to records of several regions, which need {OWN_KEY}.edge off; remove it"
        raise refusal("health_check_id", settings.health_check_id, remedy)
    try:
        registries = settings.registries_in(partition_of(settings.region), "0" * 12).all()
    except (InvalidSetting, InvalidRegistry) as error:
        name = "registries" if getattr(error, "variable", "") == ECR_REGISTRIES else "registry"
        raise refusal(name, error.value, str(error).partition("; ")[2] or str(error)) from error
    if settings.domain in [registry.host for registry in registries]:
        name = "registries" if settings.registries else "registry"
        raise refusal(name, settings.domain, "is the domain itself, which would ask itself for ever")
    return settings
