"""CloudFormation's HTTP interface: a form in, XML out, by botocore's own description of the service."""

from __future__ import annotations

import threading
from urllib.parse import parse_qsl
from xml.sax.saxutils import escape

from botocore import xform_name
from moto.core.parse import QueryParser
from moto.core.serialize import QuerySerializer
from moto.core.utils import get_service_model
from werkzeug.datastructures import Headers, MultiDict

from tests.standins.cloudformation.changes import Changes
from tests.standins.cloudformation.errors import CloudFormationError, NotImitated
from tests.standins.cloudformation.queries import Queries
from tests.standins.cloudformation.resource_kind import Caller
from tests.standins.cloudformation.service import CloudFormation

_LOCK = threading.RLock()


def respond(
    service: CloudFormation, operation: str, body: bytes, region: str, caller: Caller
) -> tuple[int, bytes]:
    """Status and body of the response to one request."""
    model = get_service_model("cloudformation").operation_model(operation)
    form = MultiDict(parse_qsl(body.decode(), keep_blank_values=True))
    parameters = QueryParser(model).parse(
        {
            "method": "POST",
            "url_path": "/",
            "url_params": {},
            "headers": Headers(),
            "body": "",
            "values": form,
        }
    )
    group = Changes if hasattr(Changes, xform_name(operation)) else Queries
    try:
        perform = getattr(group(service, region, parameters, caller), xform_name(operation), None)
        if perform is None:
            raise NotImitated(f"the operation {operation}")
        with _LOCK:
            result = perform()
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
