"""The user's own credentials for the domain, from the credential helper that Docker would ask."""

from __future__ import annotations

import base64
import json
import os
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from credhelper.client_config import helper_of
from credhelper.errors import HelperError
from credhelper.json_file import read_json_file


class NoCredentials(Exception):
    """There is no helper for the domain, or it has nothing. The message is one line and says what to do."""


@dataclass(frozen=True)
class UserCredentials:
    """What the helper gave. No part of it is ever shown."""

    password: str = field(repr=False)
    authorization: str = field(repr=False)

    @classmethod
    def of(cls, domain: str) -> UserCredentials:
        """Raises NoCredentials."""
        directory = Path(os.environ.get("DOCKER_CONFIG") or Path.home() / ".docker")
        set_up = f"run: docker-credential-ecr-custom init {domain}"
        try:
            helper = helper_of(read_json_file(directory / "config.json"), domain)
        except HelperError as error:
            raise NoCredentials(f"{error}; {set_up}") from error
        if not helper:
            raise NoCredentials(f"{directory}/config.json has no credential helper for {domain}; {set_up}")
        try:
            done = subprocess.run(
                [f"docker-credential-{helper}", "get"],
                input=domain,
                stdout=subprocess.PIPE,
                text=True,
                check=True,
                timeout=60,
            )
            given = json.loads(done.stdout)
            user, password = given["Username"], given["Secret"]
        except (OSError, subprocess.SubprocessError, ValueError, KeyError):
            # `from None`: the error itself can hold what the helper wrote.
            doctor = f"run: docker-credential-ecr-custom doctor {domain}"
            raise NoCredentials(
                f"docker-credential-{helper} has no credentials for {domain}; {doctor}"
            ) from None
        return cls(password, "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode())

    @property
    def secrets(self) -> tuple[str, str]:
        """The texts that no output may hold."""
        return self.password, self.authorization.removeprefix("Basic ")

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": self.authorization}
