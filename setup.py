"""The one thing that pyproject.toml cannot say: the program's form depends on the system.

Everywhere but on Windows it is our own script, which starts Python isolated and without `site` (its
head says why); pip would install a console entry point of the same name instead of it. Windows runs no
shell script, so there it is that entry point.
"""

import os

from setuptools import setup

if os.name == "nt":
    setup(entry_points={"console_scripts": ["docker-credential-ecr-custom = credhelper.__main__:run"]})
else:
    setup(scripts=["credhelper/docker-credential-ecr-custom"])
