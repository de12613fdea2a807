"""The wire protocol at the process boundary: argv, standard input, standard output, exit code.

Source of the rows: docker-credential-helpers, credentials/credentials.go and registryurl/parse_test.go,
and what Docker, podman, go-containerregistry and docker-py send.
"""

from __future__ import annotations

import json
import subprocess
from typing import IO

import pytest

from credhelper import VERSION
from credhelper.protocol import HELP
from tests.helper.fake_aws import SECRET, FakeAws
from tests.helper.program import NAME, NOT_FOUND, REGISTRY, Program

DOMAIN = "ecr.example.com"
USAGE = f"Usage: {NAME} <store|get|erase|list|version>\n"


@pytest.fixture
def mapped(program: Program) -> Program:
    program.map({DOMAIN: REGISTRY})
    return program


@pytest.mark.parametrize(
    ("text", "echo"),
    [
        (DOMAIN, DOMAIN),
        (f"  {DOMAIN} \r\n", DOMAIN),
        (f"{DOMAIN}:443", f"{DOMAIN}:443"),
        (f"https://{DOMAIN}/v2/?q=1", f"https://{DOMAIN}/v2/?q=1"),
        # Host names and schemes know no case.
        ("HTTPS://ECR.Example.COM", "HTTPS://ECR.Example.COM"),
        # Lines are joined, as the Go library's scanner does.
        ("https://ecr.exam\nple.com", f"https://{DOMAIN}"),
        (f'{DOMAIN}/ü"\\', f'{DOMAIN}/ü"\\'),
        (REGISTRY, REGISTRY),
        (f"{REGISTRY.upper()}:443/v2/", f"{REGISTRY.upper()}:443/v2/"),
    ],
)
@pytest.mark.parametrize("cached", [False, True])
def test_get_answers_every_shape_of_a_server_url(mapped: Program, text: str, echo: str, cached: bool) -> None:
    if cached:
        mapped.run("get", stdin=text)
    result = mapped.run("get", stdin=text)
    expected = json.dumps(
        {"ServerURL": echo, "Username": "AWS", "Secret": SECRET}, separators=(",", ":"), ensure_ascii=False
    )
    assert (result.code, result.stdout, result.stderr) == (0, expected + "\n", "")


@pytest.mark.parametrize(
    ("arguments", "stdin", "code", "stdout"),
    [
        (["get"], "", 1, "no credentials server URL\n"),
        (["get"], " \r\n", 1, "no credentials server URL\n"),
        (["get"], "ftp://ecr.example.com", 1, NOT_FOUND),
        (["get"], "user:password@ecr.example.com", 1, NOT_FOUND),
        (["get"], "ecr.example.com.evil.test", 1, NOT_FOUND),
        # The original wrapper answered this one: a jq filter in a host name.
        (["get"], f'x" // "{REGISTRY}', 1, NOT_FOUND),
        (["get"], "https://index.docker.io/v1/", 1, NOT_FOUND),
        (["store"], '{"ServerURL":"ecr.example.com","Username":"AWS","Secret":"x"}', 0, ""),
        (["store"], '{"ServerURL":"","Username":"AWS","Secret":"x"}', 1, "no credentials server URL\n"),
        (["store"], '{"Username":"AWS","Secret":"x"}', 1, "no credentials server URL\n"),
        (["store"], '{"ServerURL":"h","Secret":"x"}', 1, "no credentials username\n"),
        (["store"], "junk-secret", 1, "invalid JSON on standard input\n"),
        (["store"], "[]", 1, "expected a JSON object on standard input\n"),
        (["store"], "[" * 60_000, 1, "invalid JSON on standard input\n"),
        (["store"], json.dumps({"ServerURL": "h", "Username": "u", "Secret": "x" * 70_000}), 1, NOT_FOUND),
        (["erase"], "", 1, "no credentials server URL\n"),
        (["erase"], "ecr.example.com", 0, ""),
        # podman reports even the sentinel as an error here, so an unknown host is none.
        (["erase"], "unknown.example.com", 0, ""),
        (["erase"], "http://ecr.example.com", 0, ""),
        (["erase"], "ftp://x", 0, ""),
        (["list"], "unused", 0, '{"https://ecr.example.com":"AWS"}\n'),
        (["version"], "", 0, f"{NAME} (credhelper) {VERSION}\n"),
        (["--version"], "", 0, f"{NAME} (credhelper) {VERSION}\n"),
        (["-v"], "", 0, f"{NAME} (credhelper) {VERSION}\n"),
        (["--help"], "", 0, f"{HELP}\n"),
        (["-h"], "", 0, f"{HELP}\n"),
        ([], "", 1, USAGE),
        (["get", "ecr.example.com"], "", 1, USAGE),
        (["foo"], "", 1, f"{NAME}: unknown action: foo\n"),
        (["GET"], "", 1, f"{NAME}: unknown action: GET\n"),
    ],
)
def test_a_verb_answers_in_the_protocols_words(
    mapped: Program, arguments: list[str], stdin: str, code: int, stdout: str
) -> None:
    result = mapped.run(*arguments, stdin=stdin, environ={"AWS_ECR_CUSTOM_DISCOVER": "0"})
    assert (result.code, result.stdout) == (code, stdout)
    if stdout == NOT_FOUND:
        assert result.stderr.startswith(f"{NAME}: ")
        assert result.stderr.count("\n") == 1


@pytest.mark.parametrize("data", [b"x" * 70_000, b"\xff\xfe\x00", b"a" * 65_536 + b"\n"])
@pytest.mark.parametrize("verb", ["get", "erase", "store", "kubelet"])
def test_oversized_and_binary_input_is_refused(mapped: Program, verb: str, data: bytes) -> None:
    result = mapped.run(verb, stdin=data)
    assert result.code == 1
    assert "Traceback" not in result.stderr
    assert len(result.stdout + result.stderr) < 500


def test_endless_input_is_refused_in_bounded_memory(mapped: Program) -> None:
    with mapped.start("get") as running:
        assert running.stdin is not None
        with pytest.raises(BrokenPipeError):
            _pour(running.stdin, 256 * 1024 * 1024)
        assert running.stdout is not None
        assert running.stdout.read().decode() == NOT_FOUND
    assert running.returncode == 1


def _pour(pipe: IO[bytes], count: int) -> None:
    for _ in range(count // 65_536):
        pipe.write(b"x" * 65_536)
        pipe.flush()


def test_list_does_not_read_standard_input(mapped: Program) -> None:
    """docker-py lets the helper inherit its own standard input, which may never end."""
    with mapped.start("list") as running:
        try:
            assert running.wait(20) == 0  # with the pipe to its standard input open
        except subprocess.TimeoutExpired:
            running.kill()
            raise


def test_every_key_of_list_is_taken_by_get(program: Program) -> None:
    program.map(
        {"ecr.example.com": REGISTRY, "HTTPS://ECR.example.net:8443/": {"registry": REGISTRY, "profile": ""}}
    )
    listed = json.loads(program.run("list").stdout)
    assert listed == {"https://ecr.example.com": "AWS", "https://ecr.example.net:8443": "AWS"}
    for key in listed:
        assert program.get(key).secret == SECRET


def test_store_keeps_nothing_and_get_still_asks_aws(mapped: Program, aws: FakeAws) -> None:
    mapped.run(
        "store", stdin=json.dumps({"ServerURL": DOMAIN, "Username": "u", "Secret": "from docker login"})
    )
    assert not mapped.cache.exists()
    assert mapped.get(DOMAIN).secret == SECRET
    assert aws.tokens_asked == 1


def test_erase_drops_the_token_of_that_host_alone(mapped: Program, aws: FakeAws) -> None:
    other = REGISTRY.replace("us-east-1", "eu-west-1")
    mapped.get(DOMAIN)
    mapped.get(other)
    mapped.run("erase", stdin=f"https://{DOMAIN}")
    mapped.get(other)
    assert aws.tokens_asked == 2
    mapped.get(DOMAIN)
    assert aws.tokens_asked == 3
    # Where nothing is remembered about the host, custom.json says whose token it is.
    for route in mapped.cache.glob("route-*"):
        route.unlink()
    mapped.run("erase", stdin=DOMAIN)
    mapped.get(DOMAIN)
    assert aws.tokens_asked == 4
