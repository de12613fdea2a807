"""Images whose layers are real tars, so that real clients unpack and run them."""

from __future__ import annotations

import gzip
import random

from tests.clients.image import Blob, Image, tar_of
from tests.demo.program import Architecture, program
from tests.standins.registry_client import LAYER_TYPE
from tests.standins.registry_store import digest_of

LARGE = 12 * 1024 * 1024
"""More than API Gateway passes in one request."""


def demo_image(greeting: str, architecture: Architecture) -> Image:
    """An image that prints `greeting` when it is run; its second layer holds a file of LARGE bytes, and no
    layer is the same as that of another greeting."""
    seed = random.Random(greeting)  # noqa: S311  bytes that do not compress, the same in each run
    tars = (
        tar_of("hello", program(f"{greeting}\n".encode(), architecture), 0o755),
        tar_of("data", seed.randbytes(LARGE)),
    )
    layers = tuple(Blob(LAYER_TYPE, gzip.compress(tar, compresslevel=1, mtime=0)) for tar in tars)
    return Image(layers, tuple(map(digest_of, tars)), architecture.name, "/hello")
