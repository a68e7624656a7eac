"""Ask an AWS account what it has, through boto3. Only reading calls are made.

What the credentials may not ask is `unchecked`, and never counts as met.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

from platformspec.sdk import AccountProblem, Answer, Requirement

INSTALL: Final = "pip install 'platformspec[aws]'"
PLATFORM_TAG: Final = "platformspec:platform"


def preflight(requirements: Sequence[Requirement], platform: str) -> Iterator[Answer]:
    """An answer for each requirement. Raises `AccountProblem` where nothing can be asked, or of the wrong account."""
    try:
        import boto3
        from botocore.exceptions import BotoCoreError, ClientError
    except ImportError as error:
        raise AccountProblem("boto3", "boto3 is not installed, and asking AWS needs it", INSTALL) from error
    if not requirements:
        return
    region, account = requirements[0].region, requirements[0].account
    session = boto3.Session(region_name=region)
    try:
        found = session.client("sts").get_caller_identity()["Account"]
    except (BotoCoreError, ClientError) as error:
        help = "set AWS_PROFILE, or log in with `aws sso login`"
        raise AccountProblem("credentials", f"AWS does not say who you are: {error}", help) from error
    if found != account:
        raise AccountProblem(
            "account",
            f"the credentials are of account {found}, and the platform is in {account}",
            f"use a profile of {account}, or choose the environment with --env",
        )
    for requirement in requirements:
        try:
            yield CHECKS[requirement.kind](session, requirement, platform)
        except (BotoCoreError, ClientError) as error:
            code = getattr(error, "response", {}).get("Error", {}).get("Code", type(error).__name__)
            yield Answer(
                requirement, "unchecked", f"AWS answered {code}", "let the credentials make the call, or look by hand"
            )


def _quota(session: Any, requirement: Requirement, platform: str) -> Answer:
    needs = requirement.needs
    client = session.client("service-quotas")
    limit = client.get_service_quota(ServiceCode=needs["service"], QuotaCode=needs["code"])["Quota"]["Value"]
    used = _USED[needs["besides"]](session, platform) if needs["besides"] is not None else 0
    free = limit - used
    unit = f" {needs['unit']}" if needs["unit"] else ""
    found = f"the quota is {limit:g}{unit}" + (
        f", and {used} are taken by others" if needs["besides"] is not None else ""
    )
    if free >= needs["value"]:
        return Answer(requirement, "met", found)
    return Answer(
        requirement,
        "missing",
        f"{found}: {needs['value'] - free:g} too few",
        f"aws service-quotas request-service-quota-increase --region {requirement.region} --service-code {needs['service']} --quota-code {needs['code']} --desired-value {used + needs['value']:g}",
    )


def _ours(tags: Sequence[dict[str, str]], platform: str) -> bool:
    return any(tag["Key"] == PLATFORM_TAG and tag["Value"] == platform for tag in tags)


def _vpcs(session: Any, platform: str) -> int:
    pages = session.client("ec2").get_paginator("describe_vpcs").paginate()
    return sum(not _ours(vpc.get("Tags", ()), platform) for page in pages for vpc in page["Vpcs"])


def _addresses(session: Any, platform: str) -> int:
    found = session.client("ec2").describe_addresses()["Addresses"]
    return sum(not _ours(address.get("Tags", ()), platform) for address in found)


def _nat_gateways(session: Any, platform: str) -> int:
    """In the zone that has most."""
    ec2 = session.client("ec2")
    zones = {
        subnet["SubnetId"]: subnet["AvailabilityZone"]
        for page in ec2.get_paginator("describe_subnets").paginate()
        for subnet in page["Subnets"]
    }
    counts: dict[str, int] = {}
    for page in ec2.get_paginator("describe_nat_gateways").paginate():
        for gateway in page["NatGateways"]:
            if gateway["State"] in ("pending", "available") and not _ours(gateway.get("Tags", ()), platform):
                zone = zones.get(gateway.get("SubnetId", ""), "")
                counts[zone] = counts.get(zone, 0) + 1
    return max(counts.values(), default=0)


def _clusters(session: Any, platform: str) -> int:
    eks = session.client("eks")
    names = [name for page in eks.get_paginator("list_clusters").paginate() for name in page["clusters"]]
    described = (eks.describe_cluster(name=name)["cluster"] for name in names)
    return sum(cluster.get("tags", {}).get(PLATFORM_TAG) != platform for cluster in described)


_USED: Final[dict[str, Callable[[Any, str], int]]] = {
    "vpcs": _vpcs,
    "addresses": _addresses,
    "clusters": _clusters,
    "nat_gateways": _nat_gateways,
}


def _offering(session: Any, requirement: Requirement, platform: str) -> Answer:
    types, zones = requirement.needs["instance_types"], requirement.needs["zones"]
    pages = (
        session.client("ec2")
        .get_paginator("describe_instance_type_offerings")
        .paginate(LocationType="availability-zone", Filters=[{"Name": "instance-type", "Values": types}])
    )
    offered = sorted({(o["InstanceType"], o["Location"]) for page in pages for o in page["InstanceTypeOfferings"]})
    here = [pair for pair in offered if not zones or pair[1] in zones]
    if here:
        missing = sorted(set(types) - {type for type, _ in here})
        found = f"{', '.join(sorted({type for type, _ in here}))} in {', '.join(sorted({zone for _, zone in here}))}"
        return Answer(requirement, "met", found + (f"; not offered: {', '.join(missing)}" if missing else ""))
    elsewhere = sorted({zone for _, zone in offered})
    return Answer(
        requirement,
        "missing",
        f"none of them is offered there; in the region: {', '.join(elsewhere) or 'nowhere'}",
        "name other instance types, raise cloud.network.zones, or choose another region",
    )


def _addresses_of_subnets(session: Any, requirement: Requirement, platform: str) -> Answer:
    needs = requirement.needs
    room = needs["room"]
    found = f"the platform's own subnets have {room}"
    if needs["subnets"]:
        subnets = session.client("ec2").describe_subnets(SubnetIds=needs["subnets"])["Subnets"]
        room = sum(subnet["AvailableIpAddressCount"] for subnet in subnets)
        found = f"the subnets have {room} free"
    if room >= needs["value"]:
        return Answer(requirement, "met", found)
    help = (
        "name larger subnets, or lower nodes.max of the pools"
        if needs["subnets"]
        else "write a larger cloud.network.cidr"
    )
    return Answer(requirement, "missing", f"{found}: {needs['value'] - room} too few", help)


def _model_access(session: Any, requirement: Requirement, platform: str) -> Answer:
    needs = requirement.needs
    bedrock = session.client("bedrock")
    if needs["inference_profile"] is not None:
        profile = bedrock.get_inference_profile(inferenceProfileIdentifier=needs["inference_profile"])
        if profile["status"] != "ACTIVE":
            return Answer(
                requirement, "missing", f"the inference profile is {profile['status']}", "choose another profile"
            )
    answer = bedrock.get_foundation_model_availability(modelId=needs["model"])
    lacking = [
        word
        for word, right in (
            (f"agreement {answer['agreementAvailability']['status']}", answer["agreementAvailability"]["status"] == "AVAILABLE"),
            (f"authorization {answer['authorizationStatus']}", answer["authorizationStatus"] == "AUTHORIZED"),
            (f"entitlement {answer['entitlementAvailability']}", answer["entitlementAvailability"] == "AVAILABLE"),
            # An inference profile answers from other regions too.
            (f"region {answer['regionAvailability']}", needs["inference_profile"] is not None or answer["regionAvailability"] == "AVAILABLE"),
        )
        if not right
    ]  # fmt: skip
    if not lacking:
        return Answer(requirement, "met", "the account may invoke it")
    return Answer(
        requirement, "missing", ", ".join(lacking), "ask for access under Bedrock, Model access, in the console"
    )


def _reservation(session: Any, requirement: Requirement, platform: str) -> Answer:
    needs = requirement.needs
    found = session.client("ec2").describe_capacity_reservations(CapacityReservationIds=[needs["reservation"]])
    one = found["CapacityReservations"][0]
    ends = one["EndDate"].date() if "EndDate" in one else None
    problems = [
        text
        for text, wrong in (
            (f"it is {one['State']}", one["State"] not in ("active", "scheduled", "pending")),
            (f"it is in {one['AvailabilityZone']}", one["AvailabilityZone"] != needs["zone"]),
            (f"it has {one['TotalInstanceCount']} instances", one["TotalInstanceCount"] < needs["instances"]),
            (f"it ends on {ends}", ends is not None and ends < datetime.date.fromisoformat(needs["until"])),
        )
        if wrong
    ]
    state = f"{one['State']}, {one['TotalInstanceCount']} instances in {one['AvailabilityZone']}" + (
        f" until {ends}" if ends else ""
    )
    if problems:
        return Answer(requirement, "missing", ", ".join(problems), "correct capacity.block, or buy another one")
    return Answer(requirement, "met", state)


CHECKS: Final[dict[str, Callable[[Any, Requirement, str], Answer]]] = {
    "quota": _quota,
    "offering": _offering,
    "addresses": _addresses_of_subnets,
    "model_access": _model_access,
    "capacity_reservation": _reservation,
}
