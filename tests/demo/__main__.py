"""python -m tests.demo            push and pull an image as three kinds of client do, every hop shown
python -m tests.demo --serve    keep registry and service up, for a client of yours
"""

from __future__ import annotations

import argparse
import platform
import signal
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

from tests.demo.hop_table import LEGEND, HopTable
from tests.demo.image import Image, demo_image
from tests.demo.program import architecture_of
from tests.demo.serve import serve
from tests.standins.chalice_local import ChaliceLocal
from tests.standins.ecr import FakeEcr
from tests.standins.registry_client import CONTAINERD, DOCKER_CLASSIC, SKOPEO, Conversation, RegistryClient

REPOSITORY = "demo/hello"
KINDS = (
    ("Docker, classic image store", DOCKER_CLASSIC),
    ("Docker 29 and containerd", CONTAINERD),
    ("podman, buildah, skopeo", SKOPEO),
)
_INTRODUCTION = """\
A custom name for ECR, on this machine alone: without an AWS account and without Docker. A small client
plays three kinds of clients by the conversations that were recorded of them; its images are real ones.

  ecr.example.com        the custom name: the service answers every request with one redirect
  /_registry/REGISTRY    a path on the same name, which is carried to the registry (here a stand-in for ECR)
  layer bucket           where the registry sends downloads of layers

"""


def main(arguments: Sequence[str], out: TextIO) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.demo", description="A custom name for ECR, shown.")
    parser.add_argument("--serve", action="store_true", help="keep both servers up until Ctrl-C")
    options = parser.parse_args(arguments)
    # A short path: it stands in the lines that `--serve` prints.
    with tempfile.TemporaryDirectory(prefix="ecr-", dir="/tmp") as directory:
        if options.serve:
            return serve(Path(directory), out)
        return _demo(Path(directory), out)


def _demo(directory: Path, out: TextIO) -> int:
    with (
        # Another name for the bucket: clients drop their credentials where the name changes.
        FakeEcr(None, bucket_name="localhost", bucket_address="127.0.0.1") as ecr,
        ChaliceLocal(ecr.origin, directory / "edge", mode="edge") as edge,
        ChaliceLocal(ecr.origin, directory / "relay", mode="relay") as relay,
    ):
        out.write(f"{_INTRODUCTION}  {LEGEND}")
        for title, conversation in KINDS:
            table = HopTable(edge.origin, out.write, "/_registry/REGISTRY")
            table.head(title)
            image = demo_image(f"Hello, {conversation.user_agent}!", architecture_of(platform.machine()))
            with _client(edge, ecr, conversation, table) as client:
                out.write(f"  push ecr.example.com/{REPOSITORY}\n")
                client.push(REPOSITORY, "latest", *image.layers, config=image.config)
            with _client(edge, ecr, conversation, table) as client:
                _pull(client, image, out)
        out.write("\nMode relay, for where there is no CloudFront: the function asks the registry itself.\n")
        table = HopTable(relay.origin, out.write, "/_challenge")
        table.head(KINDS[1][0])
        with _client(relay, ecr, KINDS[1][1], table) as client:
            _pull(client, image, out)
        log = edge.log + relay.log
    out.write("\nEvery layer came back byte for byte.")
    if ecr.token in log:
        out.write(" But the log holds the token!\n")
        return 1
    out.write(" The service's log holds no credential.\n`make serve` lets docker, podman or skopeo try it.\n")
    return 0


def _client(
    service: ChaliceLocal, ecr: FakeEcr, conversation: Conversation, table: HopTable
) -> RegistryClient:
    return RegistryClient(service.origin, ecr.token, conversation, observe=table.add)


def _pull(client: RegistryClient, image: Image, out: TextIO) -> None:
    out.write(f"  pull ecr.example.com/{REPOSITORY}\n")
    if client.pull(REPOSITORY, "latest") != list(image.layers):
        raise ValueError("the layers came back changed")


if __name__ == "__main__":
    for number in (signal.SIGINT, signal.SIGTERM):
        # Both end it in order: `chalice local` is a process of its own.
        signal.signal(number, signal.default_int_handler)
    sys.exit(main(sys.argv[1:], sys.stdout))
