"""What a provider must not hand to the emitters. Each case breaks one sound program."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import pytest

from platformspec.diagnostics import Report
from platformspec.ir.expr import Attr
from platformspec.ir.node import Data, Manifest, Node, Output, Placement, Resource
from platformspec.ir.program import Program
from platformspec.ir.verify import verify
from platformspec.providers import installed_providers

PLACE = Placement("111122223333", "eu-central-1", "main")
CATALOGUES = [p.catalogue for p in installed_providers().providers if p.catalogue is not None]


def resource(id: str, type: str, attrs: dict[str, Any], **more: Any) -> Resource:
    return Resource(id, type, more.pop("stack", "network"), PLACE, attrs, id.split("/")[0], **more)


def config_map(id: str, data: dict[str, Any], **more: Any) -> Manifest:
    attrs = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": id.rsplit("/", 1)[1], "namespace": "n"},
        "data": data,
        **more,
    }
    return Manifest(id, "v1/ConfigMap", "kubernetes", PLACE, attrs, id.split("/")[0])


def sound() -> dict[str, Node]:
    vpc = resource("network.main/vpc", "aws_vpc", {"cidr_block": "10.0.0.0/16"})
    subnet = resource("network.main/subnet", "aws_subnet", {"vpc_id": vpc.attr("id"), "cidr_block": "10.0.0.0/24"})
    queue = resource(
        "cluster.main/queue", "aws_sqs_queue", {"name": "q"}, stack="cluster", after=((subnet.id, "for the test"),)
    )
    nodes = [vpc, subnet, queue, config_map("gateway.main/endpoints", {"subnet": subnet.attr("id")})]
    return {node.id: node for node in nodes}


def found(nodes: dict[str, Node]) -> list[str]:
    report = Report()
    verify(Program.of("p", None, nodes.values()), CATALOGUES, report)
    return sorted({diagnostic.code.id for diagnostic in report})


def change(id: str, **attrs: Any) -> Callable[[dict[str, Node]], None]:
    def apply(nodes: dict[str, Node]) -> None:
        nodes[id] = dataclasses.replace(nodes[id], attrs={**nodes[id].attrs, **attrs})

    return apply


def add(node: Node) -> Callable[[dict[str, Node]], None]:
    return lambda nodes: nodes.update({node.id: node})


def cycle(nodes: dict[str, Node]) -> None:
    nodes["network.main/vpc"] = dataclasses.replace(nodes["network.main/vpc"], after=(("cluster.main/queue", "round"),))


def test_a_sound_program_passes() -> None:
    assert found(sound()) == []


@pytest.mark.parametrize(
    ("code", "breaks"),
    [
        ("PS910", change("network.main/subnet", vpc_id=Attr("network.main/nothing", "id"))),
        ("PS911", change("network.main/vpc", cidr="10.0.0.0/16")),
        ("PS911", change("network.main/vpc", enable_dns_support="yes")),
        ("PS911", change("network.main/vpc", tags=["a"])),
        ("PS911", change("network.main/vpc", arn="arn:aws:x")),
        ("PS911", change("network.main/subnet", vpc_id=None)),
        ("PS911", add(resource("network.main/odd", "aws_nothing", {}))),
        (
            "PS911",
            add(resource("cluster.main/cluster", "aws_eks_cluster", {"name": "c", "role_arn": "r", "vpc_config": "x"})),
        ),
        ("PS912", change("network.main/subnet", vpc_id=Attr("network.main/vpc", "identifier"))),
        ("PS913", add(resource("network.main/Big Name", "aws_vpc", {}))),
        ("PS914", cycle),
        (
            "PS915",
            add(
                config_map(
                    "gateway.main/text", {}, metadata={"name": "x", "labels": {"a": Attr("network.main/vpc", "id")}}
                )
            ),
        ),
        ("PS916", change("network.main/vpc", cidr_block=Attr("gateway.main/endpoints", "x"))),
        ("PS917", add(resource("other.main/queue", "aws_sqs_queue", {"name": "q"}))),
        ("PS917", add(config_map("other.main/endpoints", {}))),
    ],
)
def test_each_fault_is_found(code: str, breaks: Callable[[dict[str, Node]], None]) -> None:
    nodes = sound()
    breaks(nodes)
    assert code in found(nodes)


def test_data_and_outputs_are_nodes() -> None:
    nodes = sound()
    zones = Data("network.main/zone", "aws_route53_zone", "network", PLACE, {"name": "a.example"}, "network.main")
    nodes[zones.id] = zones
    output = Output(
        "output.network/x", "output", "network", PLACE, {"name": "x", "value": zones.attr("zone_id")}, "network.main"
    )
    nodes[output.id] = output
    assert found(nodes) == []
