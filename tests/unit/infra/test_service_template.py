"""What is done to the template that `chalice package` makes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from infra.service_template import ServicePackage

TEMPLATE: dict[str, Any] = {
    "Resources": {
        "APIHandler": {"Type": "AWS::Serverless::Function", "Properties": {"CodeUri": "deployment.zip"}},
        "RestAPI": {
            "Type": "AWS::Serverless::Api",
            "Properties": {"DefinitionBody": {"info": {"title": "a", "version": "1.0"}, "paths": {"/": {}}}},
        },
    }
}
PACKAGE = ServicePackage(TEMPLATE, Path("deployment.zip"))


def finished(function_name: str) -> dict[str, Any]:
    """The properties of the resources, by logical id."""
    resources = PACKAGE.finished("s3://b/k", function_name)["Resources"]
    return {name: each["Properties"] for name, each in resources.items()}


def test_the_functions_get_their_code_and_nothing_else_changes() -> None:
    given = TEMPLATE["Resources"]["RestAPI"]["Properties"]
    assert finished("") == {"APIHandler": {"CodeUri": "s3://b/k"}, "RestAPI": given}


def test_the_definition_names_the_functions_and_keeps_all_that_it_had() -> None:
    info = {"title": "a", "version": "1.0 mine"}
    assert finished("mine")["RestAPI"] == {"DefinitionBody": {"info": info, "paths": {"/": {}}}}
    assert finished("mine")["APIHandler"] == {"CodeUri": "s3://b/k"}
