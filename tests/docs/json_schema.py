"""The schemas of CI systems, as the package check-jsonschema ships them: nothing is fetched."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path


def schema_errors(schema: str, document: object) -> list[str]:
    """What is wrong with a document, such as a workflow for `vendor.github-workflows`; empty if nothing."""
    program = Path(sys.executable).with_name("check-jsonschema")
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory, "document.json")
        path.write_text(json.dumps({key_of(key): value for key, value in dict(document).items()}))  # type: ignore[call-overload]
        done = subprocess.run(
            [program, "--builtin-schema", schema, "--output-format", "json", path],
            capture_output=True,
            text=True,
            check=False,
        )
    report = json.loads(done.stdout)
    return [error["message"] for error in report["errors"] + report.get("parse_errors", [])]


def key_of(key: object) -> str:
    """YAML 1.1 reads the key `on` of a workflow as true."""
    return "on" if key is True else str(key)
