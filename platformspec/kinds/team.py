"""`teams`: who owns models and collections, and what they may spend."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from platformspec.ir.sourced import Sourced
from platformspec.kinds.base import Integer, Many, Name, NamedSpec, Number, Spec
from platformspec.kinds.gpu_pool import Accelerator


class BudgetSpec(Spec):
    """An AWS budget over everything that is tagged with the team."""

    usd_per_month: Number = Field(description="Monthly limit in US dollars.", gt=0)
    warn_at: Many[Annotated[Number, Field(gt=0, le=2)]] = Field(
        default=(0.8, 1.0), description="Shares of the limit at which mail is sent.", min_length=1, max_length=5
    )
    notify: Many[Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$(?!\n)")]] = Field(
        description="Mail addresses, at most ten.", min_length=1, max_length=10
    )


class TeamSpec(NamedSpec):
    """A team: a namespace, a quota, a budget and the groups that may enter."""

    groups: Many[Annotated[str, Field(pattern=r"^[\w:@./-]{1,128}$(?!\n)")]] = Field(
        default=(),
        description="Groups whose members may work in the team's namespace, as the clusters' `single_sign_on` calls them.",
    )
    budget: BudgetSpec | None = Field(default=None, description="Monthly budget.")
    gpu_quota: dict[Accelerator, Annotated[Integer, Field(ge=0, le=10000)]] = Field(
        default={},
        description="Accelerator -> GPUs, or shares of shared ones, that the team may hold at once in each cluster; of others none. No bound where left out.",
    )
    may_borrow_from: Many[Name] = Field(
        default=(),
        description="Teams whose unused GPUs this team may take. They are given back, and its pods stopped, when their owner needs them.",
    )
    data_class: Literal["public", "internal", "restricted"] = Field(
        default="internal", description="Most sensitive data that the team handles; a label on its namespace and a tag."
    )

    @property
    def quota(self) -> dict[str, int]:
        """`gpu_quota`, by any name of an accelerator."""
        return {str(accelerator): gpus for accelerator, gpus in self.gpu_quota.items()}


@dataclass(frozen=True, slots=True)
class TeamExports:
    """What a team offers to what it owns."""

    name: Name
    namespace: str
    service_account: str
    """The account as which the team's own applications run; grants of the team go to it."""
    queue: Sourced[str] | None
    """Queue in the namespace that workloads with GPUs wait in; None where the team neither lends nor borrows."""
