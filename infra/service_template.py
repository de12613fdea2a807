"""The service stack: what `chalice package` makes with templates/service.json merged in, and the parameters
that a stage's settings give it."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from infra.errors import ChaliceFailed
from infra.settings import SETTINGS, DeploymentSettings

MERGE_TEMPLATE = Path(__file__).with_name("templates") / "service.json"

ADDRESS_RECORDS = ("DomainAddressRecord", "DomainAddressRecordIpv6")
"""The logical IDs of the records that lead the name to the API or the edge."""

# No query and no header: either may hold what lets a reader into a registry. The words of an error may repeat
# a header (docs/api-gateway.md, "Routing"), so its type stands for them.
ACCESS_LOG_FORMAT = json.dumps(
    {"ip": "$context.identity.sourceIp", "errorType": "$context.error.responseType"}
    | {name: f"$context.{name}" for name in ("requestId", "requestTime", "httpMethod", "path", "protocol")}
    | {name: f"$context.{name}" for name in ("status", "responseLength", "integrationErrorMessage")}
)

# Packaging asks AWS for nothing, and Chalice ends where a profile does not exist.
_PROFILES = ("AWS_PROFILE", "AWS_DEFAULT_PROFILE")


@dataclass(frozen=True)
class ServicePackage:
    """What is deployed to the stage's region."""

    #: The template, whose functions name their code by a relative path.
    template: Mapping[str, Any]
    #: The zip with the functions' code.
    archive: Path

    @property
    def digest(self) -> str:
        """Of names and contents of the files in the zip: times in the zip change with each packaging."""
        digest = sha256()
        with zipfile.ZipFile(self.archive) as archive:
            for name in sorted(archive.namelist()):
                content = archive.read(name)
                digest.update(f"{name}\0{len(content)}\0".encode() + content)
        return digest.hexdigest()

    def finished(self, code_uri: str, function_name: str) -> dict[str, Any]:
        """The template, with the functions' code at an s3:// URI, for functions of this name."""
        given: dict[str, dict[str, Any]] = {"AWS::Serverless::Function": {"CodeUri": code_uri}}
        if function_name:
            given["AWS::Serverless::Api"] = {"DefinitionBody": self._body_for(function_name)}
        resources = {
            name: {**resource, "Properties": {**resource["Properties"], **given.get(resource["Type"], {})}}
            for name, resource in self.template["Resources"].items()
        }
        return {**self.template, "Resources": resources}

    def _body_for(self, function_name: str) -> dict[str, Any]:
        """The API's definition, which differs from name to name.

        Functions of another name are other functions, and the stage calls those that there were when it was
        deployed. It is deployed again if the definition changes before its references are resolved:
        https://github.com/aws/serverless-application-model/issues/739
        """
        body = self.template["Resources"]["RestAPI"]["Properties"]["DefinitionBody"]
        info = body["info"]
        return {**body, "info": {**info, "version": f"{info['version']} {function_name}"}}


Packaging = Callable[[Path, str, str, Mapping[str, str]], AbstractContextManager[ServicePackage]]
"""Makes the package of a project for a stage and a region, with the environment's variables."""


@contextmanager
def service_package(
    project: Path, stage: str, region: str, environment: Mapping[str, str]
) -> Iterator[ServicePackage]:
    """Run `chalice package` for a stage; what it made is there until the context ends. Raises
    ChaliceFailed."""
    start = "import sys; from chalice.cli import main; sys.exit(main())"
    options = ["--stage", stage, "--merge-template", str(MERGE_TEMPLATE)]
    passed_on = {name: value for name, value in environment.items() if name not in _PROFILES}
    with tempfile.TemporaryDirectory() as directory:
        done = subprocess.run(
            [sys.executable, "-c", start, "package", *options, directory],
            cwd=project,
            env={**passed_on, "AWS_REGION": region, "AWS_DEFAULT_REGION": region},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            check=False,
        )
        if done.returncode:
            lines = [line.strip() for line in done.stdout.splitlines() if line.strip()]
            raise ChaliceFailed(stage, done.returncode, lines[-1] if lines else "it printed nothing")
        template: dict[str, Any] = json.loads(Path(directory, "sam.json").read_text(encoding="utf-8"))
        yield ServicePackage(template, Path(directory, "deployment.zip"))


def service_parameters(settings: DeploymentSettings, alias_target: str, alias_zone: str) -> dict[str, str]:
    """The parameters of the service stack. `alias_target` and `alias_zone` are where the alias records lead;
    empty: to the API."""
    parameters = {name: each.parameter for name, each in SETTINGS.items() if each.parameter}
    log = settings.access_log
    return {
        **{parameter: str(getattr(settings, name)) for name, parameter in parameters.items()},
        "AliasTargetDomainName": alias_target,
        "AliasTargetHostedZoneId": alias_zone,
        "RedirectMode": settings.mode,
        "AccessLogFormat": {"off": "", "on": ACCESS_LOG_FORMAT}.get(log, log),
    }
