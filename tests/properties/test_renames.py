"""Renaming: with `was`, what exists is taken over, and not one attribute of it changes."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from platformspec.address import Address
from platformspec.driver import Compilation, compile_platform
from platformspec.ir.expr import leaves
from platformspec.ir.node import Data, Manifest, Moved, Output, Resource
from platformspec.ir.program import Program
from platformspec.kinds.base import NamedSpec, references
from platformspec.kinds.platform import KINDS
from platformspec.providers import installed_providers
from tests.support.examples import AS_OF, Case, cases, compiled
from tests.support.memory_tree import MemoryTree, as_yaml

SECTIONS = {kind.name: kind.section for kind in KINDS}


def renames_of(c: Compilation) -> dict[Address, str]:
    """A new name for every declaration that may have one; their order is turned round, because nothing may depend on it."""
    assert c.graph is not None
    found = [a for a, d in c.graph.declarations.items() if isinstance(d.spec, NamedSpec)]
    return {address: f"{chr(ord('z') - position)}{address.name}"[:40] for position, address in enumerate(found)}


def renamed(c: Compilation, names: dict[Address, str], *, was: bool = True) -> dict[str, Any]:
    """The document with these declarations renamed everywhere."""
    assert c.document is not None
    assert c.graph is not None
    data = copy.deepcopy(c.document.data)
    for declaration in c.graph.declarations.values():
        for path, ref in references(declaration.spec, declaration.path):
            if (new := names.get(ref.address.parent)) is not None and c.document.written(path):
                here = data
                for part in path[:-1]:
                    here = here[part]
                here[path[-1]] = here[path[-1]].replace(ref.address.name, new, 1)
    for team in data.get("teams", {}).values():
        if isinstance(team, dict) and "may_borrow_from" in team:
            team["may_borrow_from"] = [names.get(Address("team", one), one) for one in team["may_borrow_from"]]
    for waiver in data.get("waivers", []):
        address = Address.parse(waiver["on"])
        waiver["on"] = str(Address(address.kind, names.get(address.parent, address.name), address.child))
    for address, new in names.items():
        section = data[SECTIONS[address.kind]]
        spec = section.pop(address.name) or {}
        section[new] = {**spec, "was": address.name} if was else spec
    return {**data, **({"environments": {c.environment: {}}} if c.environment else {})}


def compile_renamed(c: Compilation, data: dict[str, Any]) -> Compilation:
    after = compile_platform(
        MemoryTree({"platform.yaml": as_yaml(data)}),
        "platform.yaml",
        environment=c.environment,
        as_of=AS_OF,
        providers=installed_providers(),
    )
    assert after.ok, [(d.code.id, d.message) for d in after.report]
    return after


def things(program: Program) -> dict[str, tuple[Any, ...]]:
    """What exists of a program, by id."""
    nodes = (node for node in program if isinstance(node, (Resource, Manifest, Data, Output)))
    return {
        node.id: (node.type, node.stack, node.placement, dict(leaves(dict(node.attrs))), dict(node.lifecycle))
        for node in nodes
    }


@pytest.mark.parametrize("case", cases(), ids=str)
def test_a_rename_changes_nothing_outside(case: Case) -> None:
    before = compiled(case)
    names = renames_of(before)
    if not names:
        pytest.skip(f"{case} has nothing that can be renamed")
    after = compile_renamed(before, renamed(before, names))
    assert before.program is not None
    assert after.program is not None
    old, new = things(before.program.renamed(after.program.former)), things(after.program)
    assert sorted(old) == sorted(new)
    differing = {
        f"{id} {path}: {a.get(path)!r} -> {b.get(path)!r}"
        for id in old
        for a, b in ((old[id][3], new[id][3]),)
        for path in {*a, *b}
        if a.get(path) != b.get(path)
    }
    assert not differing
    assert old == new


@pytest.mark.parametrize("case", cases(), ids=str)
def test_terraform_finds_every_resource_that_has_another_address(case: Case) -> None:
    before = compiled(case)
    after = compile_renamed(before, renamed(before, renames_of(before)))
    assert before.program is not None
    assert after.program is not None

    def addresses(program: Program) -> set[tuple[str, str]]:
        from platformspec.emit.terraform import address

        return {(node.stack, address(node)) for node in program if isinstance(node, Resource)}

    moves = {(n.stack, str(n.attrs["from"])): str(n.attrs["to"]) for n in after.program if isinstance(n, Moved)}
    targets = list(moves.values())
    assert len(targets) == len(set(targets)), "Terraform refuses two moves to one address"
    there = addresses(after.program)
    for stack, address in addresses(before.program):
        while (stack, address) in moves:
            address = moves[(stack, address)]
        assert (stack, address) in there
    assert not {(stack, old) for stack, old in moves} & there
