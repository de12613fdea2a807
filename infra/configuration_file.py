"""Reading .chalice/config.json, choosing a stage in it, and writing a stage's values into it."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from infra.errors import UnknownStage, UnreadableFile
from infra.own_settings import CONFIG_PATH, OWN_KEY

DEFAULT_STAGE = "production"


def read_document(project: Path) -> dict[str, Any]:
    """The whole file. Raises UnreadableFile."""
    try:
        document: dict[str, Any] = json.loads((project / CONFIG_PATH).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        reason = "is missing" if isinstance(error, FileNotFoundError) else f"cannot be read ({error})"
        raise UnreadableFile(CONFIG_PATH, reason, "run this in the project's directory") from error
    stages = document.get("stages") if isinstance(document, dict) else None
    if not isinstance(stages, dict) or not all(isinstance(stage, dict) for stage in stages.values()):
        raise UnreadableFile(
            CONFIG_PATH, "has no object `stages` of objects", "see the one in the repository"
        )
    return document


def write_document(project: Path, document: Mapping[str, Any]) -> None:
    """Write the file whole or not at all."""
    path = project / CONFIG_PATH
    partial = path.with_suffix(".json.partial")
    partial.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    partial.replace(path)


def stage_for(document: Mapping[str, Any], stage: str, region: str | None) -> str:
    """The stage that --stage and --region mean.

    A stage is one deployment in one region. The first region's has the plain name; each further one is
    STAGE-REGION. Raises UnknownStage where the region is not set up.
    """
    stages = document["stages"]
    here = _region(stages, stage)
    if region is None or here == region:
        return stage
    regional = regional_name(stage, region)
    if _region(stages, regional) == region:
        return regional
    found = f"the stage {stage!r} is in {here}" if here else "no stage is there"
    remedy = f"{found}; run `python -m infra init --stage {stage} --region {region}` first"
    raise UnknownStage(regional if here else stage, CONFIG_PATH, remedy)


def stage_to_set_up(document: Mapping[str, Any], stage: str, region: str) -> str:
    """The stage that `init` writes: STAGE, or STAGE-REGION where that one is in another region."""
    here = _region(document["stages"], stage)
    return stage if here in (None, region) else regional_name(stage, region)


def regional_name(stage: str, region: str) -> str:
    return stage if stage.endswith(f"-{region}") else f"{stage}-{region}"


def with_stage(
    document: Mapping[str, Any],
    stage: str,
    like: str,
    domain: Mapping[str, Any],
    own: Mapping[str, Any],
    registry: str | None,
) -> dict[str, Any]:
    """The document with the stage set up. A new stage starts as a copy of `like`, without that one's
    domain and place; what the stage holds already and is not named here stays."""
    changed: dict[str, Any] = copy.deepcopy(dict(document))
    stages = changed["stages"]
    if stage not in stages:
        stages[stage] = copy.deepcopy(stages.get(like, {}))
        stages[stage].get(OWN_KEY, {}).pop("set_identifier", None)
        stages[stage].get(OWN_KEY, {}).pop("health_check_id", None)
    entry = stages[stage]
    entry["api_gateway_custom_domain"] = {**entry.get("api_gateway_custom_domain", {}), **domain}
    entry[OWN_KEY] = {**entry.get(OWN_KEY, {}), **own}
    if registry is not None:
        entry.setdefault("environment_variables", {})["ECR_REGISTRY"] = registry
    return changed


def _region(stages: Mapping[str, Any], stage: str) -> str | None:
    region = stages.get(stage, {}).get(OWN_KEY, {}).get("region")
    return region if isinstance(region, str) and region else None
