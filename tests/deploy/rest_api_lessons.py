"""What moto does not know, and `chalice deploy` and the commands need.

moto's API Gateway imports OpenAPI 3 only, its HTTP-API half (v2) does not see the custom domain names of the
REST half, and a second deployment resets its stage; its S3 takes a denial with a condition for one without.
Each lesson does as AWS documents the operation, on moto's own objects, so that what is taught and what moto
knows stay one account.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from moto.apigateway.models import APIGatewayBackend, Stage
from moto.awslambda_simple.models import lambda_simple_backends
from moto.backends import get_backend
from moto.core.exceptions import JsonRESTError

from tests.deploy.aws_call import Call

Taught = tuple[int, Mapping[str, Any]]
"""The status and the document of a response."""


class Lessons:
    """`deployed` holds the Swagger document of each API as of its last deployment, by API and stage."""

    def __init__(self, account: str) -> None:
        self._account = account
        #: As they were put, by bucket.
        self.bucket_policies: dict[str, dict[str, Any]] = {}
        self._documents: dict[str, dict[str, Any]] = {}
        self.deployed: dict[tuple[str, str], dict[str, Any]] = {}
        self._lessons: dict[str, Callable[[Call, APIGatewayBackend], Taught | None]] = {
            "apigateway:ImportRestApi": self._import,
            "apigateway:PutRestApi": self._put,
            "apigateway:CreateDeployment": self._deploy,
            "apigateway:UpdateRestApi": self._update_api,
            "apigateway:DeleteRestApi": self._delete_api,
            "apigatewayv2:GetApiMappings": self._api_mappings,
            "s3:PutBucketPolicy": self._bucket_policy,
        }

    def teach(self, call: Call) -> Taught | None:
        """None where moto knows itself."""
        lesson = self._lessons.get(call.name)
        try:
            return None if lesson is None else lesson(call, self.backend(call.region))
        except JsonRESTError as error:
            return error.code, {"__type": error.error_type, "message": error.message}

    def backend(self, region: str) -> APIGatewayBackend:
        backend: APIGatewayBackend = get_backend("apigateway")[self._account][region]
        return backend

    def _bucket_policy(self, call: Call, _: APIGatewayBackend) -> Taught:
        """moto would refuse everything that a conditional denial names."""
        self.bucket_policies[call.parameters["bucket"]] = json.loads(call.body)
        return 204, {}

    def _import(self, call: Call, backend: APIGatewayBackend) -> Taught:
        document = json.loads(call.body)
        api = backend.create_rest_api(name=document["info"]["title"], description="")
        self._documents[api.id] = document
        return 201, api.to_dict()

    def _put(self, call: Call, backend: APIGatewayBackend) -> Taught:
        assert call.parameters["mode"] == "overwrite"
        api = backend.get_rest_api(call.parameters["restapiid"])
        self._documents[api.id] = json.loads(call.body)
        return 200, api.to_dict()

    def _deploy(self, call: Call, backend: APIGatewayBackend) -> Taught:
        api = backend.get_rest_api(call.parameters["restapiid"])
        name = json.loads(call.body)["stageName"]
        kept: Stage | None = api.stages.get(name)
        deployment = api.create_deployment(name, "")
        if kept is not None:
            kept.deployment_id = deployment.id
            api.stages[name] = kept
        self.deployed[api.id, name] = self._documents[api.id]
        return 201, deployment.to_json()

    def _update_api(self, call: Call, backend: APIGatewayBackend) -> Taught:
        api = backend.get_rest_api(call.parameters["restapiid"])
        api.apply_patch_operations(json.loads(call.body)["patchOperations"])
        return 200, api.to_dict()

    def _delete_api(self, call: Call, backend: APIGatewayBackend) -> Taught | None:
        api_id = call.parameters["restapiid"]
        self._documents.pop(api_id, None)
        for deployed in [key for key in self.deployed if key[0] == api_id]:
            del self.deployed[deployed]
        return None

    def _api_mappings(self, call: Call, backend: APIGatewayBackend) -> Taught:
        name = backend.get_domain_name(call.parameters["domainname"]).domain_name
        found = backend.base_path_mappings.get(name) or {}
        keys = ("" if path == "(none)" else path for path in found)
        return 200, {"items": [{"apiMappingKey": key} for key in keys]}

    def function_code(self, region: str, name: str) -> bytes:
        """The zip that the account holds for a function."""
        code: bytes = lambda_simple_backends[self._account][region].get_function(name).code_bytes
        return code
