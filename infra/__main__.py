"""`python -m infra`: run from the project's directory."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from infra.command_line import main
from infra.outside import Internet
from infra.terminal import Terminal

if __name__ == "__main__":
    answers = sys.stdin if sys.stdin.isatty() else None
    terminal = Terminal(sys.stdout, sys.stderr, answers)
    sys.exit(main(sys.argv[1:], Path.cwd(), os.environ, terminal, Internet()))
