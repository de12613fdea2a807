"""What `chalice deploy` and `chalice package` lack, added in the process that runs them.

Chalice 1.34 has no way to configure what this service stands on:

- asked for `chalice` in requirements.txt, the packager bundles all that Chalice's commands depend on
  (22 MB), though it copies the one file that Lambda needs of Chalice by itself; it ships whatever bytecode
  this machine has left in chalicelib/, and with all comments
- one policy file serves all stages, and a function may write the logs of its own stage alone: `{stage}` in
  the file becomes the stage's name
- gateway responses cannot be configured, and each deploy deletes hand-made ones; the default
  execute-api host stays open beside a custom domain: both are added to the generated Swagger document,
  which deploy, package and package --pkg-format terraform share
- nothing says at the end what the deployment still lacks

tests/unit/chalice_patches/test_chalice_gaps.py shows each of them open in Chalice itself: a release that
closes or moves one makes a test fail, so that what is not needed any more goes from here.
"""

from __future__ import annotations

import json
import os
import re
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from chalice.config import Config
from chalice.deploy.deployer import DeploymentReporter, PolicyGenerator
from chalice.deploy.models import FileBasedIAMPolicy
from chalice.deploy.packager import BaseLambdaDeploymentPackager, DependencyBuilder
from chalice.deploy.swagger import SwaggerGenerator
from chalice.package import JSONTemplateSerializer, TemplateSerializer, YAMLTemplateSerializer

from chalice_patches.gateway_responses import GATEWAY_RESPONSES
from chalice_patches.refusal import end_command
from chalice_patches.shipped_source import without_comments
from chalicelib.settings import ECR_REGISTRIES, ECR_REGISTRY, Settings

_CHALICE_REQUIREMENT = re.compile(r"\s*chalice\b(?![-\w])", re.IGNORECASE)

_generate_swagger = SwaggerGenerator.generate_swagger
_build_site_packages = DependencyBuilder.build_site_packages
_file_based_policy = PolicyGenerator.handle_filebasediampolicy
_add_app_files = BaseLambdaDeploymentPackager._add_app_files
_display_report = DeploymentReporter.display_report
_serializers: Mapping[type[TemplateSerializer], Callable[[Any, Any], str]] = {
    each: each.serialize_template for each in (JSONTemplateSerializer, YAMLTemplateSerializer)
}


def patch_packaging(last_line: str) -> None:
    """Patch the Chalice that is running this process; a second call changes nothing more. `last_line` is
    printed when a deployment or a package is made; "" prints none."""
    BaseLambdaDeploymentPackager._add_app_files = add_app_files  # type: ignore[method-assign]
    DependencyBuilder.build_site_packages = build_site_packages  # type: ignore[method-assign,assignment]
    PolicyGenerator.handle_filebasediampolicy = file_based_policy  # type: ignore[method-assign]
    SwaggerGenerator.generate_swagger = generate_swagger  # type: ignore[method-assign,assignment]
    if last_line:
        _say_last(last_line)


def _say_last(line: str) -> None:
    """After the last thing that `deploy` prints, and when `package` has its template."""

    def display_report(reporter: DeploymentReporter, deployed_values: dict[str, Any]) -> None:
        _display_report(reporter, deployed_values)
        sys.stdout.write(f"{line}\n")

    def saying(serialize: Callable[[Any, Any], str]) -> Callable[[Any, Any], str]:
        def serialize_template(serializer: Any, contents: Any) -> str:
            sys.stdout.write(f"{line}\n")
            return serialize(serializer, contents)

        return serialize_template

    for each in (JSONTemplateSerializer, YAMLTemplateSerializer):
        each.serialize_template = saying(_serializers[each])  # type: ignore[method-assign,assignment]
    DeploymentReporter.display_report = display_report  # type: ignore[method-assign,assignment]


def build_site_packages(builder: DependencyBuilder, abi: str, requirements: str, target: str) -> None:
    """Chalice's own, for all requirements but Chalice."""
    lines = Path(requirements).read_text(encoding="utf-8").splitlines(keepends=True)
    with tempfile.TemporaryDirectory() as directory:
        others = Path(directory, "requirements.txt")
        others.write_text("".join(x for x in lines if not _CHALICE_REQUIREMENT.match(x)), encoding="utf-8")
        _build_site_packages(builder, abi, str(others), target)


def file_based_policy(self: PolicyGenerator, config: Config, resource: FileBasedIAMPolicy) -> None:
    """Chalice's own, for the stage that is deployed."""
    _file_based_policy(self, config, resource)
    resource.document = json.loads(json.dumps(resource.document).replace("{stage}", config.chalice_stage))


def add_app_files(self: BaseLambdaDeploymentPackager, zip_fileobj: ZipFile, project_dir: str) -> None:
    """Chalice's own files as they are, and ours without bytecode, comments and dates: the zip depends on
    the source alone."""
    for path, name in self._iter_app_filenames(project_dir):
        content = Path(path).read_bytes()
        if not name.startswith("chalice/"):
            if not name.endswith(".py"):
                continue
            content = without_comments(content.decode()).encode()
        file = ZipInfo(name)
        file.external_attr = 0o644 << 16
        zip_fileobj.writestr(file, content, ZIP_DEFLATED, compresslevel=9)


def generate_swagger(generator: SwaggerGenerator, app: Any, rest_api: Any = None) -> dict[str, Any]:
    """Chalice's document with the gateway response, and the default host closed beside a domain."""
    document: dict[str, Any] = _generate_swagger(generator, app, rest_api)
    document["x-amazon-apigateway-gateway-responses"] = GATEWAY_RESPONSES
    if rest_api is not None and rest_api.domain_name is not None:
        domain = rest_api.domain_name.domain_name
        settings = Settings.from_environment(os.environ)
        for variable, registry in (
            (ECR_REGISTRY, settings.registry),
            *((ECR_REGISTRIES, prefix.registry) for prefix in settings.prefixes),
        ):
            if registry is not None and registry.host == domain.lower():
                end_command(
                    f"{variable} names {registry.authority!r}, which is the custom domain itself: it would "
                    "ask itself for ever; name the registry's own host"
                )
        endpoint = document.setdefault("x-amazon-apigateway-endpoint-configuration", {})
        endpoint["disableExecuteApiEndpoint"] = True
    return document
