"""`guardrails`: what judges requests and answers of a gateway's routes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from platformspec.ir.sourced import Given, Sourced
from platformspec.kinds.base import Many, Name, NamedSpec, Ref, RefTo, Spec

Side = Literal["requests", "answers"]
Strength = Literal["low", "medium", "high"]
Harm = Literal["sexual", "violence", "hate", "insults", "misconduct", "prompt_attack"]
Entity = Literal[
    "address",
    "age",
    "aws_access_key",
    "aws_secret_key",
    "bank_account_us",
    "bank_routing_us",
    "card_cvv",
    "card_expiry",
    "card_number",
    "driver_id",
    "email",
    "health_number_ca",
    "health_number_uk",
    "iban",
    "insurance_number_ca",
    "insurance_number_uk",
    "ip_address",
    "license_plate",
    "mac_address",
    "name",
    "passport_us",
    "password",
    "phone",
    "pin",
    "social_security_us",
    "swift_code",
    "tax_id_us",
    "taxpayer_reference_uk",
    "url",
    "username",
    "vehicle_id",
]
Verdict = Literal["llama_guard", "qwen3_guard"]


class TopicSpec(Spec):
    """A subject that the gateway does not talk about."""

    definition: str = Field(
        description="What belongs to the subject, in a sentence or two.", min_length=1, max_length=200
    )
    examples: Many[Annotated[str, Field(min_length=1, max_length=100)]] = Field(
        default=(), description="Sentences that belong to it.", max_length=5
    )


class GuardrailSpec(NamedSpec):
    """A guardrail of Amazon Bedrock, or a safety model of the platform; one of the two."""

    provider: Literal["bedrock"] | None = Field(default=None, description="Amazon Bedrock Guardrails.")
    model: Annotated[Ref, RefTo("model", "guards_with")] | None = Field(
        default=None, description="Safety model of the platform that says whether a text is safe, such as Qwen3Guard."
    )
    checks: Many[Side] = Field(
        default=("requests", "answers"),
        description="What is judged: requests before a model sees them, answers before callers do.",
        min_length=1,
    )
    verdict: Verdict | None = Field(
        default=None,
        description="How the model words its verdict; what its name on Hugging Face says where left out.",
    )
    action: Literal["mask", "block"] = Field(
        default="block", description="What happens to the entities: a mark takes their place, or the text is refused."
    )
    entities: Many[Entity] = Field(default=(), description="Personal and secret data to look for.")
    content: dict[Harm, Strength] = Field(
        default={}, description="Harmful content to refuse: kind -> strength of the filter."
    )
    topics: dict[Name, TopicSpec] = Field(default={}, description="Subjects to refuse, by name.", max_length=30)
    words: Many[Annotated[str, Field(min_length=1, max_length=100)]] = Field(
        default=(), description="Words and phrases to refuse.", max_length=10_000
    )
    profanity: bool = Field(default=False, description="Refuse the words of Amazon's list of profanities.")
    message: str = Field(
        default="This was refused by a guardrail.",
        description="What callers are told when something is refused.",
        min_length=1,
        max_length=500,
    )


@dataclass(frozen=True, slots=True)
class GuardrailExports:
    """A guardrail of the cloud: its id, version and ARN, known after creation, its key, and a digest of what it looks for."""

    identifier: Given
    version: Given
    arn: Given
    key_arn: Given
    contents: Sourced[str]
    region: Sourced[str]
