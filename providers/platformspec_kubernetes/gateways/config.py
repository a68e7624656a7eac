"""LiteLLM's configuration, generated from routes. Keys are those of LiteLLM 1.109.1 (read in its wheel)."""

from __future__ import annotations

from typing import Any, Final

from platformspec.sdk import Context, FallbackSpec, GatewaySpec, ModelExports, Ref
from platformspec_kubernetes.gateways import guardrails

RETRIES: Final = 2
COOLDOWN_SECONDS: Final = 30
PER_MILLION: Final = 1_000_000


def configuration(ctx: Context, spec: GatewaySpec) -> dict[str, Any]:
    """The whole document. A route is a model name; its targets share the load, its fallbacks are names of their own."""
    models: list[dict[str, Any]] = []
    fallbacks: list[dict[str, list[Any]]] = []
    context_fallbacks: list[dict[str, list[Any]]] = []
    limited = False
    named: set[str] = set()
    for name, route in sorted(spec.routes.items()):
        lists: dict[str, list[Any]] = {"unavailable": [], "context_exceeded": []}
        primaries = [target for target in route.targets if isinstance(target, Ref)]
        for position, target in enumerate(route.targets):
            at = f"routes.{name}.targets.{position}"
            if isinstance(target, Ref):
                models.append(_entry(ctx, spec, name, name, target, at, share=len(primaries)))
                models += _adapters(ctx, models[-1], name, target, at)
                models += _versions(ctx, models, name, target)
                continue
            assert isinstance(target, FallbackSpec)
            group = f"fallback-{ctx.platform.name_outside(target.fallback.address)}"
            if route.guardrails:
                # Who asks for the fallback by its name must meet the same guardrails, and other routes must not.
                group = f"{group}@{name}"
            if group not in named:
                named.add(group)
                models.append(_entry(ctx, spec, group, name, target.fallback, f"{at}.fallback", share=None))
            for reason in target.when:
                lists[reason].append(ctx.src(group, at))
        _weighted(models, name)
        if lists["unavailable"]:
            fallbacks.append({name: lists["unavailable"]})
        if lists["context_exceeded"]:
            context_fallbacks.append({name: lists["context_exceeded"]})
        limited = limited or any((route.limits.tokens_per_minute, route.limits.requests_per_minute))
    router: dict[str, Any] = {
        "routing_strategy": "simple-shuffle",
        "num_retries": RETRIES,
        "cooldown_time": COOLDOWN_SECONDS,
        "fallbacks": ctx.src(fallbacks, *(f"routes.{name}.targets" for name in spec.routes)),
        "context_window_fallbacks": ctx.src(context_fallbacks, *(f"routes.{name}.targets" for name in spec.routes)),
    }
    if limited:
        router["optional_pre_call_checks"] = ctx.src(["enforce_model_rate_limits"], "routes")
    if spec.cache is not None:
        router |= ctx.src(
            {
                "redis_host": "os.environ/REDIS_HOST",
                "redis_port": "os.environ/REDIS_PORT",
                "cache_kwargs": {"ssl": True},
            },
            "cache",
        ).value
    settings: dict[str, Any] = {"drop_params": True, "callbacks": ["prometheus"], "json_logs": True}
    if spec.auth.api_keys is not None:
        life = ctx.src(f"{spec.auth.api_keys.expire_days}d", "auth.api_keys.expire_days")
        settings |= {
            "default_key_generate_params": {"duration": life},
            "upperbound_key_generate_params": {"duration": life},
        }
    general: dict[str, Any] = {"master_key": "os.environ/LITELLM_MASTER_KEY"}
    if spec.database is not None:
        general["database_connection_pool_limit"] = ctx.src(10, "database")
    if spec.auth.jwt is not None:
        general |= {
            "enable_jwt_auth": ctx.src(True, "auth.jwt"),
            "litellm_jwtauth": {"team_ids_jwt_field": ctx.src(spec.auth.jwt.team_claim, "auth.jwt.team_claim")},
        }
    document = {
        "model_list": models,
        "router_settings": router,
        "litellm_settings": settings,
        "general_settings": general,
    }
    guarded = guardrails.entries(ctx, spec)
    return {**document, "guardrails": guarded} if guarded else document


def _entry(
    ctx: Context, spec: GatewaySpec, group: str, route_name: str, ref: Ref, at: str, share: int | None
) -> dict[str, Any]:
    model = ctx.exports(ref.address, ModelExports)
    route = spec.routes[route_name]
    where = f"routes.{route_name}"
    params: dict[str, Any] = {"model": ctx.src(model.litellm_model.value, model.litellm_model, at)}
    if model.api_base is not None:
        params["api_base"] = ctx.src(model.api_base.value, model.api_base, at)
        # Our own servers are reached through network policies, and ask for no key; the client wants some text.
        params["api_key"] = "none"
    if model.region is not None:
        params["aws_region_name"] = model.region
    params["timeout"] = ctx.src(route.timeout_seconds, f"{where}.timeout_seconds")
    limits = route.limits
    if share and limits.tokens_per_minute:
        params["tpm"] = ctx.src(
            max(1, limits.tokens_per_minute // share), f"{where}.limits.tokens_per_minute", f"{where}.targets"
        )
    if share and limits.requests_per_minute:
        params["rpm"] = ctx.src(
            max(1, limits.requests_per_minute // share), f"{where}.limits.requests_per_minute", f"{where}.targets"
        )
    if route.guardrails:
        params["guardrails"] = ctx.src(
            [ctx.platform.name_outside(guardrail.address) for guardrail in route.guardrails], f"{where}.guardrails"
        )
    if model.price is not None:
        base = ("models", ref.address.name, "price")
        params["input_cost_per_token"] = ctx.at(
            model.price.input_usd_per_mtok / PER_MILLION, *base, "input_usd_per_mtok"
        )
        params["output_cost_per_token"] = ctx.at(
            model.price.output_usd_per_mtok / PER_MILLION, *base, "output_usd_per_mtok"
        )
    return {
        "model_name": group,
        "litellm_params": params,
        "model_info": {
            "id": f"{group}-{ctx.platform.name_outside(ref.address)}",
            "mode": ctx.at(model.mode, "models", ref.address.name, "task"),
        },
    }


def _adapters(ctx: Context, entry: dict[str, Any], route: str, ref: Ref, at: str) -> list[dict[str, Any]]:
    """A name for each LoRA adapter of the target: the route's, a slash, and its own."""
    model = ctx.exports(ref.address, ModelExports)
    return [
        {
            **entry,
            "model_name": f"{route}/{name}",
            "litellm_params": {**entry["litellm_params"], "model": ctx.src(called.value, called, at)},
            "model_info": {**entry["model_info"], "id": f"{route}-{ctx.platform.name_outside(ref.address)}-{name}"},
        }
        for name, called in model.adapters
    ]


def _versions(ctx: Context, models: list[dict[str, Any]], route: str, ref: Ref) -> list[dict[str, Any]]:
    """Divide a target's requests between its present version and a new one, where there is one."""
    candidate = ctx.exports(ref.address, ModelExports).candidate
    if candidate is None:
        return []
    base, percent = candidate
    position = next(
        at
        for at, entry in enumerate(models)
        if entry["model_info"]["id"] == f"{route}-{ctx.platform.name_outside(ref.address)}"
    )
    present = models[position]
    new = {
        **present,
        "litellm_params": {**present["litellm_params"], "api_base": base},
        "model_info": {**present["model_info"], "id": f"{route}-{ctx.platform.name_outside(ref.address)}-new"},
    }
    if percent.value == 100:
        present["litellm_params"]["api_base"] = base
        return []
    if percent.value == 0:
        return []
    present["litellm_params"]["weight"] = ctx.src(100 - percent.value, percent)
    new["litellm_params"]["weight"] = percent
    return [new]


def _weighted(models: list[dict[str, Any]], route: str) -> None:
    """LiteLLM counts a missing weight as none at all as soon as another target has one."""
    entries = [entry["litellm_params"] for entry in models if entry["model_name"] == route]
    if any("weight" in params for params in entries):
        for params in entries:
            params.setdefault("weight", 100)
