"""What `init` writes is the user's own: tests and gates do not read it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

from tests.deploy.checkout import clone
from tests.standins.project import ROOT

# Who reads the configuration names it, or Chalice, or the package that all served tests share.
NAMES = re.compile(r"config\.json|\.chalice\b|make_project|\"chalice\"|service_package: ")
SERVED = ("test_packages.py",)


def readers() -> list[str]:
    """The unit tests that may read the configuration, and served tests of what Chalice packages."""
    unit = (ROOT / "tests" / "unit").rglob("test_*.py")
    found = [path for path in unit if NAMES.search(path.read_text(encoding="utf-8"))]
    found += [ROOT / "tests" / "served" / name for name in SERVED]
    return [str(path.relative_to(ROOT)) for path in found]


def test_the_tests_pass_in_a_project_that_was_set_up(tmp_path: Path) -> None:
    """In a copy whose configuration has a stage `production` as `init` leaves it, and a changed `dev`."""
    copy = clone(tmp_path / "copy")
    path = copy / ".chalice" / "config.json"
    document = json.loads(path.read_text(encoding="utf-8"))
    own = {"domain": "ecr.users.test", "region": "eu-west-1", "hosted_zone_id": "ZUSERS", "edge": "off"}
    document["stages"]["production"] = {
        "api_gateway_stage": "production",
        "custom_ecr_domain": own,
        "environment_variables": {"ECR_REGISTRY": "users.example.test", "REDIRECT_MODE": "plain"},
    }
    document["stages"]["dev"] = {
        "lambda_memory_size": 1024,
        "environment_variables": {"REDIRECT_MODE": "plain"},
    }
    path.write_text(json.dumps(document, indent=2))
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST_")}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *readers()],
        cwd=copy,
        env={**environment, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:]
