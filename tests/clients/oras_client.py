"""The PyPI library `oras` as a program, since it comes without one.

    oras_client.py [--debug] pull|push|tags|inspect CONFIG REFERENCE [PATH]

Of the library's choices only one is made here: Basic credentials, which is what ECR takes.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import oras.client
import oras.version
from oras.logger import setup_logger


def main(arguments: Sequence[str]) -> None:
    talkative = arguments[0] == "--debug"
    setup_logger(debug=talkative)
    verb, config, reference, *rest = [*arguments[talkative:], "", ""]
    if verb == "--version":
        print(oras.version.__version__)
        return
    client: Any = oras.client.OrasClient(auth_backend="basic")
    client.auth.load_configs(client.get_container(reference), configs=[config])
    if verb == "pull":
        client.pull(reference, config_path=config, outdir=rest[0])
    elif verb == "push":
        client.push(
            reference,
            files=_layers(Path(rest[0])),
            config_path=config,
            disable_path_validation=True,
            quiet=True,
        )
    elif verb == "tags":
        print(*client.get_tags(reference), sep="\n")
    elif verb == "inspect":
        print(json.dumps(client.get_manifest(reference)))
    else:
        raise SystemExit(f"no verb {verb!r}")


def _layers(layout: Path) -> list[str]:
    """The layer files of an OCI layout, in the image's order."""
    blobs = layout / "blobs"
    (image,) = json.loads((layout / "index.json").read_text())["manifests"]
    manifest = json.loads((blobs / image["digest"].replace(":", "/")).read_text())
    return [str(blobs / layer["digest"].replace(":", "/")) for layer in manifest["layers"]]


if __name__ == "__main__":
    main(sys.argv[1:])
