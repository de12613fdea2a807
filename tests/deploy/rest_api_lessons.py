"""What moto's API Gateway does not know, and Chalice and the commands need.

moto imports OpenAPI 3 only; it has no UpdateDomainName; its HTTP-API half (v2) does not see the custom
domain names of the REST half; a second deployment resets its stage; it reads "no mappings yet" as a fault.
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
    """`deployed` holds the Swagger document of each API as of its last deployment, by API and stage.
    What is in `ignored` is answered as if it were done, and is not."""

    def __init__(self, account: str) -> None:
        self._account = account
        self.ignored: set[str] = set()
        #: As they were put, by bucket.
        self.bucket_policies: dict[str, dict[str, Any]] = {}
        self._documents: dict[str, dict[str, Any]] = {}
        self.deployed: dict[tuple[str, str], dict[str, Any]] = {}
        self._lessons: dict[str, Callable[[Call, APIGatewayBackend], Answer | None]] = {
            "apigateway:ImportRestApi": self._import,
            "apigateway:PutRestApi": self._put,
            "apigateway:CreateDeployment": self._deploy,
            "apigateway:UpdateRestApi": self._update_api,
            "apigateway:UpdateDomainName": self._update_domain,
            "apigateway:GetBasePathMappings": self._mappings,
            "apigateway:DeleteRestApi": self._delete_api,
            "apigateway:TagResource": self._tag,
            "apigateway:UntagResource": self._untag,
            "apigatewayv2:GetApiMappings": self._api_mappings,
            "apigatewayv2:DeleteDomainName": self._delete_domain,
            "apigatewayv2:GetTags": self._tags,
            "apigatewayv2:TagResource": self._tag,
            "apigatewayv2:UntagResource": self._untag,
            "s3:PutBucketPolicy": self._bucket_policy,
        }

    def answer(self, call: Call) -> Answer | None:
        """None where moto knows itself."""
        if call.name in self.ignored:
            return 204, {}
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

    def _update_domain(self, call: Call, backend: APIGatewayBackend) -> Answer:
        domain = backend.get_domain_name(call.parameters["domainname"])
        names = {"/securityPolicy": "security_policy", "/regionalCertificateArn": "regional_certificate_arn"}
        for operation in json.loads(call.body)["patchOperations"]:
            setattr(domain, names[operation["path"]], operation["value"])
        return 200, domain.to_json()

    def _mappings(self, call: Call, backend: APIGatewayBackend) -> Answer | None:
        name = call.parameters["domainname"]
        return (
            (200, {"item": []})
            if name in backend.domain_names and not backend.base_path_mappings.get(name)
            else None
        )

    def _api_mappings(self, call: Call, backend: APIGatewayBackend) -> Answer:
        name = backend.get_domain_name(call.parameters["domainname"]).domain_name
        found = backend.base_path_mappings.get(name) or {}
        keys = ("" if path == "(none)" else path for path in found)
        return 200, {"items": [{"apiMappingKey": key} for key in keys]}

    def _delete_domain(self, call: Call, backend: APIGatewayBackend) -> Answer:
        name = call.parameters["domainname"]
        backend.delete_domain_name(name)
        backend.base_path_mappings.pop(name, None)
        return 204, {}

    def _tags(self, call: Call, backend: APIGatewayBackend) -> Answer:
        return 200, {"tags": self._tagged(call, backend).tags or {}}

    def _tag(self, call: Call, backend: APIGatewayBackend) -> Answer:
        tagged = self._tagged(call, backend)
        tagged.tags = {**(tagged.tags or {}), **json.loads(call.body)["tags"]}
        return 204, {}

    def _untag(self, call: Call, backend: APIGatewayBackend) -> Answer:
        tagged = self._tagged(call, backend)
        keys = call.parameters["tagkeys"]
        tagged.tags = {key: value for key, value in tagged.tags.items() if key not in keys}
        return 204, {}

    def _tagged(self, call: Call, backend: APIGatewayBackend) -> Any:  # noqa: ANN401 - moto's
        arn = call.parameters["resourcearn"]
        kind, _, name = arn.partition("::/")[2].partition("/")
        return backend.get_domain_name(name) if kind == "domainnames" else backend.get_rest_api(name)

    def function_code(self, region: str, name: str) -> bytes:
        """The zip that the account holds for a function."""
        code: bytes = lambda_simple_backends[self._account][region].get_function(name).code_bytes
        return code
