"""Label and field selectors, as lists and watches are asked with."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from platformspec_rehearsal.cluster.kinds import field_at

SET_BASED: Final = re.compile(r"(\S+)\s+(in|notin)\s+\(([^)]*)\)")
REQUIREMENT: Final = re.compile(r"[^,(]+(?:\([^)]*\))?")


def labels_match(selector: str, labels: Mapping[str, str]) -> bool:
    """Whether labels fit every requirement of a selector such as `a=b,c!=d,e in (f,g),!h`."""
    return all(_fits(text.strip(), labels) for text in REQUIREMENT.findall(selector) if text.strip())


def _fits(requirement: str, labels: Mapping[str, str]) -> bool:
    if found := SET_BASED.fullmatch(requirement):
        values = {value.strip() for value in found[3].split(",")}
        return (labels.get(found[1]) in values) == (found[2] == "in")
    if "!=" in requirement:
        key, value = requirement.split("!=", 1)
        return labels.get(key.strip()) != value.strip()
    if "=" in requirement:
        key, value = re.split("==?", requirement, maxsplit=1)
        return labels.get(key.strip()) == value.strip()
    return requirement[1:] not in labels if requirement.startswith("!") else requirement in labels


def fields_match(selector: str, obj: Mapping[str, Any]) -> bool:
    """Whether an object fits a selector of fields: `metadata.name=x,status.phase!=y`."""
    for requirement in filter(None, selector.split(",")):
        negated = "!=" in requirement
        path, value = re.split("!=|==?", requirement, maxsplit=1)
        found = field_at(obj, path)
        if (str(found if found is not None else "") == value) == negated:
            return False
    return True


def matcher(query: Mapping[str, str]) -> Callable[[Mapping[str, Any]], bool]:
    """Which objects a list or a watch with these parameters is about."""
    by_label, by_field = query.get("labelSelector", ""), query.get("fieldSelector", "")
    return lambda obj: labels_match(by_label, obj["metadata"].get("labels") or {}) and fields_match(by_field, obj)
