"""The formulae, against numbers that were published or worked out by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest
from platformspec_kubernetes.models.engines import sglang

from platformspec.fit.architecture import parts
from platformspec.fit.engine import EngineMemory, Load
from platformspec.fit.estimate import Setup, estimate
from platformspec.fit.fixes import Place, fixes, starts
from platformspec.fit.gpu import Gpu, gpu
from platformspec.fit.kv_cache import Keeping, cache_bytes, layer_bytes, longest
from platformspec.fit.runtime import adapter_bytes
from platformspec.fit.weights import weights_bytes
from platformspec.kinds.catalogue import ModelFacts, known_model

GIB = 2**30
ENGINE = EngineMemory(
    "test",
    "everything",
    lambda _: 2048,
    cache=True,
    windows=True,
    source="this test",
    share=lambda _: 0.92,
    fp8_cache_from=8.9,
)


def facts(name: str) -> ModelFacts:
    found = known_model(name)
    assert found is not None
    return found


def keep(tensor: int = 1, pipeline: int = 1, tokens: int = 2048, value: float = 2.0) -> Keeping:
    return Keeping(tensor, pipeline, tokens, value, windows=True)


def setup(name: str, device: Gpu, **changes: object) -> Setup:
    known = facts(name)
    base = Setup(known, known.precision or "bf16", device, ENGINE, context_tokens=8192, sequences=1)
    return replace(base, **changes)  # type: ignore[arg-type]


# Bytes of a token over all layers. Source: the tables of Hugging Face's and NVIDIA's posts agree with 2 x layers x kv heads x head size x 2.
@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("meta-llama/Llama-3.1-8B-Instruct", 131072),
        ("meta-llama/Llama-3.3-70B-Instruct", 327680),
        ("Qwen/Qwen2.5-7B-Instruct", 57344),
        ("Qwen/Qwen3-32B", 262144),
        ("microsoft/phi-4", 204800),
        # Multi-head latent attention: 61 x (512 + 64) x 2.
        ("deepseek-ai/DeepSeek-V3", 70272),
    ],
)
def test_bytes_of_a_token(name: str, expected: int) -> None:
    known = facts(name)
    assert (known.layers or 0) * layer_bytes(known, 1, 2.0) == expected


def test_tensor_parallelism_divides_kv_heads_until_there_is_one_each() -> None:
    known = facts("Qwen/Qwen2.5-7B-Instruct")  # four key-value heads
    whole = layer_bytes(known, 1, 2.0)
    assert [layer_bytes(known, size, 2.0) / whole for size in (2, 4, 28)] == [0.5, 0.25, 0.25]


def test_latent_attention_is_on_every_rank() -> None:
    known = facts("deepseek-ai/DeepSeek-R1")
    assert layer_bytes(known, 8, 2.0) == layer_bytes(known, 1, 2.0) == 1152


def test_fp8_halves_the_cache() -> None:
    known = facts("Qwen/Qwen3-8B")
    assert cache_bytes(known, 4096, 3, keep(value=1.0)) * 2 == cache_bytes(known, 4096, 3, keep())


def test_windows_bound_the_cache() -> None:
    # vLLM asks for 4.54 GiB for 131072 tokens of gpt-oss-120b with 1024 tokens at once: vllm-project/vllm issue 27508.
    known = facts("openai/gpt-oss-120b")
    assert cache_bytes(known, 131072, 1, keep(tokens=1024)) / GIB == pytest.approx(4.54, abs=0.01)
    without = replace(keep(tokens=1024), windows=False)
    assert cache_bytes(known, 131072, 1, without) / GIB == pytest.approx(9.0, abs=0.01)


def test_linear_attention_keeps_a_state_instead() -> None:
    known = facts("Qwen/Qwen3.5-27B")
    one, two = (cache_bytes(known, tokens, 1, keep()) for tokens in (16384, 32768))
    assert two - one == 16 * 16384 * 2 * 4 * 256 * 2  # only 16 of 64 layers grow
    assert cache_bytes(known, 16, 1, keep()) > 48 * 48 * 128 * 128 * 4


def test_pipeline_stages_share_the_cache() -> None:
    known = facts("meta-llama/Llama-3.1-405B-Instruct")
    assert cache_bytes(known, 8192, 4, keep(tensor=8, pipeline=2)) * 2 == cache_bytes(known, 8192, 4, keep(tensor=8))


def test_the_longest_sequence_is_the_longest() -> None:
    known = facts("google/gemma-3-27b-it")
    room = 7.5 * GIB
    tokens = longest(known, room, keep())
    assert cache_bytes(known, tokens, 1, keep()) <= room < cache_bytes(known, tokens + 1, 1, keep())


def test_weights_on_one_gpu() -> None:
    llama = facts("meta-llama/Llama-3.3-70B-Instruct")
    alone = {"tensor": 1, "pipeline": 1, "data": 1, "expert": False}
    assert weights_bytes(llama, "bf16", **alone) == pytest.approx(70.55e9 * 2)  # type: ignore[arg-type]
    # Embeddings stay in 16 bits.
    embeddings = parts(llama).embeddings
    expected = (70.55e9 - embeddings) * (1 + 4 / 128**2) + embeddings * 2
    assert weights_bytes(llama, "fp8", **alone) == pytest.approx(expected)  # type: ignore[arg-type]


def test_experts_are_spread_over_tensor_and_data_ranks() -> None:
    known = facts("Qwen/Qwen3-Coder-480B-A35B-Instruct-FP8")
    part = parts(known)
    one = weights_bytes(known, "fp8", tensor=1, pipeline=1, data=1, expert=False)
    eight = weights_bytes(known, "fp8", tensor=1, pipeline=1, data=8, expert=True)
    assert one - eight == pytest.approx(part.experts * (1 + 4 / 128**2) * 7 / 8)


def test_adapters_take_their_slots() -> None:
    # Rank 16 on all matrices of Llama 3.1 8B: 41.9 million parameters, as the PEFT library counts them.
    known = facts("meta-llama/Llama-3.1-8B-Instruct")
    assert adapter_bytes(known, slots=1, rank=16, tensor=1) == pytest.approx(41.94e6 * 2, rel=0.001)
    two = estimate(setup("meta-llama/Llama-3.1-8B-Instruct", gpu("l4", 22.4), adapters=2, adapter_rank=16))
    assert two.adapters == pytest.approx(2 * 41.94e6 * 2 / GIB, rel=0.001)
    none = estimate(setup("meta-llama/Llama-3.1-8B-Instruct", gpu("l4", 22.4)))
    assert none.room - two.room == pytest.approx(two.adapters)


def test_the_gpu_is_what_cuda_reports() -> None:
    assert gpu("l4", 22.4).memory_gib == pytest.approx(22.03)
    assert gpu("a100", 80.0).memory_gib < 80.0
    assert gpu("a100", 40.0).memory_gib < 40.0
    assert gpu("h100", 80.0, device_gib=9.5).memory_gib == pytest.approx(9.5 * 79.1 / 80)
    shared = gpu("l4", 22.4, device_gib=11.2, visible_share=0.5)
    assert (shared.memory_gib, shared.visible_share) == (pytest.approx(22.03), 0.5)


def test_the_sum_is_the_sum() -> None:
    result = estimate(setup("Qwen/Qwen3-8B", gpu("l4", 22.4)))
    assert result.budget - result.fixed == pytest.approx(result.room)
    assert result.short == pytest.approx(result.cache_one - result.room)
    assert result.verdict == "fits"


@pytest.mark.parametrize("change", [{"context_tokens": 40960}, {"sequences": 4096}, {"utilization": 0.5}])
def test_more_of_anything_never_helps(change: dict[str, object]) -> None:
    before = estimate(setup("Qwen/Qwen3-8B", gpu("l4", 22.4)))
    after = estimate(setup("Qwen/Qwen3-8B", gpu("l4", 22.4), **change))
    assert after.short > before.short


def test_an_engine_whose_share_holds_weights_and_cache_only() -> None:
    static = replace(ENGINE, covers="weights_and_cache")
    whole = estimate(setup("Qwen/Qwen3-8B", gpu("l40s", 44.7), utilization=0.8))
    part = estimate(setup("Qwen/Qwen3-8B", gpu("l40s", 44.7), utilization=0.8, engine=static))
    assert part.room == pytest.approx(part.budget - part.weights)
    assert part.room > whole.room
    # A share that leaves too little for activations is cut.
    greedy = estimate(setup("Qwen/Qwen3-8B", gpu("l40s", 44.7), utilization=0.98, engine=static, sequences=2048))
    assert greedy.room < greedy.budget - greedy.weights


def test_every_fix_was_computed() -> None:
    broken = setup("meta-llama/Llama-3.3-70B-Instruct", gpu("l40s", 44.7), tensor=4, context_tokens=131072)
    assert not starts(estimate(broken))
    places = (Place("small", gpu("l4", 22.4), 8), Place("large", gpu("h200", 141.0), 8))
    found = fixes(broken, starts, tensor_sizes=(1, 2, 4, 8), places=places)
    assert [fix.text.split(":")[0] for fix in found] == [
        "context_tokens",
        "kv_cache_precision",
        "weights in fp8",
        "tensor_parallel",
        "pool",
    ]
    assert found[-1].text == "pool: large"
    for fix in found:
        assert estimate(fix.setup) == fix.estimate
        assert starts(fix.estimate)
    # One step more of context would not be enough.
    longer = replace(found[0].setup, context_tokens=found[0].setup.context_tokens + 1024)
    assert not starts(estimate(longer))


def test_a_cache_in_fp8_holds_twice_the_tokens() -> None:
    half = estimate(setup("Qwen/Qwen3-8B", gpu("l4", 22.4), cache_precision="fp8"))
    whole = estimate(setup("Qwen/Qwen3-8B", gpu("l4", 22.4)))
    assert half.cache_one == pytest.approx(whole.cache_one / 2)
    assert half.room == whole.room
    assert half.tokens is not None
    assert half.tokens == pytest.approx(2 * (whole.tokens or 0), abs=32)


def test_a_cache_in_fp8_is_offered_where_the_gpu_reads_it() -> None:
    def offered(device: Gpu, **change: object) -> list[str]:
        broken = setup("Qwen/Qwen3-8B", device, context_tokens=32768, **change)
        return [fix.text for fix in fixes(broken, starts, tensor_sizes=(1,), places=()) if "kv_cache" in fix.text]

    assert offered(gpu("l4", 22.4)) == ["kv_cache_precision: fp8"]
    assert offered(Gpu("a10g", gpu("l4", 22.4).memory_gib, 8.6)) == []
    assert offered(gpu("l4", 22.4), engine=replace(ENGINE, fp8_cache_from=None)) == []
    assert offered(gpu("l4", 22.4), cache_precision="fp8") == []


def test_sglang_takes_what_it_logs() -> None:
    """Qwen3-32B on one H100 without a limit of requests starts with mem_fraction_static 0.828: sgl-project/sglang issue 29092."""
    load = Load(gpu("h100", 80.0).memory_gib, facts("Qwen/Qwen3-32B"), 256, 8192, tensor=1, pipeline=1)
    assert sglang.share(load) == pytest.approx(0.828)
    # What follows from the rule alone: fewer sequences cannot give more than 10 GiB back, small GPUs keep a third.
    one = replace(load, sequences=1)
    assert sglang.share(load) < sglang.share(one) < 1 - 10 / load.gpu_gib
    assert sglang.share(replace(one, gpu_gib=22.0, batched_tokens=4096)) == pytest.approx(0.68, abs=0.005)
    seeing = replace(load, facts=replace(load.facts, vision_parameters_billion=0.302))
    assert sglang.share(seeing) == pytest.approx(0.828 * 0.95, rel=0.001)


def test_an_engine_chooses_its_share_where_nobody_does() -> None:
    kind = replace(ENGINE, share=lambda load: 0.5 if load.tensor == 1 else 0.75)
    one = setup("Qwen/Qwen3-8B", gpu("l40s", 44.7), utilization=None, engine=kind)
    assert (one.share, replace(one, tensor=2).share, replace(one, utilization=0.9).share) == (0.5, 0.75, 0.9)
    assert estimate(one).budget == pytest.approx(0.5 * 44.42)
