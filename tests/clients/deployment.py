"""The service as it stands in an account after `chalice deploy`: the real command, against moto.

The definition is the one that API Gateway was given, the code the zip that Lambda was.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.deploy.aws_account import AwsAccount
from tests.deploy.deployed_code import deployed_functions
from tests.standins.package import REGION, Package
from tests.standins.project import STAGE, make_project, with_chalices_domain


def deploy(directory: Path) -> Package:
    """Deploys the project with a custom domain, as Chalice's users do, from below `directory`. Raises
    RuntimeError with what it printed."""
    project = make_project(directory / "project", {STAGE: with_chalices_domain(REGION)})
    with AwsAccount() as account:
        _chalice_deploy(project, account)
        deployed = _read(project, account, directory)
        account.reset()
    return deployed


def _chalice_deploy(project: Path, account: AwsAccount) -> None:
    chalice = Path(sys.executable).with_name("chalice")
    done = subprocess.run(
        [str(chalice), "--project-dir", str(project), "deploy", "--stage", STAGE],
        env={**os.environ, **account.environment, "AWS_DEFAULT_REGION": REGION},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise RuntimeError(f"chalice deploy failed:\n{done.stdout}")


def _read(project: Path, account: AwsAccount, directory: Path) -> Package:
    record = json.loads((project / ".chalice" / "deployed" / f"{STAGE}.json").read_text())
    (api,) = (each["rest_api_id"] for each in record["resources"] if each["resource_type"] == "rest_api")
    functions = {source.name: source for source in deployed_functions(account, REGION, directory)}
    archive = next(iter(functions.values())).archive
    return Package(account.lessons.deployed[api, STAGE], functions, STAGE, {}, archive)
