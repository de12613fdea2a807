"""The CloudFormation stand-in: what it reads in a template, and what it refuses."""

from __future__ import annotations

from typing import Any

import pytest

from tests.deploy.console import LOGS, REGION, Console, Json, group, refused, template
from tests.standins.cloudformation.intrinsics import Resolver
from tests.standins.cloudformation.kinds import KINDS
from tests.standins.cloudformation.resource_schema import schema_of


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        (
            template({"A": {"Type": "AWS::Nothing::Here"}}),
            "Unrecognized resource types: [AWS::Nothing::Here]",
        ),
        (template({"A": group({"Ref": "Gone"})}), "Unresolved resource dependencies ['Gone']"),  # type: ignore[arg-type]
        (template({"A": {**group("a"), "DependsOn": ["Gone"]}}), "Unresolved resource dependencies ['Gone']"),
        (
            template({"A": group("a")}, Outputs={"O": {"Value": {"Fn::GetAtt": ["A", "Nothing"]}}}),
            "does not support attribute type Nothing",
        ),
        (
            template({"A": group({"Ref": "B"}), "B": group({"Ref": "A"})}),  # type: ignore[arg-type]
            "Circular dependency between resources: [A, B]",
        ),
        (template({"A": {**group("a"), "Condition": "Gone"}}), "Unresolved condition dependency Gone"),
        (template({"A-B": group("a")}), "Resource name A-B is non alphanumeric"),
        (template({"A": {**group("a"), "Propertys": {}}}), "Invalid template resource property 'Propertys'"),
        (
            template({"A": group("a")}, Resource={}),
            "Invalid template property or properties ['Resource']",
        ),
        (template({}), "At least one Resources member"),
        (
            template({"A": group("a")}, Parameters={"P": {"Type": "String"}}),
            "Parameters: [P] must have values",
        ),
    ],
)
def test_a_template_that_is_wrong_is_refused_before_anything_is_made(
    console: Console, document: Json, expected: str
) -> None:
    code, message = refused(lambda: console.propose(document))
    assert code == "ValidationError"
    assert expected in message
    assert refused(console.status)[0] == "ValidationError"


@pytest.mark.parametrize(
    ("declared", "given", "expected"),
    [
        ({"Type": "Number", "AllowedValues": [1, 7]}, "3", "must be one of AllowedValues"),
        ({"Type": "Number"}, "x", "must be a number"),
        ({"Type": "String", "AllowedPattern": "[a-z]+"}, "ab1", "must match pattern [a-z]+"),
        ({"Type": "AWS::Route53::HostedZone::Id"}, "ZGONE", "ZGONE for parameter name P does not exist"),
    ],
)
def test_a_parameter_is_held_against_its_declaration(
    console: Console, declared: Json, given: str, expected: str
) -> None:
    document = template({"A": group("a")}, Parameters={"P": declared})
    given_parameter = [{"ParameterKey": "P", "ParameterValue": given}]
    assert expected in refused(lambda: console.propose(document, Parameters=given_parameter))[1]


def test_an_undeclared_parameter_is_refused(console: Console) -> None:
    given = [{"ParameterKey": "P", "ParameterValue": "1"}]
    message = refused(lambda: console.propose(template({"A": group("a")}), Parameters=given))[1]
    assert message == "Parameters: [P] do not exist in the template"


def role(**more: object) -> Json:
    trust = {
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ]
    }
    return {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": trust, **more}}


@pytest.mark.parametrize(
    ("resource", "capabilities", "needed"),
    [
        (role(), [], "CAPABILITY_IAM"),
        (role(RoleName="r"), ["CAPABILITY_IAM"], "CAPABILITY_NAMED_IAM"),
        (role(), ["CAPABILITY_NAMED_IAM"], None),
    ],
)
def test_roles_take_a_consent(
    console: Console, resource: Json, capabilities: list[str], needed: str | None
) -> None:
    def propose() -> object:
        return console.propose(template({"R": resource}), Capabilities=capabilities)

    if needed is None:
        propose()
    else:
        expected = ("InsufficientCapabilitiesException", f"Requires capabilities : [{needed}]")
        assert refused(propose) == expected


@pytest.mark.parametrize(
    ("properties", "expected"),
    [
        ({"Retention": 14}, "#: extraneous key [Retention] is not permitted"),
        ({"RetentionInDays": 15}, "#/RetentionInDays"),
        ({"LogGroupName": ["a"]}, "#/LogGroupName"),
        ({"Arn": "arn:x"}, "#: extraneous key [Arn] is not permitted"),
    ],
)
def test_properties_go_by_the_schemas_of_aws(console: Console, properties: Json, expected: str) -> None:
    assert (
        console.deploy(
            template(
                {"A": group("a", **properties)}
                if "LogGroupName" not in properties
                else {"A": {"Type": LOGS, "Properties": properties}}
            )
        )
        == "ROLLBACK_COMPLETE"
    )
    events = console.client.describe_stack_events(StackName="s")["StackEvents"]
    (reason,) = [e["ResourceStatusReason"] for e in events if e["ResourceStatus"] == "CREATE_FAILED"]
    assert reason.startswith("Properties validation failed for resource A with message: [")
    assert expected in reason


def test_texts_are_taken_for_numbers(console: Console) -> None:
    document = template(
        {"A": group("a", RetentionInDays={"Ref": "Days"})},
        Parameters={"Days": {"Type": "Number", "Default": 14}},
    )
    assert console.deploy(document) == "CREATE_COMPLETE"


def test_outputs(console: Console) -> None:
    outputs = {"O": {"Value": {"Fn::Sub": "${A}/${AWS::Region}"}}}
    conditional = {"N": {"Condition": "Never", "Value": {"Ref": "B"}}}
    document = template(
        {"A": group("a"), "B": {**group("b"), "Condition": "Never"}},
        Conditions={"Never": {"Fn::Equals": [{"Ref": "AWS::Region"}, "nowhere"]}},
        Outputs={**outputs, **conditional},
    )
    assert console.deploy(document) == "CREATE_COMPLETE"
    (found,) = console.client.describe_stacks(StackName="s")["Stacks"][0]["Outputs"]
    assert (found["OutputKey"], found["OutputValue"]) == ("O", f"a/{REGION}")


def test_every_permission_that_is_asked_for_is_in_the_schemas() -> None:
    """Actions by hand are checked against AWS' own lists."""
    for kind in KINDS.values():
        schema = schema_of(kind.name, REGION)
        listed = schema.permissions("read").union(*map(schema.permissions, ("create", "update", "delete")))
        for verb, actions in kind.actions._asdict().items():
            assert set(actions) <= listed, (kind.name, verb)


def test_an_operation_that_is_not_imitated_says_so(console: Console) -> None:
    code, message = refused(lambda: console.client.list_stack_sets())
    assert (code, "ListStackSets" in message) == ("NotImitated", True)


@pytest.mark.parametrize(
    ("document", "gap"),
    [
        (template({"V": {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.0.0.0/16"}}}), "VPC"),
        (template({"A": {**group("a"), "DeletionPolicy": "Retain"}}), "the deletion policy of A"),
        (template({"A": group("a")}, Outputs={"O": {"Value": "v", "Export": {"Name": "e"}}}), "exports"),
        (template({"A": group({"Fn::Select": [0, ["a"]]})}), "the function Fn::Select"),  # type: ignore[arg-type]
    ],
)
def test_a_template_that_is_not_imitated_says_so(console: Console, document: Json, gap: str) -> None:
    code, message = refused(lambda: console.deploy(document))
    assert (code, gap in message) == ("NotImitated", True)


def value(document: object) -> Any:  # noqa: ANN401 - JSON
    conditions = {"Yes": {"Fn::Equals": [{"Ref": "P"}, "p"]}, "No": {"Fn::Not": [{"Condition": "Yes"}]}}
    attributes = {("R", None): "r-id", ("R", "Arn"): "arn:r"}
    values = {"P": "p", "List": ["a", "b"], "AWS::Region": REGION}
    resolver = Resolver(values, conditions, lambda *key: attributes[key])
    return resolver.resolve(document)


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ({"Ref": "P"}, "p"),
        ({"Ref": "R"}, "r-id"),
        ({"Fn::GetAtt": ["R", "Arn"]}, "arn:r"),
        ({"Fn::Sub": "${P}-${R}-${R.Arn}-${AWS::Region}-${!P}"}, f"p-r-id-arn:r-{REGION}-${{P}}"),
        ({"Fn::Sub": ["${P}-${Own}", {"Own": {"Ref": "R"}}]}, "p-r-id"),
        ({"Fn::Join": [",", {"Ref": "List"}]}, "a,b"),
        ({"Fn::If": ["Yes", 1, 2]}, 1),
        ({"Fn::If": ["No", 1, {"Ref": "AWS::NoValue"}]}, None),
        ({"a": {"Ref": "AWS::NoValue"}, "b": [{"Ref": "AWS::NoValue"}, True]}, {"b": [True]}),
        # Two keys are no function.
        ({"Ref": "P", "Other": 1}, {"Ref": "P", "Other": 1}),
    ],
)
def test_functions_have_the_values_that_aws_documents(document: object, expected: object) -> None:
    assert value(document) == expected
