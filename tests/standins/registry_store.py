"""What a registry holds, in memory: blobs, manifests, tags and half-done uploads, by repository."""

from __future__ import annotations

import hashlib
import json
import threading
import uuid
from dataclasses import dataclass, field
from typing import Any


def digest_of(content: bytes) -> str:
    return "sha256:" + hashlib.sha256(content).hexdigest()


@dataclass(frozen=True)
class Manifest:
    """A manifest as it was pushed: its digest is over exactly these bytes."""

    media_type: str
    content: bytes

    @property
    def digest(self) -> str:
        return digest_of(self.content)

    def document(self) -> dict[str, Any]:
        document = json.loads(self.content)
        return document if isinstance(document, dict) else {}

    def subject(self) -> str | None:
        """The digest this manifest refers to (OCI distribution 1.1), if any."""
        subject = self.document().get("subject")
        return subject.get("digest") if isinstance(subject, dict) else None

    def descriptor(self) -> dict[str, Any]:
        """This manifest's entry in a list of referrers."""
        document = self.document()
        config = document.get("config")
        config_type = config.get("mediaType") if isinstance(config, dict) else None
        artifact_type = document.get("artifactType") or config_type
        described = {
            "mediaType": self.media_type,
            "size": len(self.content),
            "digest": self.digest,
            "artifactType": artifact_type,
            "annotations": document.get("annotations"),
        }
        return {key: value for key, value in described.items() if value is not None}


@dataclass
class Repository:
    blobs: dict[str, bytes] = field(default_factory=dict)
    manifests: dict[str, Manifest] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    uploads: dict[str, bytearray] = field(default_factory=dict)

    def put_blob(self, content: bytes) -> str:
        digest = digest_of(content)
        self.blobs[digest] = content
        return digest

    def begin_upload(self) -> str:
        identifier = str(uuid.uuid4())
        self.uploads[identifier] = bytearray()
        return identifier

    def put_manifest(self, manifest: Manifest, tag: str | None = None) -> str:
        self.manifests[manifest.digest] = manifest
        if tag is not None:
            self.tags[tag] = manifest.digest
        return manifest.digest

    def manifest(self, reference: str) -> Manifest | None:
        """By digest or by tag."""
        return self.manifests.get(self.tags.get(reference, reference))

    def delete_manifest(self, reference: str) -> bool:
        """A tag loses its name; a digest takes its tags along. False if there is no such thing."""
        if reference in self.tags:
            del self.tags[reference]
            return True
        if self.manifests.pop(reference, None) is None:
            return False
        self.tags = {tag: digest for tag, digest in self.tags.items() if digest != reference}
        return True

    def referrers(self, digest: str, artifact_type: str | None) -> list[dict[str, Any]]:
        found = [each.descriptor() for each in self.manifests.values() if each.subject() == digest]
        return [each for each in found if artifact_type in (None, each.get("artifactType"))]


class RegistryStore:
    """The repositories. Hold `lock` around whatever reads or changes one."""

    def __init__(self) -> None:
        self.repositories: dict[str, Repository] = {}
        self.lock = threading.RLock()

    def repository(self, name: str) -> Repository:
        """The repository of that name, made now if there is none."""
        return self.repositories.setdefault(name, Repository())
