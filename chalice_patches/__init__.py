"""What Chalice 1.34 lacks for this service, patched in under its own commands and never in Lambda.

stage is for every command, packaging for deploy and package, local_server for `chalice local`.
"""

from __future__ import annotations

import sys
from collections.abc import MutableMapping
from pathlib import Path

from chalice_patches.local_server import patch_local_server
from chalice_patches.packaging import patch_packaging
from chalice_patches.refusal import end_command
from chalice_patches.stage import Command, check_stage
from chalicelib.errors import InvalidSetting
from chalicelib.settings import Settings


def patched_settings(environment: MutableMapping[str, str]) -> Settings:
    """The settings of the service, with Chalice patched for them.

    A stage or a setting that is not accepted ends Chalice's command with one line.
    """
    last_line = check_stage(Command.of(sys.argv), Path(__file__).parents[1], environment)
    try:
        settings = Settings.from_environment(environment)
    except InvalidSetting as error:
        end_command(f"{error}; set it in .chalice/config.json (environment_variables) or in the environment")
    patch_packaging(last_line)
    patch_local_server(settings)
    return settings
