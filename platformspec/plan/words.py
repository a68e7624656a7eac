"""Words that a platform engineer uses for changes, shared by all renderers of plans."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from platformspec.diagnostics import Path, dotted
from platformspec.ir.delivery import Delivery
from platformspec.ir.expr import Attr, Concat, Json, Secret, Value, Yaml
from platformspec.ir.node import Manifest, Node
from platformspec.plan.change import ABSENT, Action, AttributeChange, Change, Plan
from platformspec.plan.notes import Ending

SIGNS: Mapping[Action, str] = {"create": "+", "update": "~", "replace": "!", "delete": "-", "move": ">", "import": "<"}
VERBS: Mapping[Action, str] = {
    "create": "to create",
    "update": "to update",
    "replace": "to replace",
    "delete": "to delete",
    "move": "to move",
    "import": "to import",
}
DONE: Mapping[Action, str] = {
    "create": "created",
    "update": "updated",
    "replace": "replaced",
    "delete": "deleted",
    "move": "moved",
    "import": "imported",
}
RARE: tuple[Action, ...] = ("move", "import")
"""Actions that have a column in a table only where there are any."""
LONGEST_VALUE = 60
UPPER_CASE = {"vpc", "iam", "eks", "kms", "s3", "sqs", "sns", "nat", "eip", "db", "rds", "acm", "ecr", "efs"}


@dataclass(frozen=True, slots=True)
class DeclarationChanges:
    """The changes of one declaration."""

    declaration: str
    changes: tuple[Change, ...]


def by_declaration(plan: Plan) -> tuple[DeclarationChanges, ...]:
    """Changes grouped by the declaration that they come from, in the order of addresses."""
    groups: dict[str, list[Change]] = {}
    for change in plan.changes:
        groups.setdefault(change.node.declaration, []).append(change)
    return tuple(DeclarationChanges(key, tuple(groups[key])) for key in sorted(groups))


BULK: tuple[Action, ...] = ("create", "move")
"""Actions that are shown as counts."""


def in_bulk(changes: Sequence[Change], nouns: Mapping[str, str]) -> Iterator[tuple[Action, str]]:
    """Creations and moves say nothing one by one: how many of each there are, such as `3 subnets`."""
    for action in BULK:
        counted = Counter(noun(change.node.type, nouns) for change in changes if change.action == action)
        yield from ((action, plural(count, word)) for word, count in sorted(counted.items()))


def former_declaration(changes: Sequence[Change]) -> str | None:
    """What the declaration of these changes was called, where it is renamed with them."""
    for change in changes:
        own = change.node.declaration
        if change.was is not None and change.id.startswith(f"{own}/") and not change.was.startswith(f"{own}/"):
            return change.was.split("/", 1)[0]
    return None


def noun(type: str, nouns: Mapping[str, str]) -> str:
    """What engineers call a type.

    >>> noun("aws_nat_gateway", {}), noun("apps/v1/Deployment", {})
    ('NAT gateway', 'Deployment')
    """
    if type in nouns:
        return nouns[type]
    if "/" in type:
        return type.rsplit("/", 1)[1]
    words = type.split("_")[1:] if "_" in type else [type]
    return " ".join(word.upper() if word in UPPER_CASE else word for word in words)


def plural(count: int, word: str) -> str:
    """`1 subnet`, `3 subnets`, `2 policies`."""
    if count == 1:
        return f"1 {word}"
    ending = (
        re.sub(r"([^aeiou])y$", r"\1ies", word)
        if re.search(r"[^aeiou]y$", word)
        else word + ("es" if re.search(r"(s|x|ch|sh)$", word) else "s")
    )
    return f"{count} {ending}"


def title(node: Node, nouns: Mapping[str, str]) -> str:
    """One node: `Deployment chat in team-assist`, `subnet private-a`."""
    if isinstance(node, Manifest):
        where = f" in {node.namespace}" if node.namespace else ""
        return f"{noun(node.type, nouns)} {node.name}{where}"
    return f"{noun(node.type, nouns)} {node.id.removeprefix(node.declaration + '/')}"


def counts(numbers: Mapping[Action, int]) -> str:
    """`12 to create, 1 to replace`, or `no changes`."""
    return ", ".join(f"{numbers[action]} {VERBS[action]}" for action in VERBS if numbers.get(action)) or "no changes"


def done(numbers: Mapping[Action, int]) -> str:
    """`12 created, 1 replaced`, or `no changes`."""
    return ", ".join(f"{numbers[action]} {DONE[action]}" for action in DONE if numbers.get(action)) or "no changes"


def attribute(change: AttributeChange) -> str:
    """`spec.replicas: 2 -> 3`."""
    path = dotted(change.path)
    if change.before is ABSENT:
        return f"{path}: + {text(change.after)}"
    if change.after is ABSENT:
        return f"{path}: - {text(change.before)}"
    return f"{path}: {text(change.before)} -> {text(change.after)}"


def text(value: Value | object) -> str:
    """A value on one line, cut where it is long. Values known only after creation are printed as such."""
    shown = _plain(value)
    return shown if len(shown) <= LONGEST_VALUE else shown[: LONGEST_VALUE - 1] + "…"


def _plain(value: Value | object) -> str:
    if isinstance(value, Attr):
        return str(value.known) if value.known is not None else f"«known after apply: {value.node} {value.path}»"
    if isinstance(value, Concat):
        return "".join(part if isinstance(part, str) else _plain(part) for part in value.parts)
    if isinstance(value, (Json, Yaml)):
        return _plain(value.tree)
    if isinstance(value, Secret):
        return f"«secret {_plain(value.name)}»"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_plain(item)}" for key, item in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(_plain(item) for item in value) + "]"
    if isinstance(value, str):
        return '"' + "".join(char if char.isprintable() else f"\\u{ord(char):04x}" for char in value) + '"'
    return (
        {None: "null", True: "true", False: "false"}.get(value, str(value))
        if value is None or isinstance(value, bool)
        else str(value)
    )


def sources(change: Change) -> tuple[Path, ...]:
    """YAML paths that the changed attributes came from; for a whole node those of its existence."""
    if not change.attributes:
        return change.node.provenance.get((), ())
    found: set[Path] = set()
    for item in change.attributes:
        for length in range(len(item.path), 0, -1):
            if paths := change.node.provenance.get(item.path[:length]):
                found.update(paths)
                break
    return tuple(sorted(found, key=str)) or change.node.provenance.get((), ())


def ending(one: Ending) -> tuple[str, tuple[str, ...]]:
    """What ends, and what follows from it."""
    fate = "its nodes go" if one.nodes_go else "its nodes stay, on demand and without a promise of capacity"
    lines = [f"{model} loses its pool" for model in one.models]
    for user, left in one.dependents:
        lines.append(f"{user} goes on with {' and '.join(left)}" if left else f"{user} has no other model")
    return f"{one.pool}: {one.what} ends, and {fate}", tuple(lines)


def delivery(one: Delivery) -> str:
    """Where manifests go, and who takes them from there."""
    engine = {"argocd": "Argo CD", "flux": "Flux"}[one.engine]
    return f"commit to {one.repository} (branch {one.branch}) at {one.path}, which {engine} applies"
