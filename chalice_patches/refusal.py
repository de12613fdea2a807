"""The end of a Chalice command that cannot go on."""

from __future__ import annotations

import os
import sys
import threading
from typing import NoReturn


def end_command(line: str) -> NoReturn:
    """Print one line to standard error and exit with 2."""
    sys.stderr.write(f"custom-ecr-domain: {line}\n")
    sys.stderr.flush()
    if threading.current_thread() is not threading.main_thread():
        # The reloader of `chalice local` loads the app in a thread, where SystemExit ends nothing.
        os._exit(2)
    sys.exit(2)
