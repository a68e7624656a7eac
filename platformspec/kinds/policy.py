"""`policies` and `waivers`: rules of the user, as data."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from platformspec.kinds.base import Integer, Many, Name, Number, Ref, RefTo, Spec

Selector = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]*(?:\.[A-Za-z0-9_*-]+)+$(?!\n)")]
"""`<subject>.<field>`: a kind (`model.license`), a Terraform type (`aws_rds_cluster.storage_encrypted`) or a Kubernetes kind
(`Deployment.spec.replicas`). `*` stands for every entry of a list or map."""

Scalar = str | bool | Integer | Number


class MaxIncrease(Spec):
    """How much more a change may cost than what it is compared with."""

    usd_per_month: Number = Field(description="US dollars a month, at the likely figures.", ge=0)


class PolicySpec(Spec):
    """Rules over declarations and over what will be created. All rules of a policy must hold."""

    allow: dict[Selector, Many[Scalar]] = Field(
        default={}, description="Field -> the only values that it may have, where it has one."
    )
    deny: dict[Selector, Many[Scalar]] = Field(default={}, description="Field -> values that it may not have.")
    require: Many[Selector] = Field(default=(), description="Fields that must have a value.")
    equals: dict[Selector, Scalar] = Field(default={}, description="Field -> the value that it must have.")
    max: dict[Selector, Number] = Field(default={}, description="Field -> largest number.")
    min: dict[Selector, Number] = Field(default={}, description="Field -> smallest number.")
    max_usd_per_month: Annotated[Number, Field(ge=0)] | None = Field(
        default=None, description="What the platform may likely cost a month, in US dollars."
    )
    max_increase: MaxIncrease | None = Field(
        default=None,
        description="What a change may likely cost more a month; checked by plan against a revision or file.",
    )
    message: str | None = Field(
        default=None, description="Why the rule exists; printed with every finding.", min_length=1
    )
    level: Literal["block", "approve", "warn"] = Field(
        default="block", description="block: an error; approve: the change needs one of the approvers; warn: a warning."
    )
    approvers: Many[Name] = Field(default=(), description="Groups that may approve; required for level approve.")


class WaiverSpec(Spec):
    """An exception to a policy, for one declaration and a limited time."""

    policy: Annotated[Ref, RefTo("policy", "waives")] = Field(description="The policy.")
    on: str = Field(
        description="Address of the declaration, such as model.chat.",
        pattern=r"^[a-z][a-z_]*\.[a-z0-9-]+(?:/[a-z0-9-]+)?$(?!\n)",
    )
    owner: str = Field(description="Who answers for it.", min_length=1)
    until: str = Field(
        description="Last day on which it holds, in quotes: 2026-12-31.",
        pattern=r"^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])$(?!\n)",
    )
    reason: str = Field(description="Why.", min_length=3)
