"""Images whose layers are real tars, so that real clients unpack and run them."""

from __future__ import annotations

import gzip
import io
import json
import random
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass

from tests.demo.program import Architecture, program
from tests.standins.registry_store import digest_of

CONFIG_TYPE = "application/vnd.oci.image.config.v1+json"
LAYER_TYPE = "application/vnd.oci.image.layer.v1.tar+gzip"
MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json"
LARGE = 12 * 1024 * 1024
"""More than API Gateway passes in one request."""


@dataclass(frozen=True)
class DemoImage:
    """An image as it is pushed."""

    #: Compressed tars, the lowest first.
    layers: tuple[bytes, ...]
    config: bytes

    @property
    def manifest(self) -> bytes:
        layers = [_descriptor(LAYER_TYPE, layer) for layer in self.layers]
        config = _descriptor(CONFIG_TYPE, self.config)
        document = {"schemaVersion": 2, "mediaType": MANIFEST_TYPE, "config": config, "layers": layers}
        return json.dumps(document).encode()


def demo_image(greeting: str, architecture: Architecture, size: int = LARGE) -> DemoImage:
    """An image that prints `greeting` when it is run; its second layer holds a file of `size` bytes, and no
    layer is the same as that of another greeting."""
    seed = random.Random(greeting)  # noqa: S311  bytes that do not compress, the same in each run
    tars = (
        _tar({"hello": (program(f"{greeting}\n".encode(), architecture), 0o755)}),
        _tar({"data": (seed.randbytes(size), 0o644)}),
    )
    config = {
        "architecture": architecture.name,
        "os": "linux",
        "config": {"Cmd": ["/hello"]},
        "rootfs": {"type": "layers", "diff_ids": [digest_of(tar) for tar in tars]},
    }
    layers = tuple(gzip.compress(tar, compresslevel=1, mtime=0) for tar in tars)
    return DemoImage(layers, json.dumps(config).encode())


def _tar(files: Mapping[str, tuple[bytes, int]]) -> bytes:
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name, (content, mode) in files.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(content), mode
            tar.addfile(entry, io.BytesIO(content))
    return archive.getvalue()


def _descriptor(media_type: str, content: bytes) -> dict[str, object]:
    return {"mediaType": media_type, "digest": digest_of(content), "size": len(content)}
