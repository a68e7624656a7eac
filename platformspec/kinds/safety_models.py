"""How safety models word their verdicts, by their names on Hugging Face."""

from __future__ import annotations

import re
from typing import Final

from platformspec.kinds.guardrail import Verdict
from platformspec.kinds.model import ModelSpec

# Sources: the model cards of meta-llama/Llama-Guard-3-8B and meta-llama/Llama-Guard-4-12B (`safe`, or `unsafe` and a line of
# categories), and of Qwen/Qwen3Guard-Gen-8B (`Safety: Safe|Controversial|Unsafe` and a line of categories).
VERDICTS: Final[tuple[tuple[str, Verdict], ...]] = (
    (r"meta-llama/Llama-Guard-[34]-\w+(?:-\w+)*", "llama_guard"),
    (r"Qwen/Qwen3Guard-Gen-[\d.]+B", "qwen3_guard"),
)


def verdict_of(model: ModelSpec) -> Verdict | None:
    """The wording of the model's verdict; None where its name says nothing."""
    names = (model.source.hugging_face if model.source is not None else None, model.facts.like)
    return next((verdict for name in names if name for form, verdict in VERDICTS if re.fullmatch(form, name)), None)
