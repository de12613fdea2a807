"""API Gateway's Lambda-proxy events, as the service's tests need them."""

from __future__ import annotations

from typing import Any


def event(
    method: str = "GET",
    path: str = "/v2/",
    *,
    query: dict[str, list[str]] | None = None,
    headers: dict[str, list[str]] | None = None,
    body: str | None = None,
    is_base64: bool = False,
) -> dict[str, Any]:
    """One event of the REST API at `/{proxy+}`, with the fields and nulls of the captured ones."""
    lines = {"Host": ["ecr.example.com"], **(headers or {})}
    return {
        "resource": "/{proxy+}",
        "path": path,
        "httpMethod": method,
        "headers": {name: values[-1] for name, values in lines.items()},
        "multiValueHeaders": lines,
        "queryStringParameters": {name: values[-1] for name, values in query.items()} if query else None,
        "multiValueQueryStringParameters": query,
        "pathParameters": {"proxy": path.strip("/")},
        "stageVariables": None,
        "requestContext": {
            "resourcePath": "/{proxy+}",
            "httpMethod": method,
            "path": path,
            "requestId": "c6af9ac6-7b61-11e6-9a41-93e8deadbeef",
            "identity": {"sourceIp": "203.0.113.7"},
        },
        "body": body,
        "isBase64Encoded": is_base64,
    }
