"""What `chalice package` makes, read into a value: the API's definition, the zip, the functions.

The real command is run as users run it. References in the template are then resolved as a deployment
resolves them, so that whoever serves the definition finds plain ARNs, packaged or deployed alike.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

ACCOUNT = "123456789012"
REGION = "us-west-2"

CFN_LINT = [
    str(Path(sys.executable).with_name("cfn-lint")),
    # Chalice deploys the Python that it runs on: that AWS retires 3.10 is no fault of a template.
    *(["--ignore-checks", "W2531", "--"] if sys.version_info < (3, 11) else []),
]


@dataclass(frozen=True)
class FunctionSource:
    """One Lambda function as it would be deployed."""

    name: str
    arn: str
    handler: str
    """`module.attribute`, as in the template."""
    archive: Path
    """The zip with its code."""
    timeout: float = 3.0
    """Seconds."""
    memory: int = 128
    """MB."""
    environment: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True)
class Package:
    definition: Mapping[str, Any]
    """The Swagger document of the API; `Fn::Sub` resolved to ARNs."""
    functions: Mapping[str, FunctionSource]
    """By logical id in the template."""
    stage: str
    """The API's stage, as in URLs of the default endpoint."""
    template: Mapping[str, Any]
    archive: Path


class PackagingFailed(Exception):
    """`chalice package` ended with an error; the message is what it printed."""


def package(project: Path, stage: str, directory: Path) -> Package:
    """Packages the Chalice project for `stage` into `directory`. Raises PackagingFailed."""
    variables = {**os.environ, "AWS_DEFAULT_REGION": REGION}
    chalice = Path(sys.executable).with_name("chalice")
    command = [str(chalice), "--project-dir", str(project), "package", "--stage", stage, str(directory)]
    done = subprocess.run(command, env=variables, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise PackagingFailed(done.stdout + done.stderr)
    template = json.loads((directory / "sam.json").read_text(encoding="utf-8"))
    return _read(template, directory)


def _read(template: Mapping[str, Any], directory: Path) -> Package:
    resources: Mapping[str, Any] = template["Resources"]
    api = resources["RestAPI"]["Properties"]
    references = {"AWS::Region": REGION, "AWS::AccountId": ACCOUNT, "AWS::Partition": "aws"}
    functions: dict[str, FunctionSource] = {}
    for identifier, resource in resources.items():
        if resource["Type"] != "AWS::Serverless::Function":
            continue
        properties = resource["Properties"]
        name = f"{api['DefinitionBody']['info']['title']}-{identifier}"
        arn = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}"
        references[f"{identifier}.Arn"] = arn
        functions[identifier] = FunctionSource(
            name=name,
            arn=arn,
            handler=properties["Handler"],
            archive=directory / properties["CodeUri"],
            timeout=properties["Timeout"],
            memory=properties["MemorySize"],
            environment=MappingProxyType(properties.get("Environment", {}).get("Variables", {})),
        )
    definition = _resolve(api["DefinitionBody"], references)
    return Package(
        definition, MappingProxyType(functions), api["StageName"], template, directory / "deployment.zip"
    )


def _resolve(document: Any, references: Mapping[str, str]) -> Any:  # noqa: ANN401 - JSON
    """The document with every one-string `Fn::Sub` replaced by the text it stands for."""
    if isinstance(document, dict):
        if isinstance(text := document.get("Fn::Sub"), str):
            return re.sub(r"\$\{([^}]+)\}", lambda match: references[match.group(1)], text)
        return {key: _resolve(value, references) for key, value in document.items()}
    if isinstance(document, list):
        return [_resolve(value, references) for value in document]
    return document
