"""Functions of another name: the stage goes on to answer, because it gets a new deployment.

A deployment keeps the ARNs that the API's definition had when it was made, and CloudFormation deletes the
functions of the former name.
"""

from __future__ import annotations

from tests.deploy.deployer import DOMAIN, REGION, Deployer
from tests.deploy.registry_user import push_and_pull, registry_user
from tests.standins.certificates import Certificates
from tests.standins.cloudformation.functions_and_logs import FUNCTION
from tests.standins.cloudformation.rest_api import DEPLOYMENT
from tests.standins.ecr import FakeEcr


def physical_ids(deployer: Deployer, kind: str) -> set[str]:
    return {each.physical_id for each in deployer.account.stacks.inventory.of(kind, REGION)}


def test_the_name_serves_whatever_its_functions_are_called(
    deployer: Deployer, certificates: Certificates, ecr: FakeEcr
) -> None:
    deployer.configure("production", own={"edge": "off"})
    deployer.succeed("up", "--yes")
    seen = physical_ids(deployer, DEPLOYMENT)
    # The last is what CloudFormation makes up.
    for number, name in enumerate(("custom-ecr-domain-mine", "custom-ecr-domain-other", "")):
        user = registry_user(deployer.internet, certificates, DOMAIN, ecr.token)
        push_and_pull(user, f"renamed-{number}", 1_000)
        deployer.configure("production", own={"function_name": name})
        deployer.succeed("up", "--yes")
        assert name == "" or {name, f"{name}-challenge"} <= physical_ids(deployer, FUNCTION)
        (deployment,) = physical_ids(deployer, DEPLOYMENT)
        assert deployment not in seen
        seen.add(deployment)
    push_and_pull(registry_user(deployer.internet, certificates, DOMAIN, ecr.token), "renamed", 1_000)


def test_other_names_need_no_deployment(deployer: Deployer, certificates: Certificates, ecr: FakeEcr) -> None:
    """A role has its function by a property of it, and nothing calls an API by its name."""
    deployer.configure("production", own={"edge": "off"})
    deployer.succeed("up", "--yes")
    before = physical_ids(deployer, DEPLOYMENT) | physical_ids(deployer, FUNCTION)
    named = {"api_name": "custom-ecr-domain-api", "function_role_name": "custom-ecr-domain-role"}
    deployer.configure("production", own=named)
    deployer.succeed("up", "--yes")
    push_and_pull(registry_user(deployer.internet, certificates, DOMAIN, ecr.token), "named", 1_000)
    assert physical_ids(deployer, DEPLOYMENT) | physical_ids(deployer, FUNCTION) == before
