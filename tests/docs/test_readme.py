"""Every command of the README is run by a test: here, or by the one named beside it."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")

RUN_HERE = {
    "make demo": "none of them holds the token",
    "make install": "",
    "AWS_DEFAULT_REGION=us-west-2 make package": "",
    "make bench": "Relay, one manifest over TLS",
}
LIFE = "tests/infra/test_lifecycle.py"
INSTALLED = "tests/credhelper/test_installed.py"
RUN_ELSEWHERE = {
    "make test": ".ci/run",
    "make check": ".ci/run",
    "make clients": ".ci/run",
    "make matrix": "tests/docs/test_pages.py::test_the_matrix_page_and_the_readme_show_the_stored_matrix",
    ".venv/bin/python -m infra init --region us-west-2 --domain ecr.example.com": (
        f"{LIFE}::test_init_requested_a_certificate_and_waited"
    ),
    ".venv/bin/python -m infra plan": (f"{LIFE}::test_plan_changes_nothing_and_says_what_up_then_does"),
    ".venv/bin/python -m infra up": f"{LIFE}::test_up_makes_what_the_original_module_made",
    ".venv/bin/python -m infra doctor": f"{LIFE}::test_doctor_sees_the_four_answers",
    ".venv/bin/python -m infra down": f"{LIFE}::test_down_leaves_the_account_as_before",
    "pipx install .": f"{INSTALLED}::test_the_installed_script_answers_from_aws_and_from_memory",
    "docker-credential-ecr-custom init ecr.example.com": (
        "tests/credhelper/test_init.py::test_without_a_registry_the_domain_is_asked_and_not_pinned"
    ),
    "docker-credential-ecr-custom doctor ecr.example.com": (
        "tests/credhelper/test_doctor.py::test_people_get_a_line_for_each"
    ),
    "ECR_REGISTRY=123456789012.dkr.ecr.us-west-2.amazonaws.com .venv/bin/chalice local --stage local": (
        "tests/served/test_chalice_local_gaps.py::test_ours_serves_with_chalices_reloader_too"
    ),
}


def commands() -> list[str]:
    """The lines that begin with a prompt, without their comments."""
    blocks = re.findall(r"^```console\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines() if line.startswith("$ ")]
    return [re.sub(r"\s+#.*", "", line.removeprefix("$ ")) for line in lines]


def test_every_command_is_run_by_a_test() -> None:
    assert sorted(commands()) == sorted([*RUN_HERE, *RUN_ELSEWHERE])


@pytest.mark.parametrize("place", sorted(set(RUN_ELSEWHERE.values())))
def test_the_tests_named_here_exist(place: str) -> None:
    path, _, name = place.partition("::")
    assert (ROOT / path).is_file()
    assert not name or f"def {name}(" in (ROOT / path).read_text(encoding="utf-8")


@pytest.mark.parametrize("command", RUN_HERE)
def test_a_command_does_what_is_said_of_it(command: str) -> None:
    """In this checkout, whose .venv is made by then."""
    if shutil.which("make") is None:
        pytest.skip("make is not installed")
    done = subprocess.run(["/bin/sh", "-c", command], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert RUN_HERE[command] in done.stdout
    assert "Traceback" not in done.stdout + done.stderr


def test_the_gate_runs_what_the_readme_gives() -> None:
    gate = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert all(f"\n{line}\n" in gate for line in ("make clients", "make check", "make test"))


def test_every_link_leads_somewhere() -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)(?:#[^)]*)?\)", README)
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_every_setting_is_in_the_configuration_table() -> None:
    for name in ("ECR_REGISTRY", "REDIRECT_MODE", "AWS_ECR_CUSTOM_CONFIG", "AWS_ECR_CUSTOM_DISCOVER"):
        assert f"`{name}`" in README
