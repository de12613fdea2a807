"""When something is broken: a bounded time, the sentinel, one line with the reason and the next step."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from credhelper.cache import Cache
from credhelper.cached_get import Token
from tests.helper.fake_aws import SECRET, FakeAws
from tests.helper.program import REGISTRY, ROOT, Program
from tests.helper.test_cache import HOUR, OLD, keep

NO_KEYS = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}


@pytest.fixture
def silent() -> Iterator[str]:
    """The URL of a port that accepts connections and never says a word."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


@pytest.fixture
def refusing() -> str:
    """The URL of a port where nobody listens."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        return f"http://127.0.0.1:{listener.getsockname()[1]}"


@pytest.mark.parametrize(
    ("error", "words"),
    [
        ((400, "AccessDeniedException", "no"), "allow the IAM action ecr:GetAuthorizationToken"),
        ((500, "ServerException", "x"), "AWS refused GetAuthorizationToken (ServerException)"),
    ],
)
def test_a_refusal_of_aws_is_one_line_with_the_next_step(
    program: Program, aws: FakeAws, error: tuple[int, str, str], words: str
) -> None:
    aws.error = error
    assert words in program.refused(REGISTRY)


def test_a_refused_connection(program: Program, refusing: str) -> None:
    assert "cannot be reached" in program.refused(REGISTRY, AWS_ENDPOINT_URL=refusing)


def test_a_slow_response_is_waited_for(program: Program, aws: FakeAws) -> None:
    aws.delay = 1.5
    assert program.get(REGISTRY).secret == SECRET


def test_a_hung_aws_ends_with_the_time(program: Program, silent: str) -> None:
    started = time.monotonic()
    line = program.refused(REGISTRY, AWS_ENDPOINT_URL=silent, AWS_ECR_CUSTOM_TIMEOUT="2")
    assert 1.5 < time.monotonic() - started < 5
    assert "AWS_ECR_CUSTOM_TIMEOUT" in line


def test_a_hung_metadata_service_ends_with_the_time(program: Program, silent: str) -> None:
    environ = NO_KEYS | {
        "AWS_EC2_METADATA_DISABLED": "false",
        "AWS_EC2_METADATA_SERVICE_ENDPOINT": silent,
        "AWS_METADATA_SERVICE_TIMEOUT": "30",
        "AWS_ECR_CUSTOM_TIMEOUT": "2",
    }
    started = time.monotonic()
    program.refused(REGISTRY, **environ)
    assert time.monotonic() - started < 5


def test_a_hung_credential_process_ends_with_the_time(program: Program) -> None:
    config = program.home / "config"
    config.write_text("[default]\ncredential_process = sleep 8\n")
    started = time.monotonic()
    program.refused(REGISTRY, **NO_KEYS, AWS_CONFIG_FILE=str(config), AWS_ECR_CUSTOM_TIMEOUT="1.5")
    assert time.monotonic() - started < 7


SSO = """[profile dev]
sso_session = corporate
sso_account_id = 123456789012
sso_role_name = developer
region = us-east-1
[sso-session corporate]
sso_start_url = https://corporate.example.com/start
sso_region = us-east-1
"""


@pytest.mark.parametrize(
    ("environ", "mapping"), [({"AWS_PROFILE": "dev"}, {}), ({}, {REGISTRY: {"profile": "dev"}})]
)
def test_an_expired_sso_session_names_the_command(
    program: Program, environ: dict[str, str], mapping: dict[str, object]
) -> None:
    config = program.home / "config"
    config.write_text(SSO)
    program.map(mapping)
    line = program.refused(REGISTRY, **NO_KEYS, AWS_CONFIG_FILE=str(config), **environ)
    assert "run `aws sso login --profile dev`" in line


@pytest.mark.parametrize(
    ("environ", "words"),
    [
        ({}, "there are no AWS credentials; set AWS_PROFILE"),
        ({"AWS_PROFILE": "absent"}, "there is no AWS profile 'absent'"),
        ({"AWS_PROFILE": "failing"}, "could not be obtained"),
        ({"AWS_PROFILE": "talking"}, "AWS gave nothing usable"),
    ],
)
def test_absent_credentials_are_named(program: Program, environ: dict[str, str], words: str) -> None:
    config = program.home / "config"
    config.write_text(
        "[profile failing]\ncredential_process = sh -c 'echo hunter2 >&2; exit 1'\n"
        "[profile talking]\ncredential_process = echo hunter2\n"
    )
    line = program.refused(REGISTRY, **NO_KEYS, AWS_CONFIG_FILE=str(config), **environ)
    assert words in line
    assert "hunter2" not in line


def test_a_token_that_is_still_valid_is_served_when_the_refresh_fails(program: Program, aws: FakeAws) -> None:
    now = time.time()
    keep(program, now - 8 * HOUR, now + 4 * HOUR)
    aws.error = (400, "AccessDeniedException", "no more")
    result = program.get(REGISTRY)
    assert result.secret == OLD
    assert "valid for 240 more minutes" in result.stderr
    assert result.stderr.count("\n") == 1


def test_a_token_that_is_still_valid_is_served_when_aws_hangs(program: Program, silent: str) -> None:
    patient = Program(program.path, program.home, program.environ | {"AWS_ENDPOINT_URL": silent})
    now = time.time()
    keep(patient, now - 8 * HOUR, now + 4 * HOUR)
    assert patient.get(REGISTRY, AWS_ECR_CUSTOM_TIMEOUT="1.5").secret == OLD


def test_an_expired_token_is_never_served(program: Program, aws: FakeAws) -> None:
    now = time.time()
    keep(program, now - 12 * HOUR, now - 1)
    aws.error = (400, "AccessDeniedException", "no more")
    program.refused(REGISTRY)


def test_a_token_that_expires_while_aws_hangs_is_not_served(program: Program, silent: str) -> None:
    patient = Program(program.path, program.home, program.environ | {"AWS_ENDPOINT_URL": silent})
    now = time.time()
    keep(patient, now - 8 * HOUR, now + 2)
    patient.refused(REGISTRY, AWS_ECR_CUSTOM_TIMEOUT="4")


def test_a_directory_that_cannot_be_written_costs_only_the_cache(program: Program) -> None:
    """A file where the directory should be: refuses the superuser as well as a read-only home others."""
    (program.home / "file").write_text("")
    result = program.get(REGISTRY, AWS_ECR_CACHE_DIR=str(program.home / "file"))
    assert result.secret == SECRET
    assert "the token is not kept" in result.stderr
    assert result.stderr.count("\n") == 1


def test_a_full_disk_costs_only_the_cache(program: Program) -> None:
    done = subprocess.run(
        ["/bin/sh", "-c", 'ulimit -f 0; trap "" XFSZ; exec "$0" get', str(program.path)],
        input=REGISTRY.encode(),
        capture_output=True,
        env=program.environ,
        check=False,
    )
    assert json.loads(done.stdout)["Secret"] == SECRET
    assert b"the token is not kept: File too large" in done.stderr
    assert not list(program.cache.glob("*-*"))


def test_without_home_the_password_file_names_one(program: Program) -> None:
    environ = {name: value for name, value in program.environ.items() if name != "HOME"}
    environ |= {
        "AWS_ECR_CACHE_DIR": str(program.home / "cache"),
        "AWS_ECR_CUSTOM_CONFIG": str(program.home / "custom.json"),
        "AWS_CONFIG_FILE": str(program.home / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(program.home / "credentials"),
    }
    homeless = Program(program.path, program.home, environ)
    assert homeless.get(REGISTRY).secret == SECRET
    assert list((program.home / "cache" / "custom").glob("token-*"))


def test_a_kill_between_write_and_rename_leaves_the_old_record(tmp_path: Path) -> None:
    cache = Cache(str(tmp_path / "custom"))
    cache.keep_token("0" * 64, Token(REGISTRY, "old", 0.0, 100.0))
    killed = subprocess.run(
        [
            sys.executable,
            "-c",
            "import os, sys\n"
            "from credhelper.cache import Cache\n"
            "from credhelper.cached_get import Token\n"
            "os.replace = lambda *_, **__: os.kill(os.getpid(), 9)\n"
            "Cache(sys.argv[1]).keep_token('0' * 64, Token('r', 'new', 0.0, 100.0))\n",
            str(tmp_path / "custom"),
        ],
        cwd=ROOT,
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL
    token = cache.token("0" * 64, REGISTRY)
    assert token is not None
    assert token.secret == "old"
    (leftover,) = (tmp_path / "custom").glob("new-*")
    cache.prune(time.time())
    assert leftover.exists()
    os.utime(leftover, (0, 0))
    cache.prune(time.time())
    assert not leftover.exists()
