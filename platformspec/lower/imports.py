"""`imports:`: `import` blocks for resources that are there already, so that Terraform takes them over."""

from __future__ import annotations

import re
import string
from collections.abc import Iterator
from typing import Any

from platformspec.diagnostics import Code, Path
from platformspec.diagnostics.suggest import closest
from platformspec.ir.expr import folded
from platformspec.ir.naming import terraform_name
from platformspec.ir.node import Import, Manifest, Node, Resource
from platformspec.kinds.base import DeclarationSpec
from platformspec.lower.context import Lowering

UNKNOWN_ROLE = Code(
    "PS137",
    "imports names a resource that cannot be taken over",
    explain="A key under `imports` is the role of a resource that this declaration creates: what stands after the declaration's address in "
    "`platformspec show --resources` and in ir.json. A declaration with `existing` creates nothing, so it has nothing to take over. Objects of Kubernetes need no import: "
    "applying one that is there takes over the fields that the platform sets. A few types of Terraform know no import by an id.",
)
WRONG_ID = Code(
    "PS138",
    "an import id that does not fit the resource",
    explain="Terraform finds each type under an id of a form of its own, which the section Import of the type's page in the provider's documentation "
    "tells: vpc-… for a VPC, the name for a bucket, `cluster:node-group` for a node group. An id that holds a name must hold the name that the declaration "
    "gives to the resource, because Terraform would replace what has another one; where the kind takes no name from `imports`, `extend` sets it. "
    "One thing can be taken over by one resource alone.",
)
WILD = "\0"


def imports(state: Lowering) -> Iterator[Import]:
    """One block for each role. Reports roles and ids that cannot be."""
    acting = state.providers.acting
    taken: dict[tuple[Any, ...], Path] = {}
    for address, declaration in state.graph.declarations.items():
        if not isinstance(declaration.spec, DeclarationSpec):
            continue
        for role, id in declaration.spec.imports.items():
            path: Path = (*declaration.path, "imports", role)
            node = state.nodes.get(f"{address}/{role}")
            if not isinstance(node, Resource):
                _unknown(state, str(address), role, node, path)
                continue
            if node.type not in acting.import_ids and node.type not in acting.given_ids:
                state.report.error(
                    UNKNOWN_ROLE,
                    f"{node.id} is {_article(node.type)}, which cannot be imported by an id",
                    at=path,
                    on_key=True,
                    help="leave it out: Terraform creates it",
                )
                continue
            given = acting.given_ids.get(node.type)
            if given is not None:
                if not re.fullmatch(given.pattern, id):
                    state.report.error(
                        WRONG_ID,
                        f"{id!r} is no id of {_article(node.type)}",
                        at=path,
                        help=f"such as {given.example}",
                    )
                    continue
            elif not _fits(state, node, role, acting.import_ids[node.type], id, path):
                continue
            key = (node.type, node.placement.account, node.placement.region, id)
            if key in taken:
                state.report.error(
                    WRONG_ID,
                    f"{id!r} is taken over twice",
                    at=path,
                    related=(("here too", taken[key]),),
                    help="take it over in one place, and refer to it by `existing` in the other",
                )
                continue
            taken[key] = path
            yield Import(
                id=f"{node.id}/import",
                type="import",
                stack=node.stack,
                placement=node.placement,
                attrs={"to": f"{node.type}.{terraform_name(node.id)}", "id": id},
                declaration=node.declaration,
                edges=node.edges,
                provenance={(): (*node.provenance.get((), ()), path), ("id",): (path,)},
            )


def _unknown(state: Lowering, address: str, role: str, node: Node | None, path: Path) -> None:
    if isinstance(node, Manifest):
        message = f"{node.id} is an object of Kubernetes, which needs no import"
        help = "leave it out: applying takes over the fields that the platform sets"
    else:
        roles = sorted(
            id.removeprefix(f"{address}/")
            for id, found in state.nodes.items()
            if id.startswith(f"{address}/") and isinstance(found, Resource)
        )
        near = closest(role, roles)
        message = f"{address} creates no resource {role!r}"
        help = f"did you mean {near!r}?" if near else f"its resources: {', '.join(roles) or 'none'}"
    state.report.error(UNKNOWN_ROLE, message, at=path, on_key=True, help=help)


def _fits(state: Lowering, node: Resource, role: str, form: str, id: str, path: Path) -> bool:
    """Whether the id is of the form, with the resource's own names in it."""
    known = {name: value for name, value in folded(dict(node.attrs)).items() if isinstance(value, str)}  # type: ignore[union-attr]
    values = {"account": node.placement.account, "region": node.placement.region, **known}
    names = [name for _, name, _, _ in string.Formatter().parse(form) if name]
    expected = form.format_map({name: values.get(name, WILD) for name in names})
    if re.fullmatch(re.escape(expected).replace(re.escape(WILD), ".+"), id):
        return True
    shown = expected.replace(WILD, "…")
    alone = form == f"{{{names[-1]}}}" if names else False
    state.report.error(
        WRONG_ID,
        f"{node.id} would be imported as {shown!r}, and {id!r} is something else",
        at=path,
        help=f"give it that name: `extend: [{{resource: {role}, set: {{/{names[-1]}: {id}}}}}]`"
        if alone
        else f"the form is {form}",
    )
    return False


def _article(type: str) -> str:
    return f"an {type}" if type[0] in "aeiou" else f"a {type}"
