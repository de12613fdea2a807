"""Reading .chalice/config.json, choosing a stage in it, and writing a stage's settings into it."""

from __future__ import annotations

import copy
import json
import shutil
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from chalicelib.registry_host import shown
from infra.errors import PROGRAM, InvalidConfiguration, UnknownStage, UnreadableFile
from infra.settings import ENVIRONMENT_KEY, OWN_KEY, SETTINGS, DeploymentSettings, Form, flag_of, settings_of

CONFIG_PATH = ".chalice/config.json"
DEFAULT_STAGE = "production"

STAGE_FORM = Form("[A-Za-z0-9][A-Za-z0-9-]*", "letters, digits and hyphens")
"""A stage's name; see also its length below."""

# The names in the edge stack leave 46 characters for the stack's: CloudFront's functions have 64 at most.
_WITH_EDGE, _WITHOUT_EDGE = 23, 40

# Chalice's own default of a key that is refused unless it has a certain value.
_DEFAULTS = {"manage_iam_role": True}
# Chalice's keys with which the service cannot work, the one value that is accepted, and why.
_REFUSED = (
    ("api_gateway_endpoint_type", "REGIONAL", "only a REGIONAL API works behind the domain"),
    ("autogen_policy", False, "the templates give each function a role of its own; set it to false"),
    ("manage_iam_role", True, "the roles are the stack's own; remove it"),
    ("minimum_compression_size", None, "a manifest's digest is over its bytes; remove it"),
    ("log_retention_in_days", None, f"set it under {OWN_KEY}, which reaches the right log group"),
    ("api_gateway_custom_domain", None, f"the domain of this stage stands under {OWN_KEY}; remove it"),
)


def read_document(project: Path) -> dict[str, Any]:
    """The whole file. Raises UnreadableFile."""
    try:
        document = json.loads((project / CONFIG_PATH).read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise UnreadableFile(CONFIG_PATH, "is missing", "run this in the project's directory") from error
    except OSError as error:
        raise UnreadableFile(CONFIG_PATH, f"cannot be read ({error.strerror})", "see its rights") from error
    except (ValueError, RecursionError) as error:
        raise UnreadableFile(CONFIG_PATH, f"is not valid JSON ({error})", "correct it") from error
    stages = document.get("stages") if isinstance(document, dict) else None
    if not isinstance(stages, dict) or not all(isinstance(stage, dict) for stage in stages.values()):
        raise UnreadableFile(
            CONFIG_PATH, "has no object `stages` of objects", "see the one in the repository"
        )
    return dict(document)


def write_document(project: Path, document: Mapping[str, Any]) -> None:
    """Write the file whole or not at all, where a link leads; its mode stays. Raises UnreadableFile."""
    path = (project / CONFIG_PATH).resolve()
    partial = path.with_suffix(".json.partial")
    try:
        with partial.open("w", encoding="utf-8") as stream:
            # Before the content, in which a stage's environment_variables may hold secrets.
            if path.exists():
                shutil.copymode(path, partial)
            stream.write(json.dumps(document, indent=2) + "\n")
        partial.replace(path)
    except OSError as error:
        reason = f"cannot be written ({error.strerror})"
        raise UnreadableFile(CONFIG_PATH, reason, "see its rights") from error


def settings_in(
    document: Mapping[str, Any], stage: str, flags: Mapping[str, Any] | None = None
) -> DeploymentSettings:
    """The settings of a stage; `flags` (values by field name) come before what the file says. Raises
    UnknownStage where `init` has not been run for it, and InvalidConfiguration."""
    where = f"stage {stage!r} in {CONFIG_PATH}"
    entry = document["stages"].get(stage, {})
    if OWN_KEY not in entry and flags is None:
        command = f"{PROGRAM} init --stage {stage} --region REGION --domain NAME"
        raise UnknownStage(stage, CONFIG_PATH, f"{_stages_there(document)}; run `{command}` first")
    for key, accepted, remedy in _REFUSED:
        value = entry.get(key, document.get(key, _DEFAULTS.get(key)))
        if value != accepted:
            raise InvalidConfiguration(key, value, where, remedy)
    chalice_tags(document, stage)
    given = dict(flags or {})
    settings = settings_of({**_values(entry, where), **given}, {name: flag_of(name) for name in given}, where)
    longest = _WITH_EDGE if settings.has_edge else _WITHOUT_EDGE
    if len(stage) > longest or not STAGE_FORM.fits(stage):
        remedy = f"a stage's name has at most {longest} letters, digits and hyphens"
        raise InvalidConfiguration("stage", stage, where, remedy)
    return settings


def stage_for(document: Mapping[str, Any], stage: str, region: str | None) -> str:
    """The stage that --stage and --region mean.

    A stage is one deployment in one region. The first region's has the plain name; each further one is
    STAGE-REGION. Raises UnknownStage where the region is not set up.
    """
    here = region_of(document, stage)
    if region is None or here == region:
        return stage
    regional = regional_name(stage, region)
    if region_of(document, regional) == region:
        return regional
    found = f"the stage {stage!r} is in {here}" if here else _stages_there(document)
    domain = domain_of(document, stage) or "NAME"
    remedy = f"{found}; run `{PROGRAM} init --stage {stage} --region {region} --domain {domain}` first"
    raise UnknownStage(regional if here else stage, CONFIG_PATH, remedy)


def region_of(document: Mapping[str, Any], stage: str) -> str | None:
    """The region that the file gives a stage; None where the stage is not set up."""
    return _own(document, stage, "region")


def stage_to_set_up(document: Mapping[str, Any], stage: str, region: str) -> str:
    """The stage that `init` writes: STAGE, or STAGE-REGION where that one is in another region."""
    return stage if region_of(document, stage) in (None, region) else regional_name(stage, region)


def regional_name(stage: str, region: str) -> str:
    return stage if stage.endswith(f"-{region}") else f"{stage}-{region}"


def domain_of(document: Mapping[str, Any], stage: str) -> str | None:
    """The domain that the file gives a stage, whether or not it is accepted."""
    return _own(document, stage, "domain")


def other_stages_at(document: Mapping[str, Any], stage: str, domain: str) -> tuple[str, ...]:
    """The other stages of the file that stand at the same domain."""
    others = (name for name in document["stages"] if name != stage)
    return tuple(name for name in others if domain_of(document, name) == domain)


def chalice_tags(document: Mapping[str, Any], stage: str) -> dict[str, str]:
    """Chalice's tags of a stage, which become those of the stacks and of all that is in them. Raises
    InvalidConfiguration."""
    found: dict[str, str] = {}
    for place in (document, document["stages"].get(stage, {})):
        tags = place.get("tags", {})
        if not isinstance(tags, dict) or not all(isinstance(value, str) for value in tags.values()):
            where = f"stage {stage!r} in {CONFIG_PATH}"
            raise InvalidConfiguration("tags", tags, where, "expected an object of strings")
        found |= tags
    return found


def with_stage(document: Mapping[str, Any], stage: str, settings: DeploymentSettings) -> dict[str, Any]:
    """The document with the stage set up: every setting that is not its default is written; what the stage
    holds beside our settings stays."""
    changed: dict[str, Any] = copy.deepcopy(dict(document))
    entry = changed["stages"].setdefault(stage, {"api_gateway_stage": DEFAULT_STAGE})
    own: dict[str, Any] = {}
    variables = dict(entry.get(ENVIRONMENT_KEY, {}))
    for each in fields(settings):
        value, variable = getattr(settings, each.name), SETTINGS[each.name].variable
        place, name = (variables, variable) if variable else (own, each.name)
        place.pop(name, None)
        if value != each.default or name == "edge":
            place[name] = value
    changed["stages"][stage] = {**entry, OWN_KEY: own, ENVIRONMENT_KEY: variables}
    return changed


def _values(entry: Mapping[str, Any], where: str) -> dict[str, Any]:
    own, variables = entry.get(OWN_KEY, {}), entry.get(ENVIRONMENT_KEY, {})
    for key, found in ((OWN_KEY, own), (ENVIRONMENT_KEY, variables)):
        if not isinstance(found, dict):
            raise InvalidConfiguration(key, found, where, "expected an object")
    names = {name: setting.variable for name, setting in SETTINGS.items()}
    for key, value in own.items():
        if names.get(key) != "":
            known = ", ".join(name for name, variable in names.items() if not variable)
            raise InvalidConfiguration(
                f"{OWN_KEY}.{shown(key)}", value, where, f"is unknown; there are {known}"
            )
    values = {name: variables[variable] for name, variable in names.items() if variable in variables}
    return {**own, **values}


def _stages_there(document: Mapping[str, Any]) -> str:
    names = [name for name, entry in document["stages"].items() if OWN_KEY in entry]
    return f"set up are {', '.join(names)}" if names else "none is"


def _own(document: Mapping[str, Any], stage: str, key: str) -> str | None:
    own = document["stages"].get(stage, {}).get(OWN_KEY)
    value = own.get(key) if isinstance(own, dict) else None
    return value if isinstance(value, str) and value else None
