"""A guardrail of LiteLLM that asks a safety model. It stands beside the gateway's configuration, and LiteLLM imports it.

Whatever is not plainly found safe does not pass: an unsafe text is refused with 400; a model that is down, slow or answers
something else, with 503.
"""

import re

import litellm
from fastapi import HTTPException
from litellm.integrations.custom_guardrail import CustomGuardrail

TIMEOUT_SECONDS = 30
VERDICT_TOKENS = 64
# Wording -> (pattern of the whole verdict, what of it means safe). Qwen3Guard has a verdict between safe and unsafe; it counts as unsafe.
WORDINGS = {
    "llama_guard": (re.compile(r"\s*(safe|unsafe)\s*(?:\n.*)?", re.DOTALL), "safe"),
    "qwen3_guard": (re.compile(r"\s*Safety: (Safe|Controversial|Unsafe)\s*(?:\n.*)?", re.DOTALL), "Safe"),
}


class SafetyModel(CustomGuardrail):
    """Judges all texts of a request together, and an answer with the request before it."""

    def __init__(self, judge, judge_base, verdict, message, **kwargs):
        self.judge, self.judge_base, self.wording, self.message = judge, judge_base, verdict, message
        # A stream reaches the caller only after the whole of it was judged.
        self.streaming_buffer_until_moderated = True
        super().__init__(**kwargs)

    async def apply_guardrail(self, inputs, request_data, input_type, logging_obj=None):
        texts = [text for text in [*(inputs.get("texts") or ()), *_arguments(inputs.get("tool_calls"))] if text]
        if inputs.get("images"):
            raise HTTPException(400, {"error": "images cannot be judged", "guardrail": self.guardrail_name})
        if not texts:
            return inputs
        said = {"role": "user", "content": "\n\n".join(texts)}
        if input_type == "response":
            asked = _asked(request_data)
            said = {"role": "assistant", "content": said["content"]}
            await self._judge([{"role": "user", "content": asked}, said])
        else:
            await self._judge([said])
        return inputs

    async def async_post_call_success_deployment_hook(self, request_data, response, call_type):
        # The gateway judges every answer itself; here the same answer would be judged a second time.
        return None

    async def _judge(self, conversation):
        pattern, safe = WORDINGS[self.wording]
        try:
            answer = await litellm.acompletion(
                model=self.judge,
                api_base=self.judge_base,
                api_key="none",
                messages=conversation,
                temperature=0,
                max_tokens=VERDICT_TOKENS,
                timeout=TIMEOUT_SECONDS,
                num_retries=1,
            )
            verdict = pattern.fullmatch(answer.choices[0].message.content or "")
        except Exception as problem:
            raise HTTPException(503, self._unavailable(type(problem).__name__)) from problem
        if verdict is None:
            raise HTTPException(503, self._unavailable("no verdict"))
        if verdict[1] != safe:
            raise HTTPException(400, {"error": self.message, "guardrail": self.guardrail_name})

    def _unavailable(self, why):
        return {"error": f"the guardrail cannot answer ({why})", "guardrail": self.guardrail_name}


def _arguments(calls):
    """Arguments of tool calls, which are text that a model wrote as well."""
    for call in calls or ():
        function = call.get("function") if isinstance(call, dict) else call.function
        yield function.get("arguments") if isinstance(function, dict) else function.arguments


def _asked(request):
    """Everything that was asked, whichever of the APIs it was asked through."""
    found = []
    for said in (request.get("messages"), request.get("input"), request.get("prompt")):
        found += _texts(said)
    return "\n\n".join(found) or "(no text)"


def _texts(said):
    if isinstance(said, str):
        return [said]
    if isinstance(said, dict):
        return _texts(said.get("content", said.get("text")))
    return [text for part in said for text in _texts(part)] if isinstance(said, list) else []
