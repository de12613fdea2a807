"""The rights of a deployer, as an administrator gives them with infra/templates/deployer.json."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.deploy.aws_account import AwsAccount
from tests.deploy.deployer import ADMINISTRATORS_STACK
from tests.deploy.deployer_policy import Policy
from tests.deploy.other_deployer import create
from tests.standins.cloudformation.errors import ResourceFailed

TEMPLATE = Path(__file__).parents[2] / "infra" / "templates" / "deployer.json"


@dataclass(frozen=True)
class ServiceRole:
    """CloudFormation, acting with a role of its own."""

    policy: Policy

    def authorize(self, action: str, resource: str, context: Mapping[str, str]) -> None:
        """Raises ResourceFailed."""
        if not self.policy.allows(action, resource, context):
            raise ResourceFailed(f"the service role is not authorized to perform: {action} on {resource}")


def give_rights(
    account: AwsAccount, region: str, zone_id: str, *, service_role: bool = False
) -> dict[str, str]:
    """Deploys the template as the account's owner and puts the deployer under its policies; returns the
    stack's outputs."""
    client = account.client("cloudformation", region)
    parameters = [
        {"ParameterKey": "HostedZoneId", "ParameterValue": zone_id},
        {"ParameterKey": "ServiceRole", "ParameterValue": "on" if service_role else "off"},
    ]
    create(account, region, ADMINISTRATORS_STACK, TEMPLATE.read_text(encoding="utf-8"), Parameters=parameters)
    stack = client.describe_stacks(StackName=ADMINISTRATORS_STACK)["Stacks"][0]
    assert stack["StackStatus"] == "CREATE_COMPLETE", client.describe_stack_events(
        StackName=ADMINISTRATORS_STACK
    )
    outputs = {each["OutputKey"]: each["OutputValue"] for each in stack["Outputs"]}
    policies = {each.physical_id: each for each in account.stacks.inventory.of("AWS::IAM::ManagedPolicy")}
    attached = [policies[arn] for arn in outputs["DeployerPolicies"].split(",")]
    account.policy = Policy.of(*(each.properties["PolicyDocument"] for each in attached))
    role = outputs.get("ServiceRoleArn", "").rpartition("/")[2]
    of_role = [each for each in policies.values() if role and role in each.properties.get("Roles", ())]
    account.stacks.role_caller = ServiceRole(
        Policy.of(*(each.properties["PolicyDocument"] for each in of_role))
    )
    return outputs
