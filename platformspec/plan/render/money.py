"""Money as people read it."""

from __future__ import annotations

from platformspec.cost.delta import Difference
from platformspec.cost.estimate import Range
from platformspec.cost.prices import Price

UNITS = {"hour": "hour", "month": "month", "gib_month": "GiB and month", "million_tokens": "million tokens"}


def usd(amount: float | None) -> str:
    """`1,234.50`; `unknown` where nobody knows.

    >>> usd(1234.5), usd(None), usd(-0.001)
    ('1,234.50', 'unknown', '0.00')
    """
    return "unknown" if amount is None else f"{amount + 0.0 if abs(amount) >= 0.005 else 0.0:,.2f}"


def rounded(amount: float) -> str:
    """A change in whole dollars, with its sign: `+$1,235`, `-$12`; below ten dollars with cents.

    >>> rounded(1234.5), rounded(-12.4), rounded(0.4), rounded(0.001)
    ('+$1,234', '-$12', '+$0.40', '$0')
    """
    if abs(amount) < 0.005:
        return "$0"
    size = f"{abs(amount):,.0f}" if abs(amount) >= 10 else f"{abs(amount):,.2f}"
    return f"{'-' if amount < 0 else '+'}${size}"


def row(price: Price) -> str:
    """The row of the table: `ec2/g6.xlarge $0.805 per hour`."""
    return f"{price.key} ${price.usd:g} per {UNITS[price.per]}"


def monthly(difference: Range) -> str:
    """`likely +$3,180/mo (max +$11,400)`."""
    return f"likely {rounded(difference.likely)}/mo (max {rounded(difference.most)})"


def owner(difference: Difference) -> str:
    """Who causes it: `model.chat-large (assist)`."""
    return f"{difference.declaration} ({difference.team})" if difference.team else difference.declaration
