"""What someone submits to CloudFormation: a template by value or by address, its parameters, and consent."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from tests.standins.cloudformation.errors import CloudFormationError, ResourceFailed
from tests.standins.cloudformation.parameters import parameter_values
from tests.standins.cloudformation.resource_kind import Placement
from tests.standins.cloudformation.stack import Version
from tests.standins.cloudformation.template import read_template

BODY_LIMIT = 51_200
"""Bytes of a template that is not in a bucket."""
URL_LIMIT = 1_000_000
_OBJECT_URL = re.compile(r"https://(?P<bucket>[^/]+?)\.s3[.-][^/]*amazonaws\.com[^/]*/(?P<key>[^?]+)")


def template_text(given: Mapping[str, Any], site: Placement, previous: Version | None) -> str:
    """Raises CloudFormationError."""
    if given.get("UsePreviousTemplate") and previous is not None:
        return previous.template.text
    if "TemplateBody" in given:
        text = str(given["TemplateBody"])
        if len(text.encode()) > BODY_LIMIT:
            raise CloudFormationError(
                f"1 validation error detected: Value at 'templateBody' failed to satisfy constraint: "
                f"Member must have length less than or equal to {BODY_LIMIT}"
            )
        return text
    url = str(given.get("TemplateURL", ""))
    match = _OBJECT_URL.fullmatch(url.partition("?")[0])
    if match is None:
        raise CloudFormationError("TemplateURL must be a supported URL.")
    bucket, key = match.group("bucket"), match.group("key")
    try:
        site.caller.authorize("s3:GetObject", f"arn:{site.partition}:s3:::{bucket}/{key}", {})
    except ResourceFailed as error:
        raise CloudFormationError(f"S3 error: Access Denied ({error})") from error
    content = site.surroundings.stored_object(bucket, key)
    if content is None:
        raise CloudFormationError("S3 error: The specified key does not exist.")
    if len(content) > URL_LIMIT:
        raise CloudFormationError(f"Template may not exceed {URL_LIMIT} bytes in size.")
    return content.decode()


def submitted(given: Mapping[str, Any], site: Placement, previous: Version | None) -> Version:
    """Raises CloudFormationError for a template, parameters or a consent that is not accepted."""
    parameters = given.get("Parameters", ())
    had = {} if previous is None else previous.parameters
    values = {each["ParameterKey"]: each["ParameterValue"] for each in parameters if "ParameterValue" in each}
    pseudo = {
        "AWS::AccountId": site.account,
        "AWS::Partition": site.partition,
        "AWS::Region": site.region,
        "AWS::StackName": site.stack_name,
    }
    template = read_template(template_text(given, site, previous), site.region, {**had, **values, **pseudo})
    needed = template.capability()
    enough = {needed, "CAPABILITY_NAMED_IAM"}
    if needed is not None and enough.isdisjoint(given.get("Capabilities", ())):
        raise CloudFormationError(f"Requires capabilities : [{needed}]", "InsufficientCapabilitiesException")
    values = parameter_values(template.parameters, parameters, had, site.surroundings.zone_exists)
    tags = {each["Key"]: each["Value"] for each in given.get("Tags", ())}
    if "Tags" not in given and previous is not None:
        tags = dict(previous.tags)
    return Version(template, values, tags)
