"""What a replaced resource does to those that refer to it.

A new resource has a new id. Whatever holds the old one changes with it, and where that argument cannot be changed in place, is
replaced too: a subnet takes its NAT gateway along, a network everything that stands in it.
"""

from __future__ import annotations

import dataclasses
import re
from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import Protocol

from platformspec.diagnostics import Path, dotted
from platformspec.ir.expr import Attr, Concat, Json, Secret, Value, Yaml
from platformspec.ir.node import Data, Ephemeral, Import, Manifest, Moved, Node, Output, ProviderConfig
from platformspec.plan.change import Change


class Verdict(Protocol):
    """Whether a changed attribute replaces its resource (None: no source says), and who says so."""

    @property
    def replaces(self) -> bool | None: ...
    @property
    def source(self) -> str: ...


# They are read again, or filled in after an apply; nothing of them is replaced.
_NOT_HELD = (Data, Ephemeral, Import, Manifest, Moved, Output, ProviderConfig)


def cascade(
    changes: Mapping[str, Change],
    old: Mapping[str, Node],
    new: Mapping[str, Node],
    replacement: Callable[[str, Path], Verdict],
) -> dict[str, Change]:
    """The changes with all that follow from replacements, by id."""
    found = dict(changes)
    todo = sorted(id for id, change in found.items() if change.action == "replace")
    if not todo:
        return found
    holders = _holders(old, new)
    while todo:
        replaced = found[todo.pop()]
        for node, path, attr in holders.get(replaced.id, ()):
            if not _moves(replaced, node, attr):
                continue
            before = found.get(node.id)
            after = _followed(before, node, path, replaced, replacement)
            if after is not None:
                found[node.id] = after
                if after.action == "replace" and (before is None or before.action != "replace"):
                    todo.append(node.id)
    return found


def _holders(old: Mapping[str, Node], new: Mapping[str, Node]) -> Mapping[str, list[tuple[Node, Path, Attr]]]:
    holders: dict[str, list[tuple[Node, Path, Attr]]] = defaultdict(list)
    for id, node in new.items():
        if id in old and not isinstance(node, _NOT_HELD):
            for path, attr in _references(dict(node.attrs), ()):
                holders[attr.node].append((node, path, attr))
    return holders


def _references(value: Value, path: Path) -> list[tuple[Path, Attr]]:
    if isinstance(value, Attr):
        return [(path, value)]
    if isinstance(value, Concat):
        return [found for part in value.parts for found in _references(part, path)]
    if isinstance(value, (Json, Yaml)):
        return _references(value.tree, path)
    if isinstance(value, Secret):
        return _references(value.name, path)
    if isinstance(value, dict):
        return [found for key, item in value.items() for found in _references(item, (*path, key))]
    if isinstance(value, (list, tuple)):
        return [found for position, item in enumerate(value) for found in _references(item, (*path, position))]
    return []


def _moves(replaced: Change, holder: Node, attr: Attr) -> bool:
    """Whether the value is another one afterwards. What we set ourselves is known, and another stack gets it as a literal."""
    argument = re.split(r"[.\[]", attr.path, maxsplit=1)[0]
    if argument in replaced.node.attrs:
        return any(attribute.path[:1] == (argument,) for attribute in replaced.attributes)
    return attr.known is None or holder.stack == replaced.node.stack


def _followed(
    before: Change | None,
    node: Node,
    path: Path,
    replaced: Change,
    replacement: Callable[[str, Path], Verdict],
) -> Change | None:
    """The change of the holder, or None where nothing is added to what is known of it."""
    ignored = node.lifecycle.get("ignore_changes")
    if isinstance(ignored, list) and any(str(name).split("[")[0].split(".")[0] == path[0] for name in ignored):
        return None
    verdict = replacement(node.type, path)
    why = f"{dotted(path)} follows {replaced.id}, which {'is' if replaced.certain else 'may be'} replaced"
    if verdict.replaces is False:
        return Change("update", node, reason=why) if before is None else None
    certain = bool(verdict.replaces) and replaced.certain
    if before is not None and before.action == "replace" and (before.certain or not certain):
        return None
    reason = (
        f"{why}; {dotted(path)} cannot be changed in place ({verdict.source})"
        if verdict.replaces
        else f"{why}; no source says that this is changed in place ({verdict.source})"
    )
    if before is None:
        return Change("replace", node, reason=reason, certain=certain)
    return dataclasses.replace(before, action="replace", reason=reason, certain=certain)
