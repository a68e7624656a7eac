"""Doors to the outside that open."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from typing import Any, Final

from platformspec.diagnostics import Code
from platformspec.ir.expr import folded
from platformspec.ir.node import Manifest, Node
from platformspec.review.dangers.danger import Danger, Situation, address_of
from platformspec.review.wording import listed

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
        before = list(_openings(s, old)) if old is not None else []
        new: dict[str, list[str]] = {}
        for what, whom in _openings(s, change.node):
            if not any(what == known and _within(whom, wider) for known, wider in before):
                new.setdefault(what, []).append(whom)
        for what, ranges in new.items():
            yield s.danger(
                EXPOSED,
                address_of(change.node),
                f"{what}{_whom(ranges)}",
                "check that this is meant; name the narrowest ranges that do",
                path=s.cause(change),
            )


def _within(whom: str, wider: str) -> bool:
    """Whether a range lies in another one; words lie in themselves alone."""
    if whom == wider:
        return True
    try:
        inner, outer = ipaddress.ip_network(whom), ipaddress.ip_network(wider)
    except ValueError:
        return False
    return inner.version == outer.version and inner.subnet_of(outer)  # type: ignore[arg-type]


def _openings(s: Situation, node: Node) -> Iterator[tuple[str, str]]:
    """What is open, as the beginning of a sentence, and for which range; nothing where it is open as such."""
    attrs: Any = folded(dict(node.attrs))
    where = node.declaration
    if isinstance(node, Manifest):
        annotations = attrs["metadata"].get("annotations") or {}
        if attrs["kind"] in ("Ingress", "Service") and any(
            str(value) == "internet-facing" for key, value in annotations.items() if "scheme" in key
        ):
            ranges = next((str(v) for k, v in annotations.items() if k.endswith("inbound-cidrs")), EVERYONE[0])
            for cidr in ranges.replace(" ", "").split(","):
                yield f"the load balancer of {where} faces the internet, and accepts ", cidr
        elif attrs["kind"] == "NetworkPolicy":
            for rule in attrs["spec"].get("ingress") or ():
                for peer in rule.get("from") or ():
                    cidr = str((peer.get("ipBlock") or {}).get("cidr", ""))
                    if cidr in EVERYONE:
                        yield f"pods of {where} in {node.namespace} accept ", cidr
    elif node.type == "aws_eks_cluster":
        for vpc in attrs.get("vpc_config") or ():
            if vpc.get("endpoint_public_access"):
                for cidr in vpc.get("public_access_cidrs") or [EVERYONE[0]]:
                    yield f"the API server of {where} accepts ", str(cidr)
    elif node.type == "aws_vpc_security_group_ingress_rule":
        for key in ("cidr_ipv4", "cidr_ipv6"):
            if attrs.get(key) in EVERYONE:
                yield f"a security group of {where} accepts ", str(attrs[key])
    elif node.type == "aws_s3_bucket_public_access_block":
        for key, value in attrs.items():
            if value is False:
                yield f"the bucket of {where} no longer refuses public access ({key.replace('_', ' ')} is off)", ""
    elif attrs.get("publicly_accessible") is True:
        yield f"the {s.noun(node)} of {where} has a public address", ""


def _whom(ranges: list[str]) -> str:
    return "everyone on the internet" if any(part in EVERYONE for part in ranges) else listed(ranges)
