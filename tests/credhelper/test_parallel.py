"""Many runs at once on a cold memory: one question to the domain, one to AWS, and no failure."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from tests.credhelper.fake_aws import SECRET, FakeAws
from tests.credhelper.fake_domain import FakeDomain
from tests.credhelper.program import NOT_FOUND, REGISTRY, Program, Result


def _at_once(program: Program, hosts: list[str]) -> list[Result]:
    with ThreadPoolExecutor(len(hosts)) as pool:
        return list(pool.map(lambda host: program.get(host, AWS_ECR_CUSTOM_TIMEOUT="60"), hosts))


def test_a_hundred_at_once_ask_once(program: Program, aws: FakeAws, domain: FakeDomain) -> None:
    aws.delay = 0.5
    results = _at_once(program, [domain.host] * 100)
    assert {(result.code, result.stderr) for result in results} == {(0, "")}
    assert {result.secret for result in results} == {SECRET}
    assert aws.tokens_asked == 1
    assert len(domain.asked) == 1
    assert not list(program.cache.glob("new-*"))


def test_writers_of_several_keys_lose_nothing(program: Program, aws: FakeAws) -> None:
    regions = ["us-east-1", "us-west-2", "eu-west-1", "eu-central-1"]
    hosts = [REGISTRY.replace("us-east-1", region) for region in regions]
    assert {result.secret for result in _at_once(program, hosts * 4)} == {SECRET}
    assert aws.tokens_asked == len(hosts)
    assert len(list(program.cache.glob("token-*"))) == len(hosts)


def test_those_who_wait_for_a_failure_fail_themselves(program: Program, aws: FakeAws) -> None:
    aws.error = (400, "AccessDeniedException", "no")
    assert {result.stdout for result in _at_once(program, [REGISTRY] * 4)} == {NOT_FOUND}
