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

from tests.standins.registry_store import Manifest, RegistryStore, digest_of

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

    layers: tuple[Blob, ...]
    #: The digests of the layers' tars: of the layers themselves, unless they are compressed.
    diff_ids: tuple[str, ...]
    architecture: str = "amd64"
    command: str = "/none"

    @classmethod
    def fresh(cls, *layer_sizes: int, architecture: str = "amd64") -> Image:
        """An image whose layers hold one file of `layer_sizes` random bytes each."""
        layers = tuple(
            Blob(_LAYER, tar_of(f"file-{secrets.token_hex(4)}", secrets.token_bytes(size)))
            for size in layer_sizes
        )
        return cls(layers, tuple(layer.digest for layer in layers), architecture)

    @property
    def config(self) -> Blob:
        content = {
            "architecture": self.architecture,
            "os": "linux",
            "created": "2026-01-01T00:00:00Z",
            "config": {"Cmd": [self.command]},
            "rootfs": {"type": "layers", "diff_ids": self.diff_ids},
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
    def top(self) -> Blob:
        """What a tag names."""
        return self.manifest

    @property
    def images(self) -> tuple[Image, ...]:
        return (self,)

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
        tagged = self.manifest.descriptor | {
            "annotations": {"org.opencontainers.image.ref.name": tag, "io.containerd.image.name": reference}
        }
        docker = {
            "Config": f"blobs/sha256/{_hex(self.config)}",
            "RepoTags": [reference],
            "Layers": [f"blobs/sha256/{_hex(layer)}" for layer in self.layers],
        }
        _write_json(directory / "oci-layout", {"imageLayoutVersion": "1.0.0"})
        _write_json(directory / "index.json", {"schemaVersion": 2, "mediaType": INDEX, "manifests": [tagged]})
        _write_json(directory / "manifest.json", [docker])


@dataclass(frozen=True)
class MultiArch:
    """An index over images of several platforms."""

    images: tuple[Image, ...]

    @classmethod
    def fresh(cls, layer_size: int) -> MultiArch:
        return cls(tuple(Image.fresh(layer_size, architecture=name) for name in ("amd64", "arm64")))

    @property
    def top(self) -> Blob:
        """The index, which a tag names."""
        manifests = [
            image.manifest.descriptor | {"platform": {"os": "linux", "architecture": image.architecture}}
            for image in self.images
        ]
        content = {"schemaVersion": 2, "mediaType": INDEX, "manifests": manifests}
        return Blob(INDEX, json.dumps(content).encode())


def store_image(store: RegistryStore, content: Image | MultiArch, repository: str, *tags: str) -> None:
    """The image or the index in a registry that lives in memory, as if it had been pushed."""
    with store.lock:
        stored = store.repository(repository)
        for image in content.images:
            for blob in image.blobs:
                stored.put_blob(blob.content)
            stored.put_manifest(Manifest(image.manifest.media_type, image.manifest.content))
        top = Manifest(content.top.media_type, content.top.content)
        for tag in tags:
            stored.put_manifest(top, tag)


def archive(layout: Path) -> Path:
    """The layout as a tar file beside it."""
    path = layout.with_suffix(".tar")
    with tarfile.open(path, "w") as tar:
        for part in sorted(layout.iterdir()):
            tar.add(part, part.name)
    return path


def tar_of(name: str, content: bytes, mode: int = 0o644) -> bytes:
    """A tar with one file."""
    member = tarfile.TarInfo(name)
    member.size, member.mode = len(content), mode
    to_full_block = bytes(-len(content) % tarfile.BLOCKSIZE)
    end = bytes(2 * tarfile.BLOCKSIZE)
    return b"".join((member.tobuf(tarfile.USTAR_FORMAT), content, to_full_block, end))


def _hex(blob: Blob) -> str:
    return blob.digest.partition(":")[2]


def _write_json(path: Path, content: object) -> None:
    path.write_text(json.dumps(content))
