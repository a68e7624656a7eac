"""Kubernetes quantities (`250m`, `80Gi`, `1e3`)."""

from __future__ import annotations

import re
from decimal import Decimal

_QUANTITY = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+))(?:([eE][+-]?\d+)|(Ki|Mi|Gi|Ti|Pi|Ei|n|u|m|k|M|G|T|P|E))?\Z")
_FACTORS: dict[str, Decimal] = {
    "": Decimal(1),
    **{unit: Decimal(10) ** power for unit, power in zip("num", (-9, -6, -3), strict=True)},
    **{unit: Decimal(1000) ** power for power, unit in enumerate("kMGTPE", 1)},
    **{f"{unit}i": Decimal(1024) ** power for power, unit in enumerate("KMGTPE", 1)},
}


def quantity(value: str | int | float) -> Decimal:
    """The number that a quantity stands for. Raises ValueError if it is none."""
    found = _QUANTITY.match(str(value))
    if not found:
        raise ValueError(f"{value!r} is not a quantity")
    number, exponent, unit = found.groups()
    return Decimal(number + (exponent or "")) * _FACTORS[unit or ""]
