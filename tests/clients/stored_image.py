"""Images in the registries that live in memory."""

from __future__ import annotations

from tests.clients.image import Image
from tests.standins.registry_store import Manifest, RegistryStore


def store_image(store: RegistryStore, image: Image, repository: str, tag: str) -> None:
    """The image as if it had been pushed."""
    with store.lock:
        stored = store.repository(repository)
        for blob in image.blobs:
            stored.put_blob(blob.content)
        stored.put_manifest(Manifest(image.manifest.media_type, image.manifest.content), tag)
