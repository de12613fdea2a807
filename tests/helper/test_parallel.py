"""Many runs at once on a cold cache: one question to the domain, one to AWS, and no failure."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

from tests.helper.fake_aws import SECRET, FakeAws
from tests.helper.fake_domain import FakeDomain
from tests.helper.program import NOT_FOUND, REGISTRY, Program, ProgramResult
from tests.helper.test_cache import HOUR, OLD, keep


def _at_once(program: Program, hosts: list[str]) -> list[ProgramResult]:
    with ThreadPoolExecutor(len(hosts)) as pool:
        return list(pool.map(lambda host: program.get(host, AWS_ECR_CUSTOM_TIMEOUT="60"), hosts))


def test_a_hundred_at_once_ask_once(program: Program, aws: FakeAws, domain: FakeDomain) -> None:
    aws.delay = 0.5
    results = _at_once(program, [domain.host] * 100)
    assert {(result.code, result.stderr) for result in results} == {(0, "")}
    assert {result.secret for result in results} == {SECRET}
    assert aws.tokens_asked == 1
    assert len(domain.seen) == 1
    assert not list(program.cache.glob("new-*"))


def test_writers_of_several_keys_lose_nothing(program: Program, aws: FakeAws) -> None:
    regions = ["us-east-1", "us-west-2", "eu-west-1", "eu-central-1"]
    hosts = [REGISTRY.replace("us-east-1", region) for region in regions]
    assert {result.secret for result in _at_once(program, hosts * 4)} == {SECRET}
    assert aws.tokens_asked == len(hosts)
    assert len(list(program.cache.glob("token-*"))) == len(hosts)


def test_an_expired_token_is_no_reason_not_to_wait(program: Program, aws: FakeAws) -> None:
    now = time.time()
    keep(program, now - 12 * HOUR, now - 1)
    aws.delay = 1
    patient = Program(program.path, program.home, program.environ | {"AWS_ECR_CUSTOM_TIMEOUT": "60"})
    with ThreadPoolExecutor(2) as pool:
        results = list(pool.map(patient.get, [REGISTRY] * 2))
    assert [result.secret for result in results] == [SECRET] * 2
    assert aws.tokens_asked == 1


def test_a_valid_token_is_used_instead_of_waiting(program: Program, aws: FakeAws) -> None:
    now = time.time()
    keep(program, now - 8 * HOUR, now + 4 * HOUR)
    aws.delay = 3
    with ThreadPoolExecutor(2) as pool:
        secrets = {result.secret for result in pool.map(program.get, [REGISTRY] * 2)}
    assert secrets == {OLD, SECRET}
    assert aws.tokens_asked == 1


def test_those_who_wait_for_a_failure_fail_themselves(program: Program, aws: FakeAws) -> None:
    aws.error = (400, "AccessDeniedException", "no")
    assert {result.stdout for result in _at_once(program, [REGISTRY] * 4)} == {NOT_FOUND}
