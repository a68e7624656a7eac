"""The difference of the rendered Kubernetes objects, as people compare files."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from dataclasses import dataclass

from platformspec.emit.kubernetes import path_of, render
from platformspec.ir.node import Manifest
from platformspec.plan.change import Plan
from platformspec.review.sides import Pair


@dataclass(frozen=True, slots=True)
class ManifestDiff:
    """One file. `lines` is a unified diff without its two header lines; empty for a file that comes or goes as a whole."""

    file: str
    action: str
    lines: tuple[str, ...]


def manifest_diffs(pair: Pair, plan: Plan) -> Iterator[ManifestDiff]:
    """Changed files first, then new ones and those that go, each in the order of their paths."""
    found: list[ManifestDiff] = []
    for change in plan.changes:
        node = change.node
        if not isinstance(node, Manifest):
            continue
        old = pair.base.program.nodes.get(change.id) if pair.base is not None and pair.base.program else None
        new = pair.head.program.nodes.get(change.id) if pair.head is not None and pair.head.program else None
        if isinstance(old, Manifest) and isinstance(new, Manifest):
            assert pair.base is not None
            assert pair.head is not None
            assert pair.base.program is not None
            assert pair.head.program is not None
            before = render(pair.base.program, old)[0].decode().splitlines()
            after = render(pair.head.program, new)[0].decode().splitlines()
            lines = list(difflib.unified_diff(before, after, lineterm="", n=2))[2:]
            found.append(ManifestDiff(path_of(new), "change", tuple(lines)))
        else:
            found.append(ManifestDiff(path_of(node), "add" if old is None else "remove", ()))
    order = ("change", "add", "remove")
    return iter(sorted(found, key=lambda diff: (order.index(diff.action), diff.file)))
