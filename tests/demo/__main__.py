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

from tests.clients.image import Image
from tests.demo.front import DemoFront, Fronts, can_run_lambda, deployed, local
from tests.demo.hop_table import CACHED_LEGEND, LEGEND, HopTable
from tests.demo.image import demo_image
from tests.demo.program import architecture_of
from tests.demo.serve import serve
from tests.standins.registry_client import CONTAINERD, DOCKER_CLASSIC, SKOPEO, Conversation, RegistryClient

REPOSITORY = "demo/hello"
KINDS = (
    ("Docker, classic image store", DOCKER_CLASSIC),
    ("Docker 29 and containerd", CONTAINERD),
    ("podman, buildah, skopeo", SKOPEO),
)
_INTRODUCTION = """\
A custom name for ECR, tried on this machine alone: no AWS account and no Docker is needed.

  ecr.example.com        the custom name: the service answers every request with one redirect
  /_registry/REGISTRY    a path on the same name, which CloudFront carries to the registry
  layer bucket           where the registry sends downloads of layers

{stand_ins}
A small client plays three kinds of clients by their recorded conversations; its images are real ones.

{legend}"""


def main(arguments: Sequence[str], out: TextIO) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.demo", description="A custom name for ECR, shown.")
    parser.add_argument("--serve", action="store_true", help="keep service and registry up until Ctrl-C")
    options = parser.parse_args(arguments)
    # A short path: it stands in the lines that `--serve` prints.
    with tempfile.TemporaryDirectory(prefix="ecr-", dir="/tmp") as name:
        directory = Path(name)
        if options.serve:
            return serve(directory, out)
        with (deployed if can_run_lambda() else local)(directory) as fronts:
            return show(fronts, out)


def show(fronts: Fronts, out: TextIO) -> int:
    """The whole demo; 1 where the service's log holds a credential."""
    legend = LEGEND + (CACHED_LEGEND if fronts.cached else "")
    out.write(_INTRODUCTION.format(stand_ins=fronts.description, legend=legend))
    for title, conversation in KINDS:
        table = _table(fronts.edge, out, "/_registry/REGISTRY")
        table.head(title)
        image = demo_image(f"Hello, {conversation.user_agent}!", architecture_of(platform.machine()))
        with _client(fronts.edge, fronts, conversation, table) as client:
            out.write(f"  push ecr.example.com/{REPOSITORY}\n")
            layers = [layer.content for layer in image.layers]
            client.push(REPOSITORY, "latest", *layers, config=image.config.content)
        with _client(fronts.edge, fronts, conversation, table) as client:
            _pull(client, image, out)
    out.write("\nMode relay, for where there is no CloudFront: the function asks the registry itself.\n")
    table = _table(fronts.relay, out, "/_challenge")
    table.head(KINDS[1][0])
    with _client(fronts.relay, fronts, KINDS[1][1], table) as client:
        _pull(client, image, out)
    out.write("\nEvery layer came back byte for byte.")
    if fronts.ecr.token in fronts.edge.log() + fronts.relay.log():
        out.write(" But the service's log holds the token!\n")
        return 1
    out.write(" The service's log holds no credential.\n`make serve` lets docker, podman or skopeo try it.\n")
    return 0


def _table(front: DemoFront, out: TextIO, second_place: str) -> HopTable:
    return HopTable(front.origin, out.write, "ecr.example.com", second_place, chained=True)


def _client(front: DemoFront, fronts: Fronts, conversation: Conversation, table: HopTable) -> RegistryClient:
    return RegistryClient(front.origin, fronts.ecr.token, conversation, tls=front.tls, observe=table.add)


def _pull(client: RegistryClient, image: Image, out: TextIO) -> None:
    out.write(f"  pull ecr.example.com/{REPOSITORY}\n")
    if client.pull(REPOSITORY, "latest") != [layer.content for layer in image.layers]:
        raise ValueError("the layers came back changed")


if __name__ == "__main__":
    for number in (signal.SIGINT, signal.SIGTERM):
        # Both end it in order: `chalice local` is a process of its own.
        signal.signal(number, signal.default_int_handler)
    try:
        sys.exit(main(sys.argv[1:], sys.stdout))
    except KeyboardInterrupt:
        sys.exit(130)
