"""Every command of the README is run by a test: here, or by the one beside it."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

import chalicelib.settings
import credhelper.settings
from tests.docs.markdown_page import ROOT, MarkdownPage

README = MarkdownPage.read(ROOT / "README.md")
#: Commands that are run here, in a copy of the project, and what they say.
RUN_HERE = {
    "make demo": "The service's log holds no credential.",
    "make install": "",
    "make package REGISTRIES=123456789012.dkr.ecr.us-west-2.amazonaws.com": "",
}
LIFE = "tests/deploy/test_lifecycle.py::test_every_step_ended_well"
HELPER = "tests/helper"
RUN_ELSEWHERE = {
    "make serve": "tests/demo/test_serve.py::test_the_printed_lines_work_as_printed",
    "make test": ".ci/run",
    ".venv/bin/ecr-domain init --region us-west-2 --domain ecr.example.com": LIFE,
    ".venv/bin/ecr-domain plan": LIFE,
    ".venv/bin/ecr-domain up": LIFE,
    ".venv/bin/ecr-domain doctor": LIFE,
    ".venv/bin/ecr-domain down": LIFE,
    "pipx install .": f"{HELPER}/test_installed.py::test_an_installation_leaves_nothing_in_the_tree",
    "docker-credential-ecr-custom init ecr.example.com": (
        f"{HELPER}/test_init.py::test_without_a_registry_the_domain_is_asked_and_not_pinned"
    ),
    "docker-credential-ecr-custom doctor ecr.example.com/my-repo": (
        f"{HELPER}/test_doctor_repository.py::test_a_pull_that_works"
    ),
    "docker-credential-ecr-custom init --remove --all": (
        f"{HELPER}/test_removal.py::test_remove_all_takes_everything_that_was_ever_written"
    ),
    "ECR_REGISTRY=123456789012.dkr.ecr.us-west-2.amazonaws.com .venv/bin/chalice local": (
        "tests/served/test_chalice_local_gaps.py::test_ours_serves_with_chalices_reloader_too"
    ),
}
#: Commands that need GitHub, or that are pipx's own.
NOT_RUN = {
    "git clone https://git.example.com/custom-ecr-domain && cd custom-ecr-domain",
    "pipx uninstall docker-credential-ecr-custom",
}
#: What a copy leaves out: what is made from the rest.
_MADE = shutil.ignore_patterns(".git", ".venv", ".clients", "build", "*_cache", "__pycache__", "*.egg-info")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project, with the same environment, so that nothing is written into the working tree."""
    copy = shutil.copytree(ROOT, tmp_path_factory.mktemp("readme") / "project", ignore=_MADE)
    (copy / ".venv").symlink_to(ROOT / ".venv")
    return copy


def test_every_command_is_run_by_a_test() -> None:
    console = [block.text for block in README.blocks if block.language == "console"]
    lines = [line for text in console for line in text.splitlines() if line.startswith("$ ")]
    commands = [re.sub(r"\s+#.*", "", line.removeprefix("$ ")) for line in lines]
    assert sorted(commands) == sorted([*RUN_HERE, *RUN_ELSEWHERE, *NOT_RUN])


@pytest.mark.parametrize("place", sorted(set(RUN_ELSEWHERE.values())))
def test_the_tests_named_here_exist(place: str) -> None:
    path, _, name = place.partition("::")
    assert (ROOT / path).is_file()
    assert not name or f"def {name}(" in (ROOT / path).read_text(encoding="utf-8")


@pytest.mark.parametrize("command", RUN_HERE)
def test_a_command_does_what_is_said_of_it(command: str, project: Path) -> None:
    if shutil.which("make") is None:
        pytest.skip("make is not installed")
    done = subprocess.run(
        ["/bin/sh", "-c", command], cwd=project, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert RUN_HERE[command] in done.stdout
    assert "Traceback" not in done.stdout + done.stderr


def test_the_gate_installs_the_clients_and_runs_everything() -> None:
    gate = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert all(f"\n{line}\n" in gate for line in ("make clients", "make check", "make test"))


def test_every_setting_is_in_the_configuration_table() -> None:
    """The kubelet's one is in the helper's own page."""
    settings = {
        value
        for module in (chalicelib.settings, credhelper.settings)
        for value in vars(module).values()
        if isinstance(value, str) and re.fullmatch(r"(?:AWS_)?ECR_[A-Z_]+|REDIRECT_MODE", value)
    }
    table = README.text.partition("\n## Configuration\n")[2].partition("\n## ")[0]
    assert {name for name in settings if f"`{name}`" not in table} == {credhelper.settings.KUBELET_ROLE}
