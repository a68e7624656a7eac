"""Sound platforms made at random, for properties that must hold for every platform."""

from __future__ import annotations

import random
from typing import Any

NAMES = ["alpha", "beta", "gamma", "delta", "a-b", "a-b-c", "x1", "team", "main", "data"]
GPUS = {"l4": 1, "l40s": 4, "a10g": 1, "h100": 8}
# Models by the accelerators of which one GPU holds them.
SMALL = ("Qwen/Qwen3-8B", "openai/gpt-oss-20b")
MODELS = {
    "l4": SMALL,
    "a10g": SMALL,
    "l40s": (*SMALL, "microsoft/phi-4"),
    "h100": (*SMALL, "microsoft/phi-4", "Qwen/Qwen3-32B"),
}
EMBEDDERS = ["BAAI/bge-m3", "intfloat/e5-large-v2", "nomic-ai/nomic-embed-text-v1.5"]


def some(chooser: random.Random, least: int, most: int) -> list[str]:
    return chooser.sample(NAMES, chooser.randint(least, most))


def platform(seed: int) -> dict[str, Any]:
    """A platform without mistakes."""
    chooser = random.Random(seed)
    pick = chooser.choice
    teams = {name: {"groups": [f"sso-{name}"]} if pick((True, False)) else {} for name in some(chooser, 0, 3)}
    pools = {
        name: {
            "accelerator": pick(list(GPUS)),
            "gpus_per_node": 1,
            "capacity": {"nodes": {"min": pick((0, 1)), "max": pick((6, 8))}},
        }
        for name in some(chooser, 1, 3)
    }
    for pool in pools.values():
        pool["gpus_per_node"] = 1
    models: dict[str, Any] = {}
    for name in some(chooser, 1, 4):
        pool_name = pick(list(pools))
        models[name] = {
            "pool": pool_name,
            "source": {"hugging_face": pick(MODELS[pools[pool_name]["accelerator"]]), "revision": "abc123"},
            "scale": {"min": 1, "max": pick((1, 4))},
        }
        if teams and pick((True, False)):
            models[name]["team"] = pick(list(teams))
    models["embedder"] = {"pool": pick(list(pools)), "task": "embedding", "source": {"hugging_face": pick(EMBEDDERS)}}
    models["bought"] = {"external": {"provider": "bedrock", "model": "amazon.nova-pro-v1:0"}}
    chats = [name for name in models if name != "embedder"]
    databases = {name: {"size": pick(("small", "large"))} for name in some(chooser, 1, 2)}
    gateways = {
        name: {
            "routes": {
                route: {"targets": chooser.sample(chats, chooser.randint(1, len(chats)))}
                for route in some(chooser, 1, 3)
            }
        }
        for name in some(chooser, 0, 2)
    }
    stores: dict[str, Any] = {}
    for name in some(chooser, 0, 3):
        engine = pick(("qdrant", "pgvector", "opensearch_serverless"))
        collections = {
            c: {
                "embed_with": "embedder",
                "metric": pick(("cosine", "dot")),
                **({"owner": pick(list(teams))} if teams else {}),
            }
            for c in some(chooser, 1, 2)
        }
        stores[name] = {
            "engine": engine,
            "collections": collections,
            **({"database": pick(list(databases))} if engine == "pgvector" else {}),
        }
    sections = {
        "teams": teams,
        "gpu_pools": pools,
        "models": models,
        "databases": databases,
        "gateways": gateways,
        "vector_stores": stores,
    }
    return {
        "apiVersion": "platformspec.dev/v1",
        "kind": "Platform",
        "metadata": {"name": pick(("acme", "a", "very-long-platform-name")), "labels": {"cost": "1"}},
        "profile": pick(("dev", "standard", "hardened")),
        "cloud": {
            "account": "111122223333",
            "region": pick(("eu-central-1", "us-east-1")),
            "network": {"zones": pick((2, 3))},
        },
        **{key: value for key, value in sections.items() if value},
    }
