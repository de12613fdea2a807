"""CloudFormation's HTTP interface: a form in, XML out, by botocore's own description of the service."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl
from xml.sax.saxutils import escape

from moto.core.parse import QueryParser
from moto.core.serialize import QuerySerializer
from moto.core.utils import get_service_model
from werkzeug.datastructures import Headers, MultiDict

from tests.standins.cloudformation.errors import CloudFormationError, NotImitated
from tests.standins.cloudformation.queries import QUERIES
from tests.standins.cloudformation.resource_kind import Caller
from tests.standins.cloudformation.service import CloudFormation

_LOCK = threading.RLock()
_CHANGES: dict[str, Callable[[CloudFormation, str, Mapping[str, Any], Caller], dict[str, Any]]] = {
    "CreateChangeSet": CloudFormation.create_change_set,
    "ExecuteChangeSet": CloudFormation.execute_change_set,
    "DeleteChangeSet": CloudFormation.delete_change_set,
    "DeleteStack": CloudFormation.delete_stack,
    "ContinueUpdateRollback": CloudFormation.continue_update_rollback,
    "UpdateTerminationProtection": CloudFormation.update_termination_protection,
    "DetectStackDrift": CloudFormation.detect_stack_drift,
}


def answer(
    service: CloudFormation, operation: str, body: bytes, region: str, caller: Caller
) -> tuple[int, bytes]:
    """Status and body of one request."""
    model = get_service_model("cloudformation").operation_model(operation)
    given = QueryParser(model).parse(
        {
            "body": "",
            "headers": Headers(),
            "method": "POST",
            "url_params": {},
            "url_path": "/",
            "values": MultiDict(parse_qsl(body.decode(), keep_blank_values=True)),
        }
    )
    ask = QUERIES.get(operation) or _CHANGES.get(operation)
    try:
        if ask is None:
            raise NotImitated(f"the operation {operation}")
        with _LOCK:
            result = ask(service, region, given, caller)
    except CloudFormationError as error:
        return 400, _error(error.code, str(error))
    except NotImitated as error:
        return 501, _error("NotImitated", f"this stand-in does not know {error}")
    serialized = QuerySerializer(model).serialize(result)
    text = serialized["body"]
    return serialized["status_code"], text.encode() if isinstance(text, str) else text


def _error(code: str, message: str) -> bytes:
    return (
        '<ErrorResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/"><Error><Type>Sender</Type>'
        f"<Code>{code}</Code><Message>{escape(message)}</Message></Error>"
        "<RequestId>stand-in</RequestId></ErrorResponse>"
    ).encode()
