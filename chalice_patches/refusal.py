"""The end of a Chalice command that cannot go on."""

from __future__ import annotations

import os
import signal
import sys
import threading
from typing import NoReturn


def end_command(line: str) -> NoReturn:
    """Print one line to standard error and end with a status that is not 0."""
    sys.stderr.write(f"custom-ecr-domain: {line}\n")
    sys.stderr.flush()
    if os.environ.get("CHALICE_WORKER") and os.getppid() > 1:
        # The reloader of `chalice local`: its parent process ends with 0 whatever its worker ends with, so
        # nothing but a signal keeps a script from taking the refusal for success.
        os.kill(os.getppid(), signal.SIGTERM)
    if threading.current_thread() is not threading.main_thread():
        # It loads the app in a thread, where SystemExit ends nothing.
        os._exit(2)
    sys.exit(2)
