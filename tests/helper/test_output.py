"""Every output arrives whole, in a pipe, a file and a terminal; and a reader may leave early."""

from __future__ import annotations

import contextlib
import os
import pty
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.helper.fake_aws import SECRET
from tests.helper.program import NAME, REGISTRY, Program

REQUEST = (
    '{"kind": "CredentialProviderRequest", "apiVersion": "credentialprovider.kubelet.k8s.io/v1",'
    f' "image": "{REGISTRY}/app"}}'
)

#: Arguments, standard input, exit code, and how standard output ends.
RUNS = {
    "help": (["--help"], "", 0, "in the repository of custom-ecr-domain\n"),
    "version": (["version"], "", 0, "0\n"),
    "no verb": ([], "", 1, "<store|get|erase|list|version>\n"),
    "init --help": (["init", "--help"], "", 0, "print what was done as JSON\n"),
    "doctor --help": (["doctor", "--help"], "", 0, "print the findings as JSON\n"),
    "init": (["init", "ecr.example.com", REGISTRY], "", 0, "doctor ecr.example.com/REPOSITORY\n"),
    "doctor": (["doctor", "nowhere.invalid"], "", 1, "\n"),
    "list": (["list"], "", 0, '{"https://many.example.com":"AWS"}\n'),
    "store": (["store"], "junk", 1, "invalid JSON on standard input\n"),
    "get": (["get"], REGISTRY, 0, f'"Secret":"{SECRET}"}}\n'),
    "get, cached": (["get"], f"{REGISTRY}:443", 0, f'"Secret":"{SECRET}"}}\n'),
    "get, not found": (["get"], "docker.io", 1, "credentials not found in native keychain\n"),
    "kubelet": (["kubelet"], REQUEST, 0, "}\n"),
}


@pytest.fixture
def mapped(program: Program) -> Program:
    program.map({"many.example.com": REGISTRY})
    return program


def run_of(program: Program, run: str) -> tuple[list[str], str, int, str]:
    """The row of RUNS, with what it needs."""
    if run == "get, cached":
        program.get(REGISTRY)
    return RUNS[run]


def _pipe(program: Program, arguments: list[str], stdin: str) -> tuple[int, str]:
    result = program.run(*arguments, stdin=stdin)
    return result.code, result.stdout


def _file(program: Program, arguments: list[str], stdin: str) -> tuple[int, str]:
    path = program.home / "output"
    with path.open("wb") as file:
        done = subprocess.run(
            [program.path, *arguments],
            input=stdin.encode(),
            stdout=file,
            stderr=subprocess.DEVNULL,
            env=program.environ,
            check=False,
        )
    return done.returncode, path.read_text()


def _terminal(program: Program, arguments: list[str], stdin: str) -> tuple[int, str]:
    leader, follower = pty.openpty()
    with subprocess.Popen(
        [program.path, *arguments],
        stdin=subprocess.PIPE,
        stdout=follower,
        stderr=subprocess.DEVNULL,
        env=program.environ,
    ) as running:
        os.close(follower)
        assert running.stdin is not None
        running.stdin.write(stdin.encode())
        running.stdin.close()
        data = b""
        with contextlib.suppress(OSError):  # Linux's end of a terminal whose program has ended
            while part := os.read(leader, 65_536):
                data += part
    os.close(leader)
    return running.returncode, data.decode().replace("\r\n", "\n")


@pytest.mark.parametrize("run", RUNS)
@pytest.mark.parametrize("into", [_pipe, _file, _terminal])
def test_it_arrives_whole(
    mapped: Program, run: str, into: Callable[[Program, list[str], str], tuple[int, str]]
) -> None:
    arguments, stdin, code, end = run_of(mapped, run)
    returned, text = into(mapped, arguments, stdin)
    assert returned == code
    assert text.endswith(end), text


def _closed(program: Program, arguments: list[str], stdin: str) -> subprocess.CompletedProcess[bytes]:
    reader, writer = os.pipe()
    os.close(reader)
    try:
        return subprocess.run(
            [program.path, *arguments],
            input=stdin.encode(),
            stdout=writer,
            stderr=subprocess.PIPE,
            env=program.environ,
            check=False,
        )
    finally:
        os.close(writer)


@pytest.mark.parametrize("run", RUNS)
def test_a_reader_that_has_left_is_no_news(mapped: Program, run: str) -> None:
    arguments, stdin, code, _ = run_of(mapped, run)
    expected = mapped.run(*arguments, stdin=stdin).stderr if code else ""
    done = _closed(mapped, arguments, stdin)
    assert done.returncode == 1
    assert done.stderr.decode() == expected


def _full(program: Program, arguments: list[str], stdin: str) -> subprocess.CompletedProcess[bytes]:
    with Path("/dev/full").open("wb") as full:
        return subprocess.run(
            [program.path, *arguments],
            input=stdin.encode(),
            stdout=full,
            stderr=subprocess.PIPE,
            env=program.environ,
            check=False,
        )


@pytest.mark.parametrize("run", ["help", "init --help", "list", "get", "get, cached", "kubelet"])
def test_a_full_disk_is_one_line(mapped: Program, run: str) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("/dev/full is not there")
    arguments, stdin, _, _ = run_of(mapped, run)
    done = _full(mapped, arguments, stdin)
    assert done.returncode == 1
    assert done.stderr.decode() == f"{NAME}: cannot write to standard output: No space left on device\n"


@pytest.mark.parametrize("run", RUNS)
def test_without_standard_streams_it_ends_quietly(mapped: Program, run: str) -> None:
    arguments, _, _, _ = run_of(mapped, run)
    done = subprocess.run(
        ["/bin/sh", "-c", '"$0" "$@" <&- >&- 2>"$OUT"', mapped.path, *arguments],
        env=mapped.environ | {"OUT": str(mapped.home / "errors")},
        check=False,
        timeout=60,
    )
    assert done.returncode in (0, 1)
    errors = (mapped.home / "errors").read_text()
    assert "Traceback" not in errors
    assert "unexpected" not in errors
