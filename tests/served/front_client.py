"""A plain HTTP client that does through a front what registry clients do."""

from __future__ import annotations

import json

from tests.served.fronts import Front
from tests.standins.http_client import ReceivedResponse
from tests.standins.registry_client import MANIFEST_TYPE
from tests.standins.registry_store import digest_of

CRANE = "crane/v0.20.3"
SKOPEO = "skopeo/1.18.0"
CONTAINERD = "containerd/1.7.24"
DOCKER = r"docker/26.1.5 UpstreamClient(Docker-Client/26.1.5 \(linux\))"
OCTETS = "application/octet-stream"


def as_client(front: Front, agent: str = CRANE) -> dict[str, str]:
    return {"User-Agent": agent, "Authorization": front.ecr.authorization}


def push_blob(front: Front, repository: str, content: bytes) -> str:
    """POST, PATCH, PUT, following Locations at our own host as clients do."""
    client = as_client(front)
    start = front.ask("POST", f"/v2/{repository}/blobs/uploads/", client)
    assert start.status == 202
    assert start["Location"].startswith(f"/v2/{repository}/blobs/uploads/")
    patch = front.ask("PATCH", start["Location"], {**client, "Content-Type": OCTETS}, content)
    assert patch.status == 201  # as of ECR
    separator = "&" if "?" in patch["Location"] else "?"
    digest = digest_of(content)
    put = front.ask(
        "PUT", f"{patch['Location']}{separator}digest={digest}", {**client, "Content-Type": OCTETS}
    )
    assert put.status == 201
    return digest


def push_manifest(
    front: Front, repository: str, tag: str, manifest: bytes, media_type: str
) -> ReceivedResponse:
    headers = {**as_client(front), "Content-Type": media_type}
    return front.ask("PUT", f"/v2/{repository}/manifests/{tag}", headers, manifest)


def image(front: Front, repository: str, tag: str = "latest", layer: bytes = b"layer") -> bytes:
    """A small image in the registry, pushed through the front; its manifest."""
    config = json.dumps({"architecture": "amd64", "os": "linux", "layer": digest_of(layer)}).encode()
    manifest = json.dumps(
        {
            "schemaVersion": 2,
            "mediaType": MANIFEST_TYPE,
            "config": {
                "mediaType": "application/vnd.oci.image.config.v1+json",
                "digest": push_blob(front, repository, config),
                "size": len(config),
            },
            "layers": [
                {
                    "mediaType": "application/vnd.oci.image.layer.v1.tar",
                    "digest": push_blob(front, repository, layer),
                    "size": len(layer),
                }
            ],
        },
        indent=3,
    ).encode()
    assert push_manifest(front, repository, tag, manifest, MANIFEST_TYPE).status == 201
    return manifest
