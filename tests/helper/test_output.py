"""Every output arrives whole, in a pipe, a file and a terminal; and a reader may leave early."""

from __future__ import annotations

import contextlib
import fcntl
import io
import os
import pty
import signal
import subprocess
import termios
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO

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


def run_into(
    stdout: int | IO[bytes], program: Program, arguments: list[str], stdin: str
) -> subprocess.CompletedProcess[bytes]:
    """A run whose standard output is `stdout`."""
    return subprocess.run(
        [program.path, *arguments],
        input=stdin.encode(),
        stdout=stdout,
        stderr=subprocess.PIPE,
        env=program.environ,
        check=False,
    )


def _pipe(program: Program, arguments: list[str], stdin: str) -> tuple[int, str]:
    done = run_into(subprocess.PIPE, program, arguments, stdin)
    return done.returncode, done.stdout.decode()


def _file(program: Program, arguments: list[str], stdin: str) -> tuple[int, str]:
    path = program.home / "output"
    with path.open("wb") as file:
        done = run_into(file, program, arguments, stdin)
    return done.returncode, path.read_text()


def _terminal(program: Program, arguments: list[str], stdin: str) -> tuple[int, str]:
    leader, follower = pty.openpty()
    # What a terminal holds that nobody reads is less than the longest output.
    with ThreadPoolExecutor(1) as pool, os.fdopen(leader, "rb", buffering=0) as terminal:
        reading = pool.submit(_read_whole, terminal)
        with os.fdopen(follower, "wb") as end:
            done = run_into(end, program, arguments, stdin)
        return done.returncode, reading.result().decode().replace("\r\n", "\n")


def _read_whole(terminal: io.FileIO) -> bytes:
    data = b""
    with contextlib.suppress(OSError):  # Linux's end of a terminal whose program has ended
        while part := terminal.read(65_536):
            data += part
    return data


@pytest.mark.parametrize("run", RUNS)
@pytest.mark.parametrize("into", [_pipe, _file, _terminal])
def test_it_arrives_whole(
    mapped: Program, run: str, into: Callable[[Program, list[str], str], tuple[int, str]]
) -> None:
    arguments, stdin, code, end = run_of(mapped, run)
    returned, text = into(mapped, arguments, stdin)
    assert returned == code
    assert text.endswith(end), text


@pytest.mark.parametrize("run", RUNS)
def test_a_reader_that_has_left_is_no_news(mapped: Program, run: str) -> None:
    arguments, stdin, code, _ = run_of(mapped, run)
    expected = mapped.run(*arguments, stdin=stdin).stderr if code else ""
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "wb") as closed:
        done = run_into(closed, mapped, arguments, stdin)
    assert (done.returncode, done.stderr.decode()) == (1, expected)


@pytest.mark.parametrize("run", ["help", "init --help", "list", "get", "get, cached", "kubelet"])
def test_a_full_disk_is_one_line(mapped: Program, run: str) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("/dev/full is not there")
    arguments, stdin, _, _ = run_of(mapped, run)
    with Path("/dev/full").open("wb") as full:
        done = run_into(full, mapped, arguments, stdin)
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


@pytest.mark.parametrize("verb", ["get", "erase", "kubelet"])
def test_ctrl_c_while_it_reads_ends_it_quietly(mapped: Program, verb: str) -> None:
    pipe = subprocess.PIPE
    with subprocess.Popen(
        [mapped.path, verb],
        env=mapped.environ,
        stdin=pipe,
        stdout=pipe,
        stderr=pipe,
        # A shell that runs the tests in the background has them, and what they start, ignore the signal.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    ) as process:
        assert process.stdin is not None
        process.stdin.write(b"x")
        process.stdin.flush()
        while fcntl.ioctl(process.stdin, termios.FIONREAD, b"\0" * 4) != b"\0" * 4:
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        out, errors = process.communicate(timeout=30)
    assert (process.returncode, out, errors) == (130, b"", b"")
