"""A push and a pull by each client that is on PATH, with the user's own configuration."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.clients.image import Image, archive
from tests.live.live_domain import LiveDomain
from tests.live.live_report import LiveReport
from tests.live.live_repository import LiveRepository

Command = tuple[str, ...]


@dataclass(frozen=True)
class LiveClient:
    """Command lines in which {reference}, {archive}, {layout}, {tag} and {out} are filled in."""

    program: str
    version: Command
    push: tuple[Command, ...]
    pull: tuple[Command, ...]

    def __str__(self) -> str:
        return self.program


def _with_images(program: str, version: str) -> LiveClient:
    remove = (program, "rmi", "{reference}")
    return LiveClient(
        program,
        (program, "version", "--format", version),
        ((program, "load", "--input", "{archive}"), (program, "push", "{reference}"), remove),
        ((program, "pull", "{reference}"), remove),
    )


CLIENTS = (
    _with_images("docker", "{{.Server.Version}}"),
    _with_images("podman", "{{.Client.Version}}"),
    LiveClient(
        "skopeo",
        ("skopeo", "--version"),
        (("skopeo", "copy", "oci:{layout}:{tag}", "docker://{reference}"),),
        (("skopeo", "copy", "docker://{reference}", "oci:{out}:{tag}"),),
    ),
    LiveClient(
        "crane",
        ("crane", "version"),
        (("crane", "push", "{layout}", "{reference}"),),
        (("crane", "pull", "{reference}", "{out}"),),
    ),
    LiveClient(
        "oras",
        ("oras", "version"),
        (("oras", "cp", "--from-oci-layout", "{layout}:{tag}", "{reference}"),),
        (("oras", "cp", "--to-oci-layout", "{reference}", "{out}:{tag}"),),
    ),
)


@pytest.mark.parametrize("client", CLIENTS, ids=str)
def test_a_client_pushes_and_pulls(
    client: LiveClient,
    live: LiveDomain,
    repository: LiveRepository,
    report: LiveReport,
    tmp_path: Path,
) -> None:
    if shutil.which(client.program) is None:
        pytest.skip(f"{client.program} is not installed")
    tag = f"live-{client.program}-{os.urandom(4).hex()}"
    reference, layout = f"{live.authority}/{repository.name}:{tag}", tmp_path / "layout"
    Image.fresh(5_000).write_layout(layout, reference)
    words = {
        "reference": reference,
        "archive": str(archive(layout)),
        "layout": str(layout),
        "tag": tag,
        "out": str(tmp_path / "out"),
    }
    version = subprocess.run(client.version, capture_output=True, text=True, check=False)
    if version.returncode:
        pytest.skip(f"{client.program} is installed, but its daemon does not run")
    outcome: dict[str, object] = {"version": version.stdout.strip().splitlines()[:1]}
    failed = ""
    for operation, commands in (("push", client.push), ("pull", client.pull)):
        for command in commands:
            if failed:
                break
            arguments = [word.format(**words) for word in command]
            done = subprocess.run(
                arguments, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
            )
            printed = report.shows_secret(done.stdout)
            # Without the output, which would show it a second time.
            assert not printed, f"{client.program} {command[1]} printed the token"
            if done.returncode:
                failed = f"{operation}: {report.text(done.stdout[-500:])}"
        outcome[operation] = "failed" if failed else "works"
    repository.ask("DELETE", repository.path(f"manifests/{tag}"))
    report.record(f"client {client.program}", {**outcome, "output": failed})
    assert not failed, failed
