"""`doctor DOMAIN/REPOSITORY`: may this identity pull it and push to it, and which IAM action is missing."""

from __future__ import annotations

import contextlib
import socket
import socketserver
import threading

import pytest
import trustme

from credhelper.registry_checks import destination
from tests.helper.doctor import NAMES, examined, names_of
from tests.helper.fake_aws import SECRET, FakeAws
from tests.helper.fake_domain import LAYER_DIGEST, MANIFEST_DIGEST, FakeDomain, Mode, fake_domain
from tests.helper.program import REGISTRY, Program

DENIED = "User: arn:aws:iam::123456789012:user/tester is not authorized to perform: {} on resource: app"


@pytest.mark.parametrize("mode", [Mode.EDGE, Mode.RELAY])
@pytest.mark.parametrize("tag", [":1.0", "", ":index", f"@{MANIFEST_DIGEST}"])
def test_a_pull_that_works(healthy: Program, domain: FakeDomain, mode: Mode, tag: str) -> None:
    domain.mode = mode
    checks = examined(healthy, f"{domain.host}/app{tag}")
    assert names_of(checks) == NAMES[:-1]
    assert all(check.ok for check in checks)
    assert checks[-1].finding == "the layer is at layers.example.com"
    assert ("can be read for linux/amd64" in checks[-2].finding) is (tag == ":index")
    assert f"/v2/app/blobs/{LAYER_DIGEST}" in domain.paths[-1]


@pytest.mark.parametrize("mode", [Mode.EDGE, Mode.RELAY])
def test_a_push_that_works_leaves_no_upload(healthy: Program, domain: FakeDomain, mode: Mode) -> None:
    domain.mode = mode
    checks = examined(healthy, f"{domain.host}/app:1.0", "--push")
    assert names_of(checks) == NAMES
    finding = checks[-1].finding
    assert "was started and cancelled" in finding
    assert "not tried: ecr:CompleteLayerUpload and ecr:PutImage" in finding
    assert ("without an edge, a layer over 4.5 MB is answered 413" in finding) is (mode is Mode.RELAY)
    assert [
        seen.method
        for seen in domain.seen
        if "uploads" in seen.path and seen.path.startswith("/_registry/" if mode is Mode.EDGE else "/v2/")
    ] == ["POST", "PATCH", "DELETE"]


def test_nothing_is_pushed_unless_asked_for(healthy: Program, domain: FakeDomain) -> None:
    examined(healthy, f"{domain.host}/app:1.0")
    assert {seen.method for seen in domain.seen} == {"GET"}


@pytest.mark.parametrize("mode", [Mode.EDGE, Mode.RELAY])
@pytest.mark.parametrize(
    ("refused", "check", "action"),
    [
        ("/manifests/1.0", "manifest", "ecr:BatchGetImage"),
        (f"/blobs/{LAYER_DIGEST}", "layer", "ecr:GetDownloadUrlForLayer"),
        (f"HEAD /blobs/sha256:{'0' * 64}", "push", "ecr:BatchCheckLayerAvailability"),
        ("POST /blobs/uploads/", "push", "ecr:InitiateLayerUpload"),
        ("PATCH /blobs/uploads/1", "push", "ecr:UploadLayerPart"),
    ],
)
def test_each_refusal_names_the_action_that_is_missing(
    healthy: Program, domain: FakeDomain, refused: str, check: str, action: str, mode: Mode
) -> None:
    domain.mode = mode
    domain.refusals[refused] = (403, "DENIED", "")
    checks = examined(healthy, f"{domain.host}/app:1.0", "--push")
    assert names_of(checks) == NAMES[: NAMES.index(check) + 1]
    assert f"the IAM action {action} is missing" in checks[-1].finding
    assert f"allow {action} to arn:aws:iam::123456789012:user/tester" in checks[-1].next_step


def test_the_registrys_own_words_name_the_action(healthy: Program, domain: FakeDomain) -> None:
    domain.refusals["/manifests/1.0"] = (403, "DENIED", DENIED.format("ecr:GetDownloadUrlForLayer"))
    last = examined(healthy, f"{domain.host}/app:1.0")[-1]
    assert "the IAM action ecr:GetDownloadUrlForLayer is missing" in last.finding


def test_another_accounts_registry_needs_its_repositorys_policy(
    healthy: Program, domain: FakeDomain, aws: FakeAws
) -> None:
    aws.caller = "arn:aws:sts::210987654321:assumed-role/ci/session"
    domain.refusals["/manifests/1.0"] = (403, "DENIED", DENIED.format("ecr:BatchGetImage"))
    step = examined(healthy, f"{domain.host}/app:1.0")[-1].next_step
    assert f"{REGISTRY} belongs to another account: allow ecr:BatchGetImage to {aws.caller}" in step
    assert "aws ecr set-repository-policy" in step


@pytest.mark.parametrize(
    ("refused", "refusal", "found", "step"),
    [
        (
            "/manifests/1.0",
            (404, "MANIFEST_UNKNOWN", "Requested image not found"),
            "there is no 1.0 in the repository app",
            "aws ecr list-images --repository-name app --registry-id 123456789012 --region us-east-1",
        ),
        (
            "/manifests/1.0",
            (404, "NAME_UNKNOWN", "not found"),
            f"there is no repository app in {REGISTRY}",
            "aws ecr describe-repositories --registry-id 123456789012 --region us-east-1",
        ),
        (
            "/manifests/1.0",
            (403, "DENIED", "x with an explicit deny in a resource-based policy: ecr:BatchGetImage"),
            "explicit deny",
            "find the policy that denies ecr:BatchGetImage",
        ),
        ("/manifests/1.0", (401, "UNAUTHORIZED", "x"), "answers 401: x", "mean the same registry"),
        ("/manifests/1.0", (503, "", ""), "answers 503", "log of the redirect service"),
        (LAYER_DIGEST, (307, "", "https://[/"), "an address without a host", "registry's log"),
        ("PATCH /uploads/1", (413, "", ""), "over 4.5 MB is answered 413", "REDIRECT_MODE=edge"),
    ],
)
def test_what_people_meet_most_has_its_next_step(
    healthy: Program, domain: FakeDomain, refused: str, refusal: tuple[int, str, str], found: str, step: str
) -> None:
    domain.refusals[refused] = refusal
    last = examined(healthy, f"{domain.host}/app:1.0", "--push")[-1]
    assert not last.ok
    assert found in last.finding
    assert step in last.next_step


@pytest.mark.parametrize(
    ("image", "found"),
    [
        ("localhost:1/App:1.0", "'App:1.0' is not a valid REPOSITORY[:TAG]"),
        ("localhost:1/app:a b", "is not a valid REPOSITORY[:TAG]"),
        ("localhost:1/app/../x", "is not a valid REPOSITORY[:TAG]"),
        ("localhost:1/app?token=hunter2", "'app?***' is not a valid REPOSITORY[:TAG]"),
    ],
)
def test_what_is_not_an_image_is_refused(program: Program, image: str, found: str) -> None:
    (check,) = examined(program, image)
    assert found in check.finding
    assert "hunter2" not in repr(check)


@pytest.mark.parametrize("arguments", [["--push"], ["localhost:1", "--push"], ["localhost:1/", "--push"]])
def test_a_push_needs_a_repository(program: Program, arguments: list[str]) -> None:
    (check,) = examined(program, *arguments)
    assert check.finding == "--push needs a repository"


@pytest.mark.parametrize(
    ("location", "expected"),
    [
        ("/_registry/x/v2/?a=b", ("ecr.example.com", "/_registry/x/v2/?a=b")),
        ("https://ecr.example.com/v2/", ("ecr.example.com", "/v2/")),
        ("https://ECR.example.com:443/v2/", ("ecr.example.com", "/v2/")),
        (f"https://{REGISTRY}/v2/app", (REGISTRY, "/v2/app")),
        ("https://layers.example.com/v2/", None),
        ("//layers.example.com/v2/", None),
        ("http://ecr.example.com/v2/", None),
        ("https://ecr.example.com:8443/v2/", None),
        ("https://ecr.example.com@evil.test/v2/", None),
        ("https://user@ecr.example.com/v2/", None),
        (f"https://{REGISTRY}:8443/v2/", None),
        (f"https://{REGISTRY}.evil.test/v2/", None),
        (f"https://x@{REGISTRY}/v2/", None),
        (f"http://{REGISTRY}/v2/", None),
        ("https://ecr.example.com?/v2/", None),
        ("https://[/", None),
        ("v2/", None),
        ("", None),
    ],
)
def test_where_the_token_goes_next(location: str, expected: tuple[str, str] | None) -> None:
    assert destination("ecr.example.com", location) == expected


def test_the_token_never_follows_a_redirect_to_another_host(
    healthy: Program, domain: FakeDomain, authority: trustme.CA
) -> None:
    with fake_domain(authority) as other:
        for path in ("/v2/", "/manifests/1.0", LAYER_DIGEST):
            domain.refusals = {path: (307, "", f"https://{other.host}/v2/")}
            examined(healthy, f"{domain.host}/app:1.0")
            assert any(path in seen.path and seen.authorization for seen in domain.seen)
        assert other.seen == []


class Tunnel(socketserver.ThreadingTCPServer):
    """A proxy that leads every CONNECT to one address, and keeps what it was sent before the tunnel."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.heads: list[str] = []
        super().__init__(("127.0.0.1", 0), TunnelEnd)


class TunnelEnd(socketserver.StreamRequestHandler):
    server: Tunnel

    def handle(self) -> None:
        head = b"".join(iter(self.rfile.readline, b"\r\n"))
        self.server.heads.append(head.decode())
        self.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")
        with socket.create_connection(("127.0.0.1", self.server.port)) as onward:
            back = threading.Thread(target=self._copy, args=(onward, self.connection))
            back.start()
            self._copy(self.connection, onward)
            back.join()

    @staticmethod
    def _copy(source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65_536):
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)


def test_where_the_domain_only_redirects_the_registry_itself_is_asked(
    healthy: Program, domain: FakeDomain, authority: trustme.CA
) -> None:
    """As Docker does it, with the token that `get` gives for that host; a proxy sees nothing of it."""
    domain.mode = Mode.PLAIN
    with fake_domain(authority, name=REGISTRY) as registry:
        registry.password, registry.challenges = SECRET, True
        with Tunnel(int(registry.host.partition(":")[2])) as proxy:
            threading.Thread(target=proxy.serve_forever, args=(0.02,)).start()
            environ = {
                "HTTPS_PROXY": f"http://127.0.0.1:{proxy.server_address[1]}",
                "NO_PROXY": "localhost,127.0.0.1",
            }
            result = healthy.run("doctor", f"{domain.host}/app:1.0", "--push", environ=environ)
            proxy.shutdown()
    assert result.code == 0, result
    assert f"{REGISTRY} accepts the token" in result.stdout
    assert "413" not in result.stdout
    assert {head.partition(" HTTP")[0] for head in proxy.heads} == {f"CONNECT {REGISTRY}:443"}
    assert "authorization" not in "".join(proxy.heads).lower()
