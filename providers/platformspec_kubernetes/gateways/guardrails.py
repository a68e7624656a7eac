"""Guardrails in LiteLLM's configuration. Keys are those of LiteLLM 1.109.1 (read in its wheel).

A model entry names its guardrails. LiteLLM applies those of the name that was asked for, whichever entry answers; none is on by
default, so no other route has them.
"""

from __future__ import annotations

import functools
from importlib.resources import files
from typing import Any, Final

from platformspec.sdk import (
    Context,
    EdgeContext,
    GatewaySpec,
    GuardrailExports,
    GuardrailSpec,
    ModelExports,
    ModelSpec,
    Ref,
    Sourced,
    Workload,
    verdict_of,
)
from platformspec_kubernetes.models.access import open_cloud
from platformspec_kubernetes.network_policies import open_between
from platformspec_kubernetes.pods import from_config

MODES: Final = {"requests": "pre_call", "answers": "post_call"}
MODULE: Final = "safety_model"


@functools.cache
def _module() -> str:
    return files("platformspec_kubernetes").joinpath(f"data/{MODULE}.py").read_text("utf-8")


def named(ctx: Context, spec: GatewaySpec) -> dict[str, tuple[Ref, tuple[str, ...]]]:
    """What a guardrail is called -> a reference to it, and the fields that name it, for every guardrail of the gateway's routes."""
    found: dict[str, tuple[Ref, tuple[str, ...]]] = {}
    for name, route in sorted(spec.routes.items()):
        for ref in route.guardrails:
            called = ctx.platform.name_outside(ref.address)
            fields = found[called][1] if called in found else ()
            found[called] = (ref, (*fields, f"routes.{name}.guardrails"))
    return dict(sorted(found.items()))


def module_of(ctx: Context, spec: GatewaySpec) -> dict[str, Any]:
    """File -> text of the guardrail that asks a safety model, which LiteLLM imports from the folder of its configuration."""
    fields = [
        field for ref, fields in named(ctx, spec).values() if _guardrail(ctx, ref).model is not None for field in fields
    ]
    return {f"{MODULE}.py": ctx.src(_module(), *fields)} if fields else {}


def entries(ctx: Context, spec: GatewaySpec) -> list[dict[str, Any]]:
    """The section `guardrails` of the configuration."""
    return [
        {"guardrail_name": ctx.src(called, *fields), "litellm_params": _params(ctx, ref, fields)}
        for called, (ref, fields) in named(ctx, spec).items()
    ]


def contents(ctx: Context, spec: GatewaySpec) -> dict[str, Sourced[str]]:
    """Digests of what the cloud's guardrails look for: a new version of one must reach the gateway's pods."""
    return {
        f"contents of {called}": ctx.exports(ref.address, GuardrailExports).contents
        for called, (ref, _) in named(ctx, spec).items()
        if _guardrail(ctx, ref).model is None
    }


def endpoints(ctx: Context, spec: GatewaySpec) -> dict[str, Any]:
    """Ids and versions of the cloud's guardrails, which are known only after they exist."""
    data: dict[str, Any] = {}
    for ref, fields in named(ctx, spec).values():
        if _guardrail(ctx, ref).model is None:
            made = ctx.exports(ref.address, GuardrailExports)
            identifier, version = _variables(ctx, ref)
            data[identifier] = ctx.src(made.identifier, *fields)
            data[version] = ctx.src(made.version, *fields)
    return data


def environment(ctx: Context, spec: GatewaySpec) -> list[dict[str, Any]]:
    """Variables of the gateway's container for them."""
    return [
        {"name": variable, "valueFrom": ctx.src(from_config(f"{ctx.called}-endpoints", variable), *fields)}
        for ref, fields in named(ctx, spec).values()
        if _guardrail(ctx, ref).model is None
        for variable in _variables(ctx, ref)
    ]


def open_guardrail(ctx: EdgeContext) -> None:
    """The gateway's pods reach the safety model's; or, for a guardrail of the cloud, the cloud's API."""
    gateway = ctx.exports(ctx.edge.source, Workload)
    guardrail = ctx.graph.declarations[ctx.edge.target].spec
    assert isinstance(guardrail, GuardrailSpec)
    if guardrail.model is None:
        open_cloud(ctx, gateway)
    else:
        open_between(ctx, gateway, ctx.exports(guardrail.model.address, Workload))


def _guardrail(ctx: Context, ref: Ref) -> GuardrailSpec:
    spec = ctx.graph.declarations[ref.address].spec
    assert isinstance(spec, GuardrailSpec)
    return spec


def _variables(ctx: Context, ref: Ref) -> tuple[str, str]:
    stem = f"GUARDRAIL_{ctx.platform.name_outside(ref.address).upper().replace('-', '_')}"
    return f"{stem}_ID", f"{stem}_VERSION"


def _params(ctx: Context, ref: Ref, fields: tuple[str, ...]) -> dict[str, Any]:
    spec = _guardrail(ctx, ref)
    at = ("guardrails", ref.address.name)
    common = {
        "mode": ctx.at([MODES[side] for side in sorted(spec.checks, reverse=True)], *at, "checks"),
        "default_on": False,
    }
    if spec.model is None:
        identifier, version = _variables(ctx, ref)
        params = {
            "guardrail": ctx.at("bedrock", *at, "provider"),
            **common,
            "guardrailIdentifier": ctx.src(f"os.environ/{identifier}", *fields),
            "guardrailVersion": ctx.src(f"os.environ/{version}", *fields),
            "aws_region_name": ctx.exports(ref.address, GuardrailExports).region,
        }
        if spec.action == "mask" and spec.entities:
            masked = ctx.at(True, *at, "action")
            # An answer in which something is masked is held back until it is whole, as one that may be refused.
            return {**params, "mask_request_content": masked, "mask_response_content": masked}
        return {**params, "streaming_buffer_until_moderated": ctx.at(True, *at, "action")}
    model = ctx.exports(spec.model.address, ModelExports)
    judge = ctx.graph.declarations[spec.model.address].spec
    assert isinstance(judge, ModelSpec)
    assert model.api_base is not None
    asked = ctx.at(None, *at, "model")
    base = model.api_base
    if model.candidate is not None and model.candidate[1].value == 100:
        base = ctx.src(model.candidate[0].value, *model.candidate)
    wording = spec.verdict or verdict_of(judge)
    return {
        "guardrail": ctx.src(f"{MODULE}.SafetyModel", asked),
        **common,
        "judge": ctx.src(model.litellm_model.value, model.litellm_model, asked),
        "judge_base": ctx.src(base.value, base, asked),
        "verdict": ctx.at(wording, *at, "verdict") if spec.verdict else ctx.src(wording, asked),
        "message": ctx.at(spec.message, *at, "message"),
    }
