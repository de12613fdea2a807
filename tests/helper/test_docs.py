"""docs/credential-helper.md keeps to what the program does."""

from __future__ import annotations

import json

import yaml

from credhelper import settings
from credhelper.checks import CHECKS
from credhelper.kubelet import API_VERSIONS
from credhelper.mapping import DomainMapping, parse_mapping
from tests.helper.program import NAME, ROOT

TEXT = (ROOT / "docs" / "credential-helper.md").read_text()


def _block(start: str, fence: str) -> str:
    """The first block after `start` that is fenced or, with an empty `fence`, indented."""
    after = TEXT[TEXT.index(start) :]
    if fence:
        return after.split(fence, 1)[1].split("```", 1)[0]
    lines = after.split("\n\n", 2)[1].splitlines()
    return "\n".join(line.removeprefix("    ") for line in lines)


def test_every_setting_is_in_the_table() -> None:
    names = [
        value for name, value in vars(settings).items() if name.isupper() and str(value).startswith("AWS_")
    ]
    assert len(names) >= 7
    for name in names:
        assert f"| `{name}` |" in TEXT, name


def test_the_mapping_example_is_one() -> None:
    example = json.loads(_block("### `custom.json`", ""))
    mappings = {domain: parse_mapping(domain, value) for domain, value in example.items()}
    assert mappings["ecr.example.net"].profile == "prod"
    assert mappings["123456789012.dkr.ecr.us-west-2.amazonaws.com"] == DomainMapping(profile="west")


def test_the_kubelet_example_is_what_the_kubelet_reads() -> None:
    """The fields that the kubelet demands (kubelet.config.k8s.io/v1), and names that this program has."""
    config = yaml.safe_load(_block("## The kubelet", "```yaml"))
    assert (config["apiVersion"], config["kind"]) == ("kubelet.config.k8s.io/v1", "CredentialProviderConfig")
    (provider,) = config["providers"]
    assert set(provider) <= {
        "name",
        "apiVersion",
        "matchImages",
        "defaultCacheDuration",
        "args",
        "env",
        "tokenAttributes",
    }
    assert provider["name"] == NAME
    assert provider["apiVersion"] in API_VERSIONS
    assert provider["args"] == ["kubelet"]
    assert provider["defaultCacheDuration"] == "6h"
    assert provider["matchImages"]
    assert {"/" in image for image in provider["matchImages"]} == {False}
    known = {value for value in vars(settings).values() if isinstance(value, str)}
    assert {variable["name"] for variable in provider["env"]} <= known


def test_troubleshooting_follows_the_doctor() -> None:
    section = TEXT[TEXT.index("## Troubleshooting") : TEXT.index("## Files")]
    listed = [line.split("**")[1] for line in section.splitlines() if line[:1].isdigit()]
    assert listed == [name for name, _ in CHECKS]
