"""The configuration of an endpoint picker: which replica gets a request.

Kinds and names are those of llm-d-router v0.10.0 (deploy/config, config/charts/routerlib).
"""

from __future__ import annotations

from typing import Any, Final

from platformspec.sdk import ModelSpec
from platformspec_kubernetes.models.topology import disaggregated

# Weights of the scorers, as the router's own chart sets them.
SCORERS: Final[dict[str, tuple[tuple[str, int], ...]]] = {
    "load_aware": (("queue-scorer", 2), ("kv-cache-utilization-scorer", 2)),
    "prefix_aware": (("queue-scorer", 2), ("prefix-cache-scorer", 3)),
    "kv_cache_aware": (("queue-scorer", 2), ("kv-cache-utilization-scorer", 2), ("prefix-cache-scorer", 3)),
}
METRICS: Final = (
    {"type": "metrics-data-source", "parameters": {"scheme": "http", "path": "/metrics"}},
    {"type": "core-metrics-extractor"},
)
# A prompt of which less than this is new is answered where its beginning is, without a prefill replica.
NEW_TOKENS: Final = 16


def configuration(spec: ModelSpec) -> dict[str, Any]:
    """The EndpointPickerConfig."""
    topology = spec.topology
    assert topology is not None
    scorers = SCORERS[topology.routing]
    plugins: list[dict[str, Any]] = [{"type": name} for name, _ in scorers]
    scored = [{"pluginRef": name, "weight": weight} for name, weight in scorers]
    profiles = [{"name": "default", "plugins": scored}]
    if disaggregated(spec):
        plugins += [
            {"type": "approx-prefix-cache-producer"},
            {"type": "prefill-filter"},
            {"type": "decode-filter"},
            {"type": "max-score-picker"},
            {"type": "prefix-based-pd-decider", "parameters": {"nonCachedTokens": NEW_TOKENS}},
            {"type": "disagg-profile-handler", "parameters": {"deciders": {"prefill": "prefix-based-pd-decider"}}},
        ]
        profiles = [
            {"name": role, "plugins": [{"pluginRef": f"{role}-filter"}, {"pluginRef": "max-score-picker"}, *scored]}
            for role in ("prefill", "decode")
        ]
    return {
        "apiVersion": "llm-d.ai/v1alpha1",
        "kind": "EndpointPickerConfig",
        "plugins": [*plugins, *METRICS],
        "schedulingProfiles": profiles,
    }
