"""A small image as files, in the two forms that clients push from: an archive of `docker save`, and an OCI
layout."""

from __future__ import annotations

import hashlib
import io
import json
import os
import tarfile
from dataclasses import dataclass
from pathlib import Path

_MANIFEST = "application/vnd.oci.image.manifest.v1+json"


@dataclass(frozen=True)
class LiveImage:
    #: What `docker load` and `podman load` take; it holds the image under `reference`.
    archive: Path
    #: A directory in the form of the OCI image layout, with the tag of the reference.
    layout: Path
    reference: str

    @property
    def tag(self) -> str:
        return self.reference.rpartition(":")[2]

    @classmethod
    def write(cls, directory: Path, reference: str) -> LiveImage:
        """One layer with one file of random bytes, so that no registry has it yet."""
        layer = _tar({"live": os.urandom(5_000)})
        config = json.dumps(
            {
                "architecture": "amd64",
                "os": "linux",
                "config": {},
                "rootfs": {"type": "layers", "diff_ids": [f"sha256:{_hex(layer)}"]},
            }
        ).encode()
        archive = directory / "image.tar"
        names = {"Config": "config.json", "RepoTags": [reference], "Layers": ["layer.tar"]}
        archive.write_bytes(
            _tar({"config.json": config, "layer.tar": layer, "manifest.json": json.dumps([names]).encode()})
        )
        manifest = json.dumps(
            {
                "schemaVersion": 2,
                "mediaType": _MANIFEST,
                "config": _descriptor("application/vnd.oci.image.config.v1+json", config),
                "layers": [_descriptor("application/vnd.oci.image.layer.v1.tar", layer)],
            }
        ).encode()
        image = cls(archive, directory / "layout", reference)
        blobs = image.layout / "blobs" / "sha256"
        blobs.mkdir(parents=True)
        for content in (layer, config, manifest):
            (blobs / _hex(content)).write_bytes(content)
        named = {"annotations": {"org.opencontainers.image.ref.name": image.tag}}
        index = {"schemaVersion": 2, "manifests": [{**_descriptor(_MANIFEST, manifest), **named}]}
        (image.layout / "index.json").write_text(json.dumps(index))
        (image.layout / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')
        return image


def _hex(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _descriptor(media_type: str, content: bytes) -> dict[str, object]:
    return {"mediaType": media_type, "digest": f"sha256:{_hex(content)}", "size": len(content)}


def _tar(files: dict[str, bytes]) -> bytes:
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w") as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return written.getvalue()
