"""What is secret in a server URL, a token or a configuration is in no output but that of `get`."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from tests.helper.conftest import ACCESS_KEY, SECRET_KEY
from tests.helper.fake_aws import SECRET, FakeAws
from tests.helper.fake_domain import FakeDomain
from tests.helper.program import REGISTRY, Program

#: Server URLs with a secret in each place that a URL has for one.
URLS = [
    "https://user:hunter2@ecr.example.com",
    "user:hunter2@ecr.example.com",
    "hunter2@ecr.example.com",
    "https://user:pa/ss?hunter2@ecr.example.com/v2/",
    "user:hunter2:x://y@ecr.example.com",
    "ftp://ecr.example.com/?token=hunter2",
    "ecr.example.com:port/?token=hunter2",
    "ecr.example.com:99999#hunter2",
    "ecr example com?hunter2",
    # As far as the first slash, these read as HOST:PORT and as HOST.
    "https://hunter2:4711/x@ecr.example.com",
    "hunter2:4711/x@ecr.example.com/app",
    "https://hunter2?x@ecr.example.com",
]

#: What somebody may paste where a path belongs.
PATHS = ["https://bucket.example.com/x?X-Amz-Signature=hunter2", "user:hunter2@ecr.example.com"]


def output(program: Program, *arguments: str, stdin: str = "", **environ: str) -> str:
    result = program.run(*arguments, stdin=stdin, environ=environ)
    assert result.code != 0
    return result.stdout + result.stderr


@pytest.mark.parametrize("url", URLS)
def test_a_secret_in_a_server_url_is_cut(program: Program, url: str) -> None:
    request = {
        "kind": "CredentialProviderRequest",
        "apiVersion": "credentialprovider.kubelet.k8s.io/v1",
        "image": url,
    }
    everything = [
        output(program, "get", stdin=url),
        output(program, "kubelet", stdin=json.dumps(request)),
        output(program, "init", url, REGISTRY),
        output(program, "init", "ecr.example.com", url),
        output(program, "init", "--remove", url),
        output(program, "init", url, REGISTRY, "--json"),
        output(program, "doctor", url),
        output(program, "doctor", url, "--json"),
        output(program, "get", stdin="any.example.com", AWS_ECR_CUSTOM_DEFAULT=url),
    ]
    program.map({url: REGISTRY})
    everything.append(output(program, "list"))
    program.map({"ecr.example.com": url})
    everything.append(output(program, "list"))
    assert [each for each in everything if "hunter2" in each] == []
    assert all(everything)


@pytest.mark.parametrize("path", PATHS)
def test_a_secret_in_a_path_is_cut(program: Program, path: str) -> None:
    environ = {
        "AWS_ECR_CUSTOM_CONFIG": f"{path}/custom.json",
        "AWS_ECR_CACHE_DIR": f"{path}/file",
        "DOCKER_CONFIG": path,
        "REGISTRY_AUTH_FILE": f"{path}/auth.json",
    }
    directory = program.home / path
    directory.mkdir(parents=True)
    (directory / "file").touch()
    outputs = []
    for helper in ("ecr-custom", "another"):
        for name in ("config.json", "auth.json"):
            (directory / name).write_text(json.dumps({"credHelpers": {"nowhere.invalid": helper}}))
        outputs.append(output(program, "doctor", "nowhere.invalid", **environ))
    outputs.append(program.get(REGISTRY, **environ).stderr)
    outputs.append(program.init("ecr.example.com", REGISTRY, **environ))
    (directory / "config.json").write_text("{,}")
    outputs.append(output(program, "init", "ecr.example.com", REGISTRY, **environ))
    assert [each for each in outputs if "***" not in each] == []
    assert [each for each in outputs if "hunter2" in each] == []


def test_a_secret_in_a_redirect_is_cut(program: Program, domain: FakeDomain) -> None:
    for location in (
        f"https://user:hunter2@{REGISTRY}/",
        "https://evil.test/?hunter2",
        f"/_registry/user:hunter2@{REGISTRY}/v2/",
    ):
        domain.location = location
        everything = output(program, "init", domain.host) + output(program, "get", stdin=domain.host)
        assert "redirects to" in everything
        assert "hunter2" not in everything


@pytest.mark.parametrize(
    "error", [None, (400, "InvalidSignatureException", SECRET_KEY + " in the canonical string")]
)
def test_no_secret_is_told_nor_in_the_process_list(
    program: Program, aws: FakeAws, error: tuple[int, str, str] | None
) -> None:
    aws.error = error
    aws.delay = 1.0
    with program.start("get") as running:
        assert running.stdin is not None
        running.stdin.write(REGISTRY.encode())
        running.stdin.close()
        while not aws.calls:
            time.sleep(0.02)
            assert running.poll() is None
        command = Path(f"/proc/{running.pid}/cmdline")
        listed = command.read_bytes() if command.exists() else b""
        assert running.stdout is not None
        assert running.stderr is not None
        stdout, stderr = running.stdout.read().decode(), running.stderr.read().decode()
    for secret in (SECRET_KEY, ACCESS_KEY, SECRET):
        assert secret not in listed.decode() + stderr
        assert (secret in stdout) is (secret == SECRET and error is None)
