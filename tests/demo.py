"""The main job without an AWS account: a fake ECR, `chalice local` in front of it, an image through both.

python -m tests.demo            push and pull a small image, every hop printed as it happens
python -m tests.demo --serve    keep registry and service up afterwards, for a client of yours
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import tempfile
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO
from urllib.parse import urlsplit

from tests.standins.chalice_local import ChaliceLocal
from tests.standins.ecr import FakeEcr
from tests.standins.registry_client import Hop, RegistryClient, shown

REPOSITORY = "demo/hello"


@dataclass(frozen=True)
class Client:
    """One way to be answered; who `pushes` also pushes what it pulls."""

    user_agent: str
    meaning: str
    pushes: bool = True


CLIENTS = (
    Client("crane/v0.20.3", "challenged at first, then relayed; layers come from the bucket"),
    Client("skopeo/1.18.0", "podman, buildah: challenged at first, then relayed"),
    Client("containerd/1.7.24", "BuildKit, Docker's containerd store: challenged here, then relayed", False),
)


def main(arguments: Sequence[str], out: TextIO) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.demo", description=str(__doc__).partition("\n")[0])
    parser.add_argument("--serve", action="store_true", help="keep both servers up until Ctrl-C")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as directory:
        log_file = Path(directory, "log")
        with FakeEcr(None) as ecr, ChaliceLocal(ecr.origin, log_file) as service:
            names = {
                service.authority: "ecr.example.com",
                ecr.authority: "123456789012.dkr.ecr.us-west-2.amazonaws.com",
                ecr.bucket.server.authority: "layer-bucket.s3.us-west-2.amazonaws.com",
            }
            out.write(_introduction(names))
            layers: list[bytes] = []
            for client in CLIENTS:
                out.write(f"\n{client.user_agent}  ({client.meaning})\n")
                if client.pushes:
                    layers = [b"pushed as %b\n" % client.user_agent.encode(), os.urandom(100_000)]
                _exercise(client, service.origin, ecr.token, layers, names, out)
            leaked = ecr.token in service.log
            verdict = "one of them holds the token!" if leaked else "none of them holds the token."
            out.write(f"\nThe service logged {service.log.count('request_id')} requests; {verdict}\n")
            if leaked:
                return 1
            out.write(_directions(service.authority, ecr.token) if options.serve else _next_step())
            out.flush()
            if options.serve:
                _until_interrupted()
    return 0


def _exercise(
    client: Client, origin: str, token: str, layers: list[bytes], names: dict[str, str], out: TextIO
) -> None:
    def observe(hop: Hop) -> None:
        out.write(_line(hop, names))
        out.flush()

    with RegistryClient(origin, token, client.user_agent, observe=observe) as registry:
        if client.pushes:
            out.write(f"  push {REPOSITORY}:latest\n")
            registry.push(REPOSITORY, "latest", *layers)
        out.write(f"  pull {REPOSITORY}:latest\n")
        if registry.pull(REPOSITORY, "latest") != layers:
            raise ValueError("the layers came back changed")
        out.write("  the layers came back byte for byte\n")


def _line(hop: Hop, names: dict[str, str]) -> str:
    """`    PUT   ecr.example.com /v2/…  201`, with a mark for credentials, and where a Location leads."""
    parts = urlsplit(hop.url)
    host = _role(names[parts.netloc.rpartition("@")[2]])
    mark = "*" if hop.authenticated else " "
    line = f"    {hop.method:<5} {host:<15}{mark} {_short(parts.path):<44} {hop.status}"
    if hop.location is not None and hop.status != 201:
        line += f" -> {_destination(hop.location, names)}"
    return line + "\n"


def _destination(location: str, names: dict[str, str]) -> str:
    parts = urlsplit(shown(location))
    if not parts.netloc:
        return f"ecr.example.com {_short(parts.path)}"
    user_info, separator, authority = parts.netloc.rpartition("@")
    return f"{user_info}{separator}{_role(names[authority])}"


def _role(host: str) -> str:
    return {"123456789012": "ECR", "layer-bucket": "layer bucket"}.get(host.partition(".")[0], host)


def _short(path: str) -> str:
    return path if len(path) <= 44 else f"{path[:35]}…{path[-8:]}"


def _introduction(names: dict[str, str]) -> str:
    rows = "".join(f"  {authority:<17} stands for {name}\n" for authority, name in names.items())
    return f"All on this machine, without an AWS account:\n{rows}  * sent with credentials\n"


def _next_step() -> str:
    return "\n`make serve` keeps both servers up and says how to point docker or skopeo at them.\n"


def _directions(authority: str, token: str) -> str:
    # The one place where a password is printed: the fake registry made it up a moment ago.
    return f"""
Serving until Ctrl-C. The fake registry's own password is in $PASSWORD once you paste this:

  PASSWORD={token}
  skopeo list-tags --tls-verify=false --creds "AWS:$PASSWORD" docker://{authority}/{REPOSITORY}
  skopeo copy --src-tls-verify=false --src-creds "AWS:$PASSWORD" \\
      docker://{authority}/{REPOSITORY}:latest oci:hello
  docker login --username AWS --password "$PASSWORD" {authority}
  docker pull {authority}/{REPOSITORY}:latest

"""


def _until_interrupted() -> None:
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        return


if __name__ == "__main__":
    for number in (signal.SIGINT, signal.SIGTERM):
        # Both end it in order: `chalice local` is a process of its own.
        signal.signal(number, signal.default_int_handler)
    sys.exit(main(sys.argv[1:], sys.stdout))
