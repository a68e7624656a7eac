"""`extend:`: patches by JSON pointer on a declaration's own resources."""

from __future__ import annotations

import copy
import dataclasses
from typing import Any

from platformspec.diagnostics import Code, Path
from platformspec.diagnostics.suggest import closest
from platformspec.ir.expr import Json, Yaml
from platformspec.kinds.base import DeclarationSpec
from platformspec.lower.lowering import Lowering

UNKNOWN_RESOURCE = Code(
    "PS510",
    "extend names a resource that the declaration does not have",
    explain="`resource` under `extend` is the role of a resource: what stands after the declaration's address in `platformspec show --resources` and in ir.json.",
)
UNKNOWN_POINTER = Code(
    "PS511",
    "extend points into nothing",
    explain="A JSON pointer under `extend.set` may add a new last part, but everything before it must exist in the resource.",
)


class _Dangling(Exception):
    """The pointer's parent does not exist; `at` is the part that is missing."""

    def __init__(self, at: str) -> None:
        super().__init__(at)
        self.at = at


def apply_extensions(state: Lowering) -> None:
    """Patch nodes as `extend` says. The provider's schema checks the result afterwards, like everything else."""
    for address, declaration in state.graph.declarations.items():
        if not isinstance(declaration.spec, DeclarationSpec):
            continue
        for position, patch in enumerate(declaration.spec.extend):
            path: Path = (*declaration.path, "extend", position)
            node = state.nodes.get(f"{address}/{patch.resource}")
            if node is None:
                roles = sorted(id.removeprefix(f"{address}/") for id in state.nodes if id.startswith(f"{address}/"))
                near = closest(patch.resource, roles)
                state.report.error(
                    UNKNOWN_RESOURCE,
                    f"{address} has no resource {patch.resource!r}",
                    at=(*path, "resource"),
                    help=f"did you mean {near!r}?" if near else f"its resources: {', '.join(roles) or 'none'}",
                )
                continue
            attrs: Any = copy.deepcopy(dict(node.attrs))
            provenance = dict(node.provenance)
            for pointer, value in patch.set.items():
                try:
                    where = _set(attrs, pointer, value)
                except _Dangling as dangling:
                    state.report.error(
                        UNKNOWN_POINTER,
                        f"{node.id} has nothing at {dangling.at!r}",
                        at=(*path, "set", pointer),
                        on_key=True,
                        help="begin with / and name an existing part: /metadata/annotations/example.org~1key",
                    )
                    continue
                provenance[where] = ((*path, "set", pointer),)
            state.nodes[node.id] = dataclasses.replace(node, attrs=attrs, provenance=provenance)


def _set(root: Any, pointer: str, value: Any) -> Path:
    if not pointer.startswith("/"):
        raise _Dangling(pointer)
    parts = [part.replace("~1", "/").replace("~0", "~") for part in pointer[1:].split("/")]
    here, path = root, []
    for depth, part in enumerate(parts):
        if isinstance(here, (Json, Yaml)):
            here = here.tree
        key: str | int = int(part) if isinstance(here, list) and part.isdigit() else part
        path.append(key)
        last = depth == len(parts) - 1
        if isinstance(here, list) and (not isinstance(key, int) or key > len(here) - (0 if last else 1)):
            raise _Dangling("/" + "/".join(parts[: depth + 1]))
        if not isinstance(here, (dict, list)) or (isinstance(here, dict) and not last and key not in here):
            raise _Dangling("/" + "/".join(parts[: depth + 1]))
        if not last:
            here = here[key]  # type: ignore[index]
        elif isinstance(here, list) and key == len(here):
            here.append(value)
        elif value is None and isinstance(here, dict):
            here.pop(key, None)
        else:
            here[key] = value  # type: ignore[index]
    return tuple(path)
