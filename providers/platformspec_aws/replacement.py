"""Which changed arguments force an AWS resource to be replaced, from data with its source."""

from __future__ import annotations

import functools
import json
from importlib.resources import files
from typing import Any, Final

from platformspec.sdk import Path, Verdict

# Helm knows a release by these; everything else is an upgrade.
_NEW_RELEASE: Final[tuple[Path, ...]] = (("name",), ("namespace",))
_HELM: Final = "helm_release in the documentation of the provider hashicorp/helm 3.1"


@functools.cache
def _table() -> dict[str, Any]:
    table: dict[str, Any] = json.loads(files("platformspec_aws").joinpath("data/replacement.json").read_text("utf-8"))
    return table


def verdict(type: str, path: Path) -> Verdict | None:
    """Whether changing the argument replaces the resource; None for types of other providers."""
    if type == "helm_release":
        return Verdict(path[:1] in _NEW_RELEASE, _HELM)
    if not type.startswith("aws_"):
        return None
    entry = _table()["types"].get(type)
    if entry is None or not path:
        return Verdict(None, f"no source says for {type}")
    source = f"{entry['source']} in {_table()['source']}"
    argument = path[0]
    if argument == "tags":
        return Verdict(False, source)
    if argument in entry["replace"]:
        return Verdict(True, source)
    return Verdict(False if argument in entry["update"] else None, source)
