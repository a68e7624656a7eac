"""What a model's replicas follow: its own load, requests that wait for it to wake, and the calendar. Each is one trigger of KEDA."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from platformspec.sdk import Code, Edge
from platformspec_kubernetes.models.engines.engine import Engine, Launch

RATE_WINDOW: Final = "2m"
TARGETS: Final = {"queue_depth": 5.0, "kv_cache": 0.8}
# Requests wake a model, but its own load says how many replicas it needs: this threshold is never reached.
WAKES_ONLY: Final = "1000000"
NO_TARGET = Code(
    "PS528",
    "a scaling target that is missing, or that nothing reaches",
    explain="How many tokens a replica generates in a second depends on model, GPU and load, so there is no usual value: measure one replica under load and write what it holds. The use of a KV cache is a share, from 0 to 1; a target above that would never add a replica.",
)


def load(launch: Launch, engine: Engine, namespace: str, server: str) -> dict[str, Any] | None:
    """The server's own metric."""
    ctx, spec = launch.ctx, launch.spec
    target = spec.scale.target if spec.scale.target is not None else TARGETS.get(spec.scale.on)
    if target is None:
        ctx.reject(
            NO_TARGET,
            f"{ctx.address} scales on tokens, and does not say how many a replica shall generate",
            at="scale.on",
            help="add `target`, in tokens per second and replica",
        )
        return None
    if spec.scale.on == "kv_cache" and target > 1:
        ctx.reject(
            NO_TARGET,
            f"{ctx.address} adds replicas at {target:g} of the KV cache, and all of it is 1",
            at="scale.target",
            help=f"write `target: {target / 100:g}`" if 1 < target <= 100 else "write `target: 0.8`",
        )
        return None
    # The job is the PodMonitor's, so a model's name may begin with another's.
    series = f'{engine.metrics[spec.scale.on]}{{job="{namespace}/{ctx.called}"}}'
    text = {
        "queue_depth": f"sum({series})",
        "kv_cache": f"avg({series})",
        "tokens": f"sum(rate({series}[{RATE_WINDOW}]))",
    }[spec.scale.on]
    if spec.scale.min == 0:
        # Without replicas there is no metric, and that is no loss; with replicas, a missing metric still is one.
        text = f"{text} or (sum({_replicas(launch, namespace)}) == 0)"
    query = ctx.src(text, "scale.on", "scale.min", "serve.engine", "team", *PARALLEL)
    # Queue and tokens are those of all replicas, so they are divided by their number; a share is a share.
    kind = ctx.src("Value" if spec.scale.on == "kv_cache" else "AverageValue", "scale.on")
    return _prometheus(server, query, ctx.src(f"{target:g}", "scale.target", "scale.on"), kind)


def wake(launch: Launch, routes: tuple[Edge, ...], server: str) -> dict[str, Any]:
    """Requests for the model's routes, as gateways count them: whoever answered, and also where nobody could.

    The first request makes the counter appear, so a rate would miss it; the difference to a window ago does not. While a gateway
    is scraped, no requests are no requests; where none is, the query has no result and the fallback applies.
    """
    terms: list[str] = []
    gateways = sorted({launch.ctx.platform.name_outside(edge.source) for edge in routes})
    for edge in routes:
        gateway = launch.ctx.platform.name_outside(edge.source)
        labels = f'namespace="gateway-{gateway}",requested_model="{edge.source.child}"'
        terms.append(f"litellm_proxy_total_requests_metric_total{{{labels}}}")
    total = " or ".join(terms)
    before = " or ".join(f"{term} offset {RATE_WINDOW}" for term in terms)
    up = "|".join(f"gateway-{name}" for name in gateways)
    text = (
        f"clamp_min(sum({total}) - (sum({before}) or vector(0)), 0)"
        f' or (sum(up{{namespace=~"{up}",container="litellm"}}) > 0) * 0'
    )
    query = launch.ctx.src(text, *(launch.ctx.at(None, *edge.path) for edge in routes))
    return _prometheus(server, query, WAKES_ONLY, "AverageValue")


def calendar(launch: Launch) -> Iterator[dict[str, Any]]:
    """One trigger for each window of the schedule."""
    ctx = launch.ctx
    for name, window in sorted(launch.spec.scale.schedule.items()):
        at = f"scale.schedule.{name}"
        yield {
            "type": "cron",
            "name": name,
            "metadata": {
                "timezone": ctx.src(window.time_zone, f"{at}.time_zone"),
                "start": ctx.src(window.start, f"{at}.start"),
                "end": ctx.src(window.end, f"{at}.end"),
                "desiredReplicas": ctx.src(str(window.replicas), f"{at}.replicas"),
            },
        }


PARALLEL: Final = ("serve.tensor_parallel", "serve.pipeline_parallel", "serve.data_parallel", "pool")


def _replicas(launch: Launch, namespace: str) -> str:
    """How many replicas there shall be, by kube-state-metrics. Leaders of a LeaderWorkerSet are a StatefulSet of its name."""
    name = launch.ctx.called
    if launch.parallelism.pods > 1:
        return f'kube_statefulset_replicas{{namespace="{namespace}",statefulset="{name}"}}'
    return f'kube_deployment_spec_replicas{{namespace="{namespace}",deployment="{name}"}}'


def _prometheus(server: str, query: Any, threshold: Any, kind: Any) -> dict[str, Any]:
    return {
        "type": "prometheus",
        "metricType": kind,
        "metadata": {
            "serverAddress": server,
            "query": query,
            "threshold": threshold,
            # A lost metric must not read as an empty queue; the fallback then holds.
            "ignoreNullValues": "false",
        },
    }
