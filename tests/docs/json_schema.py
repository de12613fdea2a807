"""The schemas of CI systems, as the package check-jsonschema ships them: nothing is fetched."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def schema_errors(schema: str, document: Mapping[Any, object]) -> list[str]:
    """What is wrong with a document, such as a workflow for `vendor.github-workflows`; empty if nothing."""
    program = Path(sys.executable).with_name("check-jsonschema")
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory, "document.json")
        # YAML 1.1 reads the key `on` of a workflow as true.
        repaired = {"on" if key is True else key: value for key, value in document.items()}
        path.write_text(json.dumps(repaired))
        done = subprocess.run(
            [program, "--builtin-schema", schema, "--output-format", "json", path],
            capture_output=True,
            text=True,
            check=False,
        )
    report = json.loads(done.stdout)
    return [error["message"] for error in report["errors"] + report.get("parse_errors", [])]
