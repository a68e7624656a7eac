"""Doors to the outside that open."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from platformspec.diagnostics import Code
from platformspec.ir.expr import folded
from platformspec.ir.node import Manifest, Node
from platformspec.review.dangers.danger import Danger, Situation, address_of

EXPOSED = Code(
    "PS622",
    "a change opens something to the outside",
    explain="Something that only the network of the platform could reach can now be reached from addresses outside it: a load balancer that faces the internet, "
    "the endpoint of a cluster, a security group, a network policy or a bucket. Check that this is meant, and who may come in.",
)
EVERYONE: Final = ("0.0.0.0/0", "::/0")


def exposed(s: Situation) -> Iterator[Danger]:
    """Everything that the head lets in and the base did not."""
    assert s.base.program is not None
    for change in s.plan.changes:
        if change.action == "delete":
            continue
        old = s.base.program.nodes.get(change.id)
        before = set(_openings(old)) if old is not None else set()
        for text in dict.fromkeys(_openings(change.node)):
            if text not in before:
                yield s.danger(
                    EXPOSED,
                    address_of(change.node),
                    text,
                    "check that this is meant; name the narrowest ranges that do",
                    path=s.cause(change),
                )


def _openings(node: Node) -> Iterator[str]:
    attrs: Any = folded(dict(node.attrs))
    where = node.declaration
    if isinstance(node, Manifest):
        annotations = attrs["metadata"].get("annotations") or {}
        if attrs["kind"] in ("Ingress", "Service") and any(
            str(value) == "internet-facing" for key, value in annotations.items() if "scheme" in key
        ):
            ranges = next((str(v) for k, v in annotations.items() if k.endswith("inbound-cidrs")), EVERYONE[0])
            yield f"the load balancer of {where} faces the internet, and accepts {_whom(ranges)}"
        elif attrs["kind"] == "NetworkPolicy":
            for rule in attrs["spec"].get("ingress") or ():
                for peer in rule.get("from") or ():
                    cidr = str((peer.get("ipBlock") or {}).get("cidr", ""))
                    if cidr in EVERYONE:
                        yield f"pods of {where} in {node.namespace} accept {_whom(cidr)}"
    elif node.type == "aws_eks_cluster":
        for vpc in attrs.get("vpc_config") or ():
            if vpc.get("endpoint_public_access"):
                for cidr in vpc.get("public_access_cidrs") or [EVERYONE[0]]:
                    yield f"the API server of {where} accepts {_whom(str(cidr))}"
    elif node.type == "aws_vpc_security_group_ingress_rule":
        for key in ("cidr_ipv4", "cidr_ipv6"):
            if attrs.get(key) in EVERYONE:
                yield f"a security group of {where} accepts {_whom(str(attrs[key]))}"
    elif node.type == "aws_s3_bucket_public_access_block":
        for key, value in attrs.items():
            if value is False:
                yield f"the bucket of {where} no longer refuses public access ({key.replace('_', ' ')} is off)"
    elif attrs.get("publicly_accessible") is True:
        yield f"the {node.type.removeprefix('aws_').replace('_', ' ')} of {where} has a public address"


def _whom(ranges: str) -> str:
    return (
        "everyone on the internet" if any(part in EVERYONE for part in ranges.replace(" ", "").split(",")) else ranges
    )
