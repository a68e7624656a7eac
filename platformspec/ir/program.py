"""The whole program: all nodes, with the order that follows from their references."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from platformspec.ir.cost import CostItem
from platformspec.ir.node import Import, Manifest, Node
from platformspec.ir.rename import Former, renamed_cost, renamed_node
from platformspec.ir.requirement import Requirement

KUBERNETES_STACK = "kubernetes"


class CycleError(ValueError):
    """Nodes or stacks that wait for each other; `path` goes round the circle once."""

    def __init__(self, path: tuple[str, ...]) -> None:
        super().__init__(" -> ".join(path))
        self.path = path


@dataclass(frozen=True)
class Program:
    """Nodes by id, sorted, what will be billed for them, and what they need of an account.

    `platform` and `environment` name what it was compiled from. `former`: what renamed declarations were called before.
    """

    platform: str
    environment: str | None
    nodes: Mapping[str, Node]
    costs: tuple[CostItem, ...] = ()
    requirements: tuple[Requirement, ...] = ()
    former: Former = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        platform: str,
        environment: str | None,
        nodes: Iterable[Node],
        costs: Iterable[CostItem] = (),
        requirements: Iterable[Requirement] = (),
        former: Former | None = None,
    ) -> Program:
        """Raises `ValueError` where two nodes, or two lines of the bill, have one id."""
        by_id: dict[str, Node] = {}
        for node in nodes:
            if node.id in by_id:
                raise ValueError(f"two nodes have the id {node.id!r}")
            by_id[node.id] = node
        items = sorted(costs, key=lambda item: item.id)
        for one, other in itertools.pairwise(items):
            if one.id == other.id:
                raise ValueError(f"two lines of the bill have the id {one.id!r}")
        return cls(platform, environment, dict(sorted(by_id.items())), tuple(items), tuple(requirements), former or {})

    def renamed(self, former: Former) -> Program:
        """The same with the ids of a later program in which declarations have other names; `former` is that program's."""
        if not former:
            return self
        nodes = {node.id: node for node in (renamed_node(node, former) for node in self)}
        # What has its present id already says more than what is left of an earlier one.
        nodes |= {id: renamed_node(self.nodes[id], former) for id in self.nodes if id in nodes}
        costs = sorted((renamed_cost(item, former) for item in self.costs), key=lambda item: item.id)
        return replace(self, nodes=dict(sorted(nodes.items())), costs=tuple(costs))

    @cached_property
    def imported(self) -> Mapping[str, str]:
        """Id of a resource that is taken over -> the id under which Terraform finds it."""
        return {node.resource: str(node.attrs["id"]) for node in self if isinstance(node, Import)}

    def __iter__(self) -> Iterator[Node]:
        return iter(self.nodes.values())

    def __len__(self) -> int:
        return len(self.nodes)

    @cached_property
    def by_stack(self) -> Mapping[str, tuple[Node, ...]]:
        """Nodes of each Terraform stack, and of `kubernetes`, sorted by id."""
        stacks: dict[str, list[Node]] = defaultdict(list)
        for node in self:
            stacks[KUBERNETES_STACK if isinstance(node, Manifest) else node.stack].append(node)
        return {stack: tuple(stacks[stack]) for stack in sorted(stacks)}

    @cached_property
    def stack_dependencies(self) -> Mapping[str, tuple[str, ...]]:
        """Stack -> the stacks that it reads or must follow. Manifests follow the stacks of what they refer to."""
        found: dict[str, set[str]] = {stack: set() for stack in self.by_stack}
        for stack, nodes in self.by_stack.items():
            for node in nodes:
                for other in node.depends_on():
                    target = self.nodes.get(other)
                    if target is None:
                        continue
                    other_stack = KUBERNETES_STACK if isinstance(target, Manifest) else target.stack
                    if other_stack != stack:
                        found[stack].add(other_stack)
        return {stack: tuple(sorted(found[stack])) for stack in found}

    @cached_property
    def waves(self) -> tuple[tuple[str, ...], ...]:
        """Stacks in the order in which they are applied; those of one wave do not wait for each other.

        Raises `CycleError` where stacks wait for each other.
        """
        return layered(self.stack_dependencies)


def layered(dependencies: Mapping[str, Iterable[str]]) -> tuple[tuple[str, ...], ...]:
    """Keys in layers, each after all that it depends on, sorted inside a layer. Raises `CycleError`."""
    waiting = {key: set(needs) for key, needs in dependencies.items()}
    users: dict[str, list[str]] = defaultdict(list)
    for key, needs in waiting.items():
        for need in needs:
            users[need].append(key)
    layers: list[tuple[str, ...]] = []
    ready = sorted(key for key, needs in waiting.items() if not needs)
    done = 0
    while ready:
        layers.append(tuple(ready))
        done += len(ready)
        freed: set[str] = set()
        for key in ready:
            for user in users[key]:
                waiting[user].discard(key)
                if not waiting[user]:
                    freed.add(user)
        ready = sorted(freed)
    if done != len(waiting):
        raise CycleError(_cycle({key: needs for key, needs in waiting.items() if needs}))
    return tuple(layers)


def _cycle(waiting: Mapping[str, set[str]]) -> tuple[str, ...]:
    seen: list[str] = []
    key = min(waiting)
    while key not in seen:
        seen.append(key)
        key = min(need for need in waiting[key] if need in waiting)
    circle = seen[seen.index(key) :]
    start = circle.index(min(circle))
    turned = circle[start:] + circle[:start]
    return (*turned, turned[0])
