"""The functions of an account as they would run there: their code and settings as the account holds them."""

from __future__ import annotations

from pathlib import Path

from tests.deploy.aws_account import AwsAccount
from tests.standins.package import FunctionSource


def deployed_functions(account: AwsAccount, region: str, directory: Path) -> list[FunctionSource]:
    """Every function of a region. The zips are written to `directory`, one for each state of the code."""
    sources = []
    for found in account.client("lambda", region).list_functions()["Functions"]:
        name = found["FunctionName"]
        archive = directory / f"{name}-{found['CodeSha256'].replace('/', '_')}.zip"
        if not archive.exists():
            archive.write_bytes(account.lessons.function_code(region, name))
        sources.append(
            FunctionSource(
                name=name,
                arn=found["FunctionArn"],
                handler=found["Handler"],
                archive=archive,
                timeout=found["Timeout"],
                memory=found["MemorySize"],
                environment=found.get("Environment", {}).get("Variables", {}),
            )
        )
    return sources
