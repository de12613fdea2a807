"""The credential helper, set up for clients of the demo in a directory of its own."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.helper.fake_aws import fake_aws

NAME = "docker-credential-ecr-custom"
REGISTRY = "123456789012.dkr.ecr.us-west-2.amazonaws.com"


@dataclass(frozen=True)
class DemoHelper:
    """What clients need to find it."""

    #: A directory for PATH.
    binaries: Path
    #: A directory for DOCKER_CONFIG.
    docker: Path

    @property
    def configuration(self) -> Path:
        """The file that podman, skopeo and buildah read as well."""
        return self.docker / "config.json"


@contextmanager
def demo_helper(directory: Path, authority: str, token: str) -> Iterator[DemoHelper]:
    """The installed helper, which asks a stand-in for AWS and is given `token`; its own `init` sets it up
    for `authority`. Everything is written below `directory`."""
    with fake_aws() as aws:
        aws.secret = token
        helper = DemoHelper(directory / "bin", directory / "docker")
        helper.binaries.mkdir()
        # None of the user's own settings for AWS reaches it, and none of these reaches other programs.
        variables = {
            "HOME": str(directory),
            "DOCKER_CONFIG": str(helper.docker),
            "PATH": f"{helper.binaries}:{os.environ['PATH']}",
            "AWS_ACCESS_KEY_ID": "AKIAEXAMPLE",
            "AWS_SECRET_ACCESS_KEY": "of-the-demo",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_ENDPOINT_URL": aws.url,
        }
        installed = str(Path(sys.executable).with_name(NAME))
        command = shlex.join(["env", "-i", *(f"{name}={value}" for name, value in variables.items())])
        script = helper.binaries / NAME
        script.write_text(f'#!/bin/sh\nexec {command} {shlex.quote(installed)} "$@"\n', encoding="utf-8")
        script.chmod(0o755)
        subprocess.run([script, "init", authority, REGISTRY], check=True, stdout=subprocess.DEVNULL)
        yield helper
