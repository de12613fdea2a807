"""Python for the helper while coverage is measured: measured_python.py SITE-PACKAGES -I -S SCRIPT ...

SITE-PACKAGES is where coverage is; the rest is what the script's shell half gives to Python. What to measure
is in the environment, where coverage itself has put it for the processes of the tests.
"""

import os
import posix
import runpy
import sys

packages, *arguments = sys.argv[1:]
sys.argv = arguments[arguments.index("-S") + 1 :]
sys.path.append(packages)
import coverage  # noqa: E402

sys.path.remove(packages)
coverage.process_startup()
# The helper calls this one, and coverage has replaced the one in `os` by its own, which saves the data first.
posix._exit = os._exit
runpy.run_path(sys.argv[0], run_name="__main__")
