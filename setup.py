"""What pyproject.toml cannot say: the program's form depends on the system, and the build leaves no traces.

Everywhere but on Windows the program is our own script, which starts Python isolated and without `site` (its
head says why); pip would install a console entry point of the same name instead of it. Windows runs no
shell script, so there it is that entry point.

setuptools builds in the source tree, so that an old build/lib would find its way into the next package;
here it builds in a directory that goes with the process.
"""

import atexit
import os
import shutil
import tempfile

from setuptools import setup

BUILD = tempfile.mkdtemp()
atexit.register(shutil.rmtree, BUILD, ignore_errors=True)
OPTIONS = {"build": {"build_base": BUILD}, "egg_info": {"egg_base": BUILD}}

if os.name == "nt":
    entry_points = {"console_scripts": ["docker-credential-ecr-custom = credhelper.__main__:run"]}
    setup(entry_points=entry_points, options=OPTIONS)
else:
    setup(scripts=["credhelper/docker-credential-ecr-custom"], options=OPTIONS)
