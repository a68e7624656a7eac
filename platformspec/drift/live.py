"""What an apply of the file would really do: terraform's own plans and the API servers' dry runs. Nothing is changed.

The plan compares what the file says with what was applied; this one compares with what exists. What differs between the two is what
somebody else has done since, or what the providers do otherwise than their documentation says.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from platformspec.apply.bindings import NO_OUTPUT, fill
from platformspec.apply.cluster_step import identity_of
from platformspec.apply.kubectl import UNREACHABLE, Cluster, Identity, Object
from platformspec.apply.site import Site
from platformspec.apply.terraform import TERRAFORM_FAILED
from platformspec.diagnostics import Diagnostic, Failure
from platformspec.drift.deviation import HIDDEN
from platformspec.drift.differences import Difference, differences, in_node
from platformspec.drift.managed_fields import touch
from platformspec.drift.objects import SECRET, bare
from platformspec.drift.stacks import attributes
from platformspec.emit.kubernetes import plain
from platformspec.emit.terraform import address
from platformspec.ir.delivery import deliveries
from platformspec.ir.node import Manifest, Node, Resource
from platformspec.ir.program import KUBERNETES_STACK, Program
from platformspec.plan.change import Action, Change, Plan

Deed = Literal["create", "update", "replace", "delete", "import", "nothing"]
# What Terraform's JSON plan says of resources that stay as they are.
AS_IT_IS: Final = (["no-op"], ["read"])


@dataclass(frozen=True, slots=True)
class Otherwise:
    """A resource with which an apply would do something else than the plan says, or more.

    `attributes`: (path, value that exists, value that the file says) of what the plan does not mention.
    """

    node: Node
    planned: Action | None
    deed: Deed
    attributes: tuple[Difference, ...] = ()


@dataclass(frozen=True)
class Live:
    """`agreed`: changes of the plan that are just so. `waiting`: what can be seen only after something else is applied, and what that is.
    `refused`: objects that an API server does not accept."""

    agreed: int
    otherwise: tuple[Otherwise, ...]
    waiting: tuple[tuple[str, str], ...] = ()
    refused: tuple[tuple[str, Diagnostic], ...] = ()

    @property
    def differs(self) -> bool:
        """Whether an apply would do anything that the plan does not say."""
        return bool(self.otherwise or self.refused)


@dataclass
class Seen:
    """What was seen so far. `deeds`: id -> what would be done, and what differs. `later`: id -> why it may still become another thing."""

    deeds: dict[str, tuple[Deed, list[Difference]]] = field(default_factory=dict)
    waiting: dict[str, str] = field(default_factory=dict)
    later: dict[str, str] = field(default_factory=dict)
    refused: dict[str, Diagnostic] = field(default_factory=dict)


def look(site: Site, head: Program, before: Program | None, plan: Plan) -> Live:
    """Compare. `before`: what the record says exists. `plan`: the one from there to `head`. Raises `Failure`."""
    here = site.looking()
    old: Mapping[str, Node] = {} if before is None else before.renamed(head.former).nodes
    leaving = {id: node for id, node in old.items() if id not in head.nodes}
    # As in an apply, what goes is still there while the rest is changed.
    union = Program.of(
        head.platform,
        head.environment,
        [*head, *(node for node in leaving.values() if not isinstance(node, Manifest))],
    )
    here.write(union)
    seen = Seen()
    unsettled = _stacks(here, union, old, leaving, seen)
    clusters = {str(node.placement.cluster) for node in (*head, *leaving.values()) if isinstance(node, Manifest)}
    known = {str(node.placement.cluster) for node in old.values() if isinstance(node, Manifest)}
    engines = deliveries(head)
    for name in sorted(clusters):
        if name in engines:
            seen.waiting[f"cluster {name}"] = (
                f"{engines[name].engine} brings it what stands in {engines[name].repository}"
            )
            continue
        if name not in known:
            seen.waiting[f"cluster {name}"] = "nothing was applied to it yet"
            continue
        _objects(here, here.cluster(here, name), head, leaving, unsettled, seen)
    return compared(plan, {**old, **head.nodes}, seen)


def compared(plan: Plan, nodes: Mapping[str, Node], seen: Seen) -> Live:
    """What is otherwise than the plan says."""
    planned = {change.id: change for change in plan.changes if change.action != "move"}
    agreed = 0
    otherwise = []
    waiting = dict(seen.waiting)
    for id, (deed, found) in sorted(seen.deeds.items()):
        change = planned.get(id)
        if change is None and deed == "nothing":
            continue
        if change is not None and deed == "nothing" and id in seen.later:
            waiting[id] = seen.later[id]
            continue
        more = tuple(item for item in found if not _mentioned(change, item))
        if change is not None and change.action == deed and not (deed in ("update", "import") and more):
            agreed += 1
        else:
            otherwise.append(Otherwise(nodes[id], change.action if change is not None else None, deed, more))
    return Live(agreed, tuple(otherwise), tuple(sorted(waiting.items())), tuple(sorted(seen.refused.items())))


def _mentioned(change: Change | None, item: Difference) -> bool:
    return change is not None and any(touch(attribute.path, item[0]) for attribute in change.attributes)


def _stacks(
    site: Site, union: Program, old: Mapping[str, Node], leaving: Mapping[str, Node], seen: Seen
) -> frozenset[str]:
    """Plan every stack, those first that others need. One that needs what is not applied yet cannot be planned.

    Returns the stacks that an apply would change.
    """
    unsettled: set[str] = set()

    def one(name: str) -> Mapping[str, Any] | None:
        stack = site.stack(name, f"stack {name}")
        try:
            stack.initialise()
            return stack.survey()
        except Failure as failure:
            needs = sorted(unsettled.intersection(union.stack_dependencies[name]))
            if failure.diagnostic.code is not TERRAFORM_FAILED or not needs:
                raise
            seen.waiting[f"stack {name}"] = f"stack {', '.join(needs)} is applied first"
            return None

    for wave in union.waves:
        names = [name for name in wave if name != KUBERNETES_STACK]
        with ThreadPoolExecutor(max_workers=site.limits.parallelism) as pool:
            plans = dict(zip(names, pool.map(one, names), strict=True))
        for name, plan in plans.items():
            needs = sorted(unsettled.intersection(union.stack_dependencies[name]))
            if plan is not None:
                nodes = [*union.by_stack[name], *(node for node in old.values() if node.stack == name)]
                _deeds(nodes, plan, leaving, seen)
            if plan is not None and needs:
                why = f"stack {', '.join(needs)} is applied first"
                seen.later |= {node.id: why for node in union.by_stack[name]}
        unsettled |= {name for name, plan in plans.items() if plan is None or _does_something(plan)}
    return frozenset(unsettled)


def _does_something(plan: Mapping[str, Any]) -> bool:
    outputs = plan.get("output_changes", {}).values()
    changes = [item["change"] for item in plan.get("resource_changes", ())]
    return any(change["actions"] not in AS_IT_IS for change in (*outputs, *changes))


def _deeds(nodes: Sequence[Node], plan: Mapping[str, Any], leaving: Mapping[str, Node], seen: Seen) -> None:
    # What is only read from now on has its address from before.
    by_address = {address(node): node for node in reversed(nodes) if isinstance(node, Resource)}
    for item in plan.get("resource_changes", ()):
        node = by_address.get(item["address"])
        if node is None or item["mode"] != "managed" or "deposed" in item:
            continue
        actions = item["change"]["actions"]
        if node.id in leaving:
            seen.deeds[node.id] = ("nothing" if actions == ["create"] else "delete", [])
        elif actions in AS_IT_IS and "importing" not in item["change"]:
            seen.deeds[node.id] = ("nothing", [])
        elif actions in (["create"], ["delete"]):
            seen.deeds[node.id] = ("create" if actions == ["create"] else "delete", [])
        else:
            found = [(in_node(node, path), live, said) for path, live, said in attributes(item["change"])]
            deed: Deed = "replace" if "delete" in actions else "import" if "importing" in item["change"] else "update"
            seen.deeds[node.id] = (deed, found)


def _objects(
    site: Site, cluster: Cluster, head: Program, leaving: Mapping[str, Node], unsettled: frozenset[str], seen: Seen
) -> None:
    """Apply every object of one cluster as a dry run. `unsettled`: stacks whose outputs may change."""

    def of_cluster(nodes: Iterator[Node]) -> list[Manifest]:
        return [n for n in nodes if isinstance(n, Manifest) and n.placement.cluster == cluster.name]

    wanted, going = of_cluster(iter(head)), of_cluster(iter(leaving.values()))
    cluster.reach()
    live = cluster.read([identity_of(node) for node in (*wanted, *going)])
    for node in going:
        seen.deeds[node.id] = ("delete" if identity_of(node) in live else "nothing", [])
    objects: dict[str, Object] = {}
    for node in wanted:
        if identity_of(node) not in live:
            # Its namespace or its kind may not be there yet either.
            seen.deeds[node.id] = ("create", [])
            continue
        manifest, bindings = plain(head, node)
        if needs := sorted(unsettled.intersection(binding.stack for binding in bindings)):
            seen.later[node.id] = f"stack {', '.join(needs)} is applied first"
        try:
            objects[node.id] = fill(manifest, bindings, site.outputs)
        except Failure as failure:
            if failure.diagnostic.code is not NO_OUTPUT:
                raise
            seen.waiting[node.id] = "a stack gives it a value first"
    answers = dry_runs(cluster, objects, seen.refused)
    for node in wanted:
        answer = answers.get(identity_of(node))
        if answer is None or node.id not in objects:
            continue
        found = list(differences(bare(live[identity_of(node)]), bare(answer)))
        if node.attrs["kind"] == SECRET:
            found = [
                (path, HIDDEN, HIDDEN) if path[0] in ("data", "stringData") else (path, a, b) for path, a, b in found
            ]
        seen.deeds[node.id] = ("update" if found else "nothing", found)


def dry_runs(cluster: Cluster, objects: Mapping[str, Object], refused: dict[str, Diagnostic]) -> dict[Identity, Object]:
    """What the server would make of each. Those that it refuses are put into `refused`, one by one. Raises `Failure` where it is not there."""
    try:
        return cluster.dry_run(list(objects.values()))
    except Failure as failure:
        if failure.diagnostic.code is UNREACHABLE:
            raise
    answers: dict[Identity, Object] = {}
    for id, object in objects.items():
        try:
            answers |= cluster.dry_run([object])
        except Failure as failure:
            if failure.diagnostic.code is UNREACHABLE:
                raise
            refused[id] = failure.diagnostic
    return answers
