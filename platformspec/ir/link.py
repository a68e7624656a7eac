"""Make stacks whole: a value of another stack becomes an output there and remote state here.

A reference whose literal is known needs neither. What is left is one output for each value, so that a reader of the
producing stack sees what others take from it.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from platformspec.ir.expr import Attr, Value, attrs_in, is_known
from platformspec.ir.naming import terraform_name
from platformspec.ir.node import Data, Ephemeral, Manifest, Node, Output
from platformspec.ir.program import Program

REMOTE_STATE = "terraform_remote_state"


@dataclass(frozen=True, slots=True)
class RemoteState:
    """How another stack's state is read: the kind of backend, and its configuration."""

    backend: str
    config: Mapping[str, Value]


def output_name(attr: Attr) -> str:
    """The output that publishes a value.

    >>> output_name(Attr("database.keys/cluster", "master_user_secret[0].secret_arn"))
    'database_keys__cluster__master_user_secret_0_secret_arn'
    """
    return re.sub(r"[^a-z0-9_]+", "_", f"{terraform_name(attr.node)}__{attr.path}").rstrip("_")


def remote_state_id(consumer: str, producer: str) -> str:
    """The id of the data source in `consumer` that reads the state of `producer`."""
    return f"stack.{consumer}/{producer}"


def link(program: Program, state_of: Callable[[str], RemoteState]) -> Program:
    """The program with an output for every value that crosses stacks or enters a manifest, and remote state where it is read."""
    added: dict[str, Node] = {}
    for node in program:
        for attr in node.references():
            target = program.nodes[attr.node]
            if attr.known is not None or isinstance(target, Manifest) or target.stack == node.stack:
                continue
            if isinstance(target, Ephemeral):
                raise ValueError(f"{node.id} reads the ephemeral {attr.node} from another stack")
            output = _output(attr, target)
            added[output.id] = output
            if not isinstance(node, Manifest):
                data = _remote_state(node, target, state_of(target.stack))
                added[data.id] = data
    return dataclasses.replace(program, nodes=dict(sorted({**program.nodes, **added}.items()))) if added else program


def _output(attr: Attr, target: Node) -> Output:
    name = output_name(attr)
    return Output(
        id=f"output.{target.stack}/{name}",
        type="output",
        stack=target.stack,
        placement=target.placement,
        attrs={"name": name, "value": Attr(attr.node, attr.path)},
        declaration=target.declaration,
        provenance=target.provenance,
    )


def _remote_state(node: Node, target: Node, state: RemoteState) -> Data:
    return Data(
        id=remote_state_id(node.stack, target.stack),
        type=REMOTE_STATE,
        stack=node.stack,
        placement=node.placement,
        attrs={"backend": state.backend, "config": dict(state.config)},
        declaration=target.declaration,
    )


def has_unknown(value: Value) -> bool:
    """Whether some part of the value is known only after creation."""
    return not is_known(value) and any(True for _ in attrs_in(value))
