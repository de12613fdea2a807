"""Images that no registry and no client has ever seen: random layers under a config and a manifest.

An image is written as an OCI layout with Docker's `manifest.json` beside it, which skopeo, podman,
buildah, crane, oras, ctr and `docker load` all read. Its layers are random, so that compression leaves
their sizes alone and no cross-repository mount can hide the upload path.
"""

from __future__ import annotations

import json
import secrets
import tarfile
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from tests.standins.registry_store import digest_of

KB = 1000
MB = 1000 * KB
GB = 1000 * MB

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
_CONFIG = "application/vnd.oci.image.config.v1+json"
_LAYER = "application/vnd.oci.image.layer.v1.tar"


@dataclass(frozen=True)
class Blob:
    """Bytes under their media type: a layer, a config, a manifest or an index."""

    media_type: str
    content: bytes

    @cached_property
    def digest(self) -> str:
        return digest_of(self.content)

    @property
    def descriptor(self) -> dict[str, Any]:
        return {"mediaType": self.media_type, "digest": self.digest, "size": len(self.content)}


@dataclass(frozen=True)
class Image:
    """One platform's image."""

    architecture: str
    layers: tuple[Blob, ...]

    @classmethod
    def fresh(cls, *layer_sizes: int, architecture: str = "amd64") -> Image:
        """An image whose layers hold one file of `layer_sizes` random bytes each."""
        return cls(architecture, tuple(_random_layer(size) for size in layer_sizes))

    @property
    def config(self) -> Blob:
        content = {
            "architecture": self.architecture,
            "os": "linux",
            "created": "2026-01-01T00:00:00Z",
            "config": {"Cmd": ["/none"]},
            "rootfs": {"type": "layers", "diff_ids": [layer.digest for layer in self.layers]},
        }
        return Blob(_CONFIG, json.dumps(content).encode())

    @property
    def manifest(self) -> Blob:
        content = {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": self.config.descriptor,
            "layers": [layer.descriptor for layer in self.layers],
        }
        return Blob(MANIFEST, json.dumps(content).encode())

    @property
    def blobs(self) -> tuple[Blob, ...]:
        return (*self.layers, self.config)

    def write_layout(self, directory: Path, reference: str) -> None:
        """The image as an OCI layout, and as what `docker load` calls `reference`."""
        stored = directory / "blobs" / "sha256"
        stored.mkdir(parents=True)
        for blob in (*self.blobs, self.manifest):
            (stored / _hex(blob)).write_bytes(blob.content)
        tag = reference.rpartition(":")[2]
        named = self.manifest.descriptor | {
            "annotations": {"org.opencontainers.image.ref.name": tag, "io.containerd.image.name": reference}
        }
        docker = {
            "Config": f"blobs/sha256/{_hex(self.config)}",
            "RepoTags": [reference],
            "Layers": [f"blobs/sha256/{_hex(layer)}" for layer in self.layers],
        }
        _write_json(directory / "oci-layout", {"imageLayoutVersion": "1.0.0"})
        _write_json(directory / "index.json", {"schemaVersion": 2, "mediaType": INDEX, "manifests": [named]})
        _write_json(directory / "manifest.json", [docker])


@dataclass(frozen=True)
class MultiArch:
    """An index over images of several platforms."""

    images: tuple[Image, ...]

    @classmethod
    def fresh(cls, layer_size: int) -> MultiArch:
        return cls(tuple(Image.fresh(layer_size, architecture=name) for name in ("amd64", "arm64")))

    @property
    def index(self) -> Blob:
        manifests = [
            image.manifest.descriptor | {"platform": {"os": "linux", "architecture": image.architecture}}
            for image in self.images
        ]
        content = {"schemaVersion": 2, "mediaType": INDEX, "manifests": manifests}
        return Blob(INDEX, json.dumps(content).encode())


def archive(layout: Path) -> Path:
    """The layout as a tar file beside it."""
    path = layout.with_suffix(".tar")
    with tarfile.open(path, "w") as tar:
        for part in sorted(layout.iterdir()):
            tar.add(part, part.name)
    return path


def _random_layer(size: int) -> Blob:
    member = tarfile.TarInfo(f"file-{secrets.token_hex(4)}")
    member.size = size
    to_full_block = -size % tarfile.BLOCKSIZE
    end = bytes(to_full_block + 2 * tarfile.BLOCKSIZE)
    return Blob(_LAYER, b"".join((member.tobuf(), secrets.token_bytes(size), end)))


def _hex(blob: Blob) -> str:
    return blob.digest.partition(":")[2]


def _write_json(path: Path, content: object) -> None:
    path.write_text(json.dumps(content))
