"""What moto does not know, and `chalice deploy` and the commands need.

moto's API Gateway imports OpenAPI 3 only, its HTTP-API half (v2) does not see the custom domain names of the
REST half, and a second deployment resets its stage; its S3 takes a denial with a condition for one without.
Each lesson answers as AWS documents the operation, on moto's own objects, so that what is taught and what
moto knows stay one account.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from moto.apigateway.models import APIGatewayBackend, RestAPI, Stage
from moto.awslambda_simple.models import lambda_simple_backends
from moto.backends import get_backend
from moto.core.exceptions import JsonRESTError

from tests.deploy.aws_call import Call

Answer = tuple[int, Mapping[str, Any]]


class Lessons:
    """`deployed` holds the Swagger document of each API as of its last deployment, by API and stage."""

    def __init__(self, account: str) -> None:
        self._account = account
        #: As they were put, by bucket.
        self.bucket_policies: dict[str, dict[str, Any]] = {}
        self._documents: dict[str, dict[str, Any]] = {}
        self.deployed: dict[tuple[str, str], dict[str, Any]] = {}
        self._lessons: dict[str, Callable[[Call, APIGatewayBackend], Answer | None]] = {
            "apigateway:ImportRestApi": self._import,
            "apigateway:PutRestApi": self._put,
            "apigateway:CreateDeployment": self._deploy,
            "apigateway:UpdateRestApi": self._update_api,
            "apigateway:DeleteRestApi": self._delete_api,
            "apigatewayv2:GetApiMappings": self._api_mappings,
            "s3:PutBucketPolicy": self._bucket_policy,
        }

    def answer(self, call: Call) -> Answer | None:
        """None where moto knows itself."""
        lesson = self._lessons.get(call.name)
        try:
            return None if lesson is None else lesson(call, self.backend(call.region))
        except JsonRESTError as error:
            return error.code, {"__type": error.error_type, "message": error.message}

    def backend(self, region: str) -> APIGatewayBackend:
        backend: APIGatewayBackend = get_backend("apigateway")[self._account][region]
        return backend

    def _bucket_policy(self, call: Call, _: APIGatewayBackend) -> Answer:
        """moto would refuse everything that a conditional denial names."""
        self.bucket_policies[call.parameters["bucket"]] = json.loads(call.body)
        return 204, {}

    def _import(self, call: Call, backend: APIGatewayBackend) -> Answer:
        document = json.loads(call.body)
        types = call.parameters.get("endpointconfigurationtypes", "EDGE")
        api = backend.create_rest_api(name=document["info"]["title"], description="")
        api.endpoint_configuration = {"types": [types]}
        self._read_into(api, backend, document)
        return 201, api.to_dict()

    def _put(self, call: Call, backend: APIGatewayBackend) -> Answer:
        assert call.parameters["mode"] == "overwrite"
        api = backend.get_rest_api(call.parameters["restapiid"])
        # "items from an existing API that aren't specifically defined in the imported definition are deleted"
        api.resources, api.authorizers, api.gateway_responses = {}, {}, {}
        api.description = ""
        api.default = api.add_child("/")
        api.root_resource_id = api.default.id
        self._read_into(api, backend, json.loads(call.body))
        return 200, api.to_dict()

    def _read_into(self, api: RestAPI, backend: APIGatewayBackend, document: dict[str, Any]) -> None:
        self._documents[api.id] = document
        endpoint = document.get("x-amazon-apigateway-endpoint-configuration", {})
        api.disableExecuteApiEndpoint = endpoint.get("disableExecuteApiEndpoint", False)
        api.binaryMediaTypes = document.get("x-amazon-apigateway-binary-media-types", [])
        for name, definition in document.get("securityDefinitions", {}).items():
            details = definition["x-amazon-apigateway-authorizer"]
            backend.create_authorizer(
                api.id,
                name,
                details["type"].upper(),
                provider_arns=None,
                auth_type=definition["x-amazon-apigateway-authtype"],
                authorizer_uri=details["authorizerUri"],
                authorizer_credentials=None,
                identity_source=f"method.request.header.{definition['name']}",
                identiy_validation_expression=None,
                authorizer_result_ttl=details.get("authorizerResultTtlInSeconds"),
            )
        for kind, response in document.get("x-amazon-apigateway-gateway-responses", {}).items():
            backend.put_gateway_response(
                api.id,
                kind,
                response.get("statusCode"),
                response.get("responseParameters", {}),
                response["responseTemplates"],
            )
        for path, methods in sorted(document["paths"].items()):
            resource = self._resource(api, path)
            for method, definition in methods.items():
                integration = definition["x-amazon-apigateway-integration"]
                resource.add_method(method.upper(), "CUSTOM" if "security" in definition else "NONE", None)
                resource.add_integration(
                    method.upper(),
                    "AWS_PROXY",
                    integration["uri"],
                    integration_method=integration["httpMethod"],
                )

    def _resource(self, api: RestAPI, path: str) -> Any:  # noqa: ANN401 - moto's
        resource, built = api.default, ""
        for part in filter(None, path.split("/")):
            built += f"/{part}"
            found = [each for each in api.resources.values() if each.get_path() == built]
            resource = found[0] if found else api.add_child(part, resource.id)
        return resource

    def _deploy(self, call: Call, backend: APIGatewayBackend) -> Answer:
        api = backend.get_rest_api(call.parameters["restapiid"])
        name = json.loads(call.body)["stageName"]
        kept: Stage | None = api.stages.get(name)
        deployment = api.create_deployment(name, "")
        if kept is not None:
            kept.deployment_id = deployment.id
            api.stages[name] = kept
        self.deployed[api.id, name] = self._documents[api.id]
        return 201, deployment.to_json()

    def _update_api(self, call: Call, backend: APIGatewayBackend) -> Answer:
        api = backend.get_rest_api(call.parameters["restapiid"])
        api.apply_patch_operations(json.loads(call.body)["patchOperations"])
        return 200, api.to_dict()

    def _delete_api(self, call: Call, backend: APIGatewayBackend) -> Answer | None:
        api_id = call.parameters["restapiid"]
        self._documents.pop(api_id, None)
        for deployed in [key for key in self.deployed if key[0] == api_id]:
            del self.deployed[deployed]
        return None

    def _api_mappings(self, call: Call, backend: APIGatewayBackend) -> Answer:
        name = backend.get_domain_name(call.parameters["domainname"]).domain_name
        found = backend.base_path_mappings.get(name) or {}
        keys = ("" if path == "(none)" else path for path in found)
        return 200, {"items": [{"apiMappingKey": key} for key in keys]}

    def function_code(self, region: str, name: str) -> bytes:
        """The zip that the account holds for a function."""
        code: bytes = lambda_simple_backends[self._account][region].get_function(name).code_bytes
        return code
