"""Platforms of a wanted size, for benchmarks.

python benchmarks/generate.py NODES > platform.yaml    (NODES: nodes of the IR, about)
"""

from __future__ import annotations

import json
import sys
from typing import Any

# Nodes of the IR that a platform without models has, and that each model with its team adds.
FIXED, EACH = 158, 15


POOLS = 20


def platform(nodes: int) -> dict[str, Any]:
    """A platform whose program has about this many nodes."""
    return of_models(max(1, (nodes - FIXED) // EACH))


def of_models(count: int) -> dict[str, Any]:
    """A platform of so many models on 20 pools, each with a team and a route."""
    names = [f"m{number:05}" for number in range(count)]
    teams = {f"t{number:05}": {"groups": [f"g{number}"]} for number in range(count)}
    models = {
        name: {
            "team": f"t{number:05}",
            "pool": f"p{number % POOLS:02}",
            "source": {"hugging_face": "Qwen/Qwen3-8B", "revision": "b968826"},
            "scale": {"min": 1},
        }
        for number, name in enumerate(names)
    }
    return {
        "apiVersion": "platformspec.dev/v1",
        "kind": "Platform",
        "metadata": {"name": "bench"},
        "cloud": {"account": "111122223333", "region": "eu-central-1"},
        "gpu_pools": {
            f"p{number:02}": {
                "accelerator": "l4",
                "gpus_per_node": 1,
                "capacity": {"nodes": {"max": count // POOLS + 2}},
            }
            for number in range(POOLS)
        },
        "teams": teams,
        "models": models,
        "gateways": {"main": {"teams": list(teams)[:1], "routes": {name: {"targets": [name]} for name in names}}},
    }


if __name__ == "__main__":
    json.dump(platform(int(sys.argv[1])), sys.stdout, indent=1)
