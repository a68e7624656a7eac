"""Address ranges: well formed, large enough, and apart from each other."""

from __future__ import annotations

import ipaddress

from platformspec.diagnostics import Code, Path, Report
from platformspec.graph.platform_graph import PlatformGraph
from platformspec.kinds.cluster import ClusterSpec
from platformspec.kinds.gateway import GatewaySpec

BAD_RANGE = Code(
    "PS421",
    "an address range that does not exist",
    explain="Each part of an address is at most 255, the prefix at most 32, and no bit is set behind the prefix.",
)
RANGE_SIZE = Code(
    "PS422",
    "a network that is too small or too large",
    explain="A VPC has a prefix from /16 to /28; the platform's subnets need /16 to /20.",
)
OVERLAP = Code(
    "PS423",
    "address ranges overlap",
    explain="Kubernetes gives services addresses from 172.20.0.0/16, or from 10.100.0.0/16 where the VPC is in 172.16.0.0/12. A VPC that overlaps with the services' range makes some of them unreachable; overlapping entries in a list of allowed ranges are a mistake of whoever wrote them.",
)
OPEN_TO_ALL = Code(
    "PS424",
    "an API server or gateway without allowed ranges",
    explain="What is reachable from the internet must say from where. To allow everyone, write 0.0.0.0/0.",
)

# EKS chooses the services' range by the VPC's: 172.20.0.0/16, and 10.100.0.0/16 for a VPC that holds the first.
SERVICE_RANGES = (ipaddress.ip_network("172.20.0.0/16"), ipaddress.ip_network("10.100.0.0/16"))


def check_networks(graph: PlatformGraph, report: Report) -> None:
    """The VPC's range, and every list of allowed ranges."""
    network = graph.platform.spec.cloud.network
    at: Path = ("cloud", "network", "existing", "cidr") if network.existing else ("cloud", "network", "cidr")
    cidr = _network(network.existing.cidr if network.existing else network.cidr, at, report)
    if cidr is not None and network.existing is None and not 16 <= cidr.prefixlen <= 20:
        report.error(
            RANGE_SIZE,
            f"the VPC's range {cidr} has {cidr.num_addresses:,} addresses",
            at=at,
            help="write a prefix from /16 to /20, such as 10.0.0.0/16",
        )
    if cidr is not None and all(cidr.overlaps(services) for services in SERVICE_RANGES):
        report.error(
            OVERLAP,
            f"the VPC's range {cidr} holds both ranges that EKS gives to services",
            at=at,
            help="write a smaller range, such as 10.0.0.0/16",
        )
    for address, declaration in graph.declarations.items():
        spec = declaration.spec
        if isinstance(spec, ClusterSpec):
            _list(spec.public_access_cidrs, (*declaration.path, "public_access_cidrs"), report)
            if spec.endpoint == "public" and spec.existing is None and not spec.public_access_cidrs:
                report.error(
                    OPEN_TO_ALL,
                    f"the API server of {address} is public, and no range may reach it",
                    at=(*declaration.path, "endpoint"),
                    help="add `public_access_cidrs: [203.0.113.0/24]` with your own range, or write `endpoint: private`",
                )
        elif isinstance(spec, GatewaySpec):
            _list(spec.allow_cidrs, (*declaration.path, "allow_cidrs"), report)
            if spec.exposure == "internet" and not spec.allow_cidrs:
                report.error(
                    OPEN_TO_ALL,
                    f"{address} is on the internet, and no range may reach it",
                    at=(*declaration.path, "exposure"),
                    help="add `allow_cidrs: [203.0.113.0/24]` with your callers' ranges; 0.0.0.0/0 is everyone",
                )


def _list(cidrs: tuple[str, ...], at: Path, report: Report) -> None:
    seen: list[ipaddress.IPv4Network] = []
    for position, text in enumerate(cidrs):
        network = _network(text, (*at, position), report)
        if network is None:
            continue
        for other in seen:
            if network.overlaps(other):
                report.error(
                    OVERLAP, f"{network} overlaps with {other}", at=(*at, position), help="keep the larger one"
                )
        seen.append(network)


def _network(text: str, at: Path, report: Report) -> ipaddress.IPv4Network | None:
    try:
        return ipaddress.IPv4Network(text)
    except ValueError as error:
        try:
            fixed = f"write {ipaddress.IPv4Network(text, strict=False)}"
        except ValueError:
            fixed = "write a range such as 10.0.0.0/16"
        reason = "has bits behind its prefix" if "host bits" in str(error) else "is not an address range"
        report.error(BAD_RANGE, f"{text} {reason}", at=at, help=fixed)
        return None
