"""Lower guardrails to Amazon Bedrock: what is looked for, a version of it, and who may apply it."""

from __future__ import annotations

import hashlib
import json
from typing import Any, Final

from platformspec.sdk import (
    DeclarationContext,
    EdgeContext,
    GuardrailExports,
    GuardrailSpec,
    Sourced,
    Statement,
    Workload,
)
from platformspec_aws import kms
from platformspec_aws.front.pii_types import PII_TYPES
from platformspec_aws.stacks import DATA

ACTIONS: Final = {"mask": "ANONYMIZE", "block": "BLOCK"}
# Prompt attacks are a matter of requests: for answers Bedrock takes NONE only.
REQUESTS_ONLY: Final = ("prompt_attack",)
FIELDS: Final = ("message", "action", "entities", "content", "topics", "words", "profanity")


def lower_guardrail(ctx: DeclarationContext) -> None:
    """A guardrail whose judge is a model has nothing of its own in the cloud."""
    spec: GuardrailSpec = ctx.spec
    if spec.provider is None:
        return
    policies = _policies(spec)
    key = kms.key(ctx, "key", "guardrail", ctx.called, stack=DATA, description=f"Encrypts {ctx.address_called}")
    name = ctx.name("guardrail", ctx.called, limit=50)
    message = ctx.src(spec.message, "message")
    guardrail = ctx.resource(
        "aws_bedrock_guardrail",
        "guardrail",
        {
            "name": name,
            "description": f"Guardrail {ctx.called}",
            "blocked_input_messaging": message,
            "blocked_outputs_messaging": message,
            "kms_key_arn": key.attr("arn"),
            **{argument: ctx.src([policy], *fields) for argument, (policy, fields) in policies.items()},
        },
        stack=DATA,
        because=("provider",),
    )
    looks_for = {"message": spec.message, **{argument: policy for argument, (policy, _) in policies.items()}}
    digest: Sourced[str] = ctx.src(
        hashlib.sha256(json.dumps(looks_for, sort_keys=True).encode()).hexdigest()[:16], *FIELDS
    )
    # A version is a copy of the guardrail and knows no later change. The description makes Terraform take a new copy when what is
    # looked for changes, and at no other time; the old one stays for pods that still ask for it.
    version = ctx.resource(
        "aws_bedrock_guardrail_version",
        "version",
        {
            "guardrail_arn": guardrail.attr("guardrail_arn"),
            "description": ctx.src(f"Contents {digest.value}", digest),
            "skip_destroy": True,
        },
        stack=DATA,
        because=("provider",),
        lifecycle={"create_before_destroy": True},
    )
    ctx.offer(
        GuardrailExports(
            guardrail.attr("guardrail_id"),
            version.attr("version"),
            guardrail.attr("guardrail_arn"),
            key.attr("arn"),
            digest,
            ctx.region,
        )
    )


def grant_gateway_applies_guardrail(ctx: EdgeContext) -> None:
    """The gateway may apply exactly this guardrail, and read what its key encrypts."""
    spec = ctx.graph.declarations[ctx.edge.target].spec
    assert isinstance(spec, GuardrailSpec)
    if spec.provider is None:
        return
    guardrail = ctx.exports(ctx.edge.target, GuardrailExports)
    ctx.grant(
        ctx.exports(ctx.edge.source, Workload),
        Statement(("bedrock:ApplyGuardrail",), (guardrail.arn,)),
        Statement(("kms:Decrypt",), (guardrail.key_arn,)),
    )


def _policies(spec: GuardrailSpec) -> dict[str, tuple[dict[str, Any], tuple[str, ...]]]:
    """Argument -> its block, and the fields that it follows from. The order in which entries are written makes no difference."""
    found: dict[str, tuple[dict[str, Any], tuple[str, ...]]] = {}
    if spec.content:
        filters = [
            {
                "type": harm.upper(),
                "input_strength": strength.upper(),
                "output_strength": "NONE" if harm in REQUESTS_ONLY else strength.upper(),
            }
            for harm, strength in sorted(spec.content.items())
        ]
        found["content_policy_config"] = ({"filters_config": filters}, ("content",))
    if spec.entities:
        entities = [{"type": PII_TYPES[entity], "action": ACTIONS[spec.action]} for entity in sorted(spec.entities)]
        found["sensitive_information_policy_config"] = ({"pii_entities_config": entities}, ("entities", "action"))
    if spec.topics:
        topics = [
            {
                "name": name,
                "type": "DENY",
                "definition": topic.definition,
                **({"examples": sorted(topic.examples)} if topic.examples else {}),
            }
            for name, topic in sorted(spec.topics.items())
        ]
        found["topic_policy_config"] = ({"topics_config": topics}, ("topics",))
    words: dict[str, Any] = {}
    if spec.words:
        words["words_config"] = [{"text": word} for word in sorted(spec.words)]
    if spec.profanity:
        words["managed_word_lists_config"] = [{"type": "PROFANITY"}]
    if words:
        found["word_policy_config"] = (words, ("words", "profanity"))
    return found
