"""IR -> the trees that stand in a stack's cdk.tf.json. Pure; no CDK."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from platformspec.ir.escape import terraform_literal
from platformspec.ir.expr import Attr, Concat, Json, Secret, Value, Yaml, folded, is_known
from platformspec.ir.link import output_name, remote_state_id
from platformspec.ir.naming import terraform_name
from platformspec.ir.node import Data, Ephemeral, Import, Manifest, Moved, Node, Output, ProviderConfig, Resource
from platformspec.ir.program import Program
from platformspec.ir.yaml_text import dump

Tree = dict[str, Any]
# A path may go through a function: a set has no positions, so tolist(options)[0] reads its only element, and
# base64decode(certificate_authority[0].data) is the certificate itself.
FUNCTION = re.compile(r"(tolist|base64decode)\(([^()]+)\)(.*)")


def stack_tree(program: Program, stack: str) -> Tree:
    """`resource`, `data`, `ephemeral`, `provider`, `output`, `moved` and `import` of one stack of a linked program."""
    tree: Tree = {}
    for node in program.by_stack.get(stack, ()):
        if isinstance(node, (Resource, Data, Ephemeral)):
            block = {Resource: "resource", Data: "data", Ephemeral: "ephemeral"}[type(node)]
            tree.setdefault(block, {}).setdefault(node.type, {})[terraform_name(node.id)] = _arguments(program, node)
        elif isinstance(node, Output):
            value = value_of(program, node, node.attrs["value"])
            tree.setdefault("output", {})[str(node.attrs["name"])] = {"value": value}
        elif isinstance(node, ProviderConfig):
            tree.setdefault("provider", {}).setdefault(node.type, []).append(_plain(program, node, dict(node.attrs)))
        elif isinstance(node, (Moved, Import)):
            block = "moved" if isinstance(node, Moved) else "import"
            tree.setdefault(block, []).append(_plain(program, node, dict(node.attrs)))
    return tree


def _arguments(program: Program, node: Node) -> Tree:
    arguments = {key: value_of(program, node, value) for key, value in node.attrs.items() if value is not None}
    same_stack = sorted(
        address(program.nodes[id])
        for id, _ in node.after
        if id in program.nodes and program.nodes[id].stack == node.stack and not isinstance(program.nodes[id], Manifest)
    )
    if same_stack:
        arguments["depends_on"] = same_stack
    if node.lifecycle:
        arguments["lifecycle"] = dict(node.lifecycle)
    return arguments


def _plain(program: Program, node: Node, attrs: Mapping[str, Value]) -> Tree:
    return {key: value_of(program, node, value) for key, value in attrs.items() if value is not None}


def known_arguments(node: Node) -> Tree:
    """The arguments into which nothing goes that is known only after creation, as the cloud sees them."""
    return {key: _known(folded(value)) for key, value in node.attrs.items() if value is not None and is_known(value)}


def _known(value: Value) -> Any:
    if isinstance(value, Json):
        return json.dumps(_known(value.tree), separators=(",", ":"), ensure_ascii=False)
    if isinstance(value, Yaml):
        return dump(_known(value.tree))
    if isinstance(value, dict):
        return {key: _known(item) for key, item in value.items() if item is not None}
    if isinstance(value, (list, tuple)):
        return [_known(item) for item in value]
    return value


def address(node: Node) -> str:
    """How Terraform names the node: `aws_vpc.network_main__vpc`, `data.aws_partition.x`."""
    prefix = {Data: "data.", Ephemeral: "ephemeral."}.get(type(node), "")
    return f"{prefix}{node.type}.{terraform_name(node.id)}"


def value_of(program: Program, node: Node, value: Value) -> Any:
    """A value as plain JSON; references become `${...}`, literals are escaped."""
    if isinstance(value, str):
        return terraform_literal(value)
    if isinstance(value, Attr):
        return _reference(program, node, value)
    if isinstance(value, Concat):
        return "".join(str(value_of(program, node, part)) for part in value.parts)
    if isinstance(value, Json):
        return json.dumps(value_of(program, node, value.tree), separators=(",", ":"), ensure_ascii=False)
    if isinstance(value, Yaml):
        return dump(value_of(program, node, value.tree))
    if isinstance(value, Secret):
        return value_of(program, node, value.name)
    if isinstance(value, dict):
        return {
            terraform_literal(key): value_of(program, node, item) for key, item in value.items() if item is not None
        }
    if isinstance(value, (list, tuple)):
        return [value_of(program, node, item) for item in value]
    return value


def _reference(program: Program, node: Node, attr: Attr) -> Any:
    target = program.nodes[attr.node]
    if target.stack != node.stack:
        if attr.known is not None:
            return terraform_literal(attr.known) if isinstance(attr.known, str) else attr.known
        data = program.nodes[remote_state_id(node.stack, target.stack)]
        return f"${{{address(data)}.outputs.{output_name(attr)}}}"
    if found := FUNCTION.fullmatch(attr.path):
        return f"${{{found[1]}({address(target)}.{found[2]}){found[3]}}}"
    return f"${{{address(target)}.{attr.path}}}"
