"""`observability`: metrics, dashboards and logs."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from platformspec.kinds.base import Integer, Spec, by_profile, section


class LogsSpec(Spec):
    """Log groups in CloudWatch."""

    keep_days: Literal[
        1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653
    ] = by_profile("Days that logs are kept; CloudWatch takes these values only.", dev=7, standard=30, hardened=365)


class ObservabilitySpec(Spec):
    """Where signals go. An in-cluster Prometheus exists wherever something scales on metrics."""

    metrics: Literal["in_cluster", "amazon_managed_prometheus"] = by_profile(
        "Long-term home of metrics. in_cluster keeps them for as long as its volume lasts.",
        dev="in_cluster",
        standard="in_cluster",
        hardened="amazon_managed_prometheus",
    )
    retention_days: Integer = Field(
        default=15, description="Days that the in-cluster Prometheus keeps metrics.", ge=1, le=90
    )
    logs: LogsSpec = section("Log groups.")
