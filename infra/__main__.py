"""`python -m infra` and `ecr-domain`: run from the project's directory."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from infra.command_line import main
from infra.outside import Internet
from infra.terminal import Terminal


def run() -> int:
    stdin = sys.stdin if sys.stdin.isatty() else None
    terminal = Terminal(sys.stdout, sys.stderr, stdin)
    return main(sys.argv[1:], Path.cwd(), os.environ, terminal, Internet())


if __name__ == "__main__":
    sys.exit(run())
