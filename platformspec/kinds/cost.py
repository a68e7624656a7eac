"""`cost`: how the platform's cost is estimated."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from platformspec.kinds.base import Number, Spec


class CostSpec(Spec):
    """How `platformspec cost` estimates."""

    prices: Annotated[str, Field(min_length=1, max_length=200)] | None = Field(
        default=None,
        description="File with prices of your own, relative to this one; its rows come before those of the built-in table.",
    )
    average_load: Annotated[Number, Field(ge=0, le=1)] = Field(
        default=0.5,
        description="Where on average something stands that scales by itself, from 0 (always at its fewest) to 1 (always at its most).",
    )
