"""Neuron chips: four ranks each, counted as chips wherever something is asked for or bounded, and a fit that is never proven."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from platformspec_kubernetes.models.engines import memory_of
from platformspec_kubernetes.models.engines.vllm_neuron import CACHE_LEAST_GIB, CACHE_SHARE, MEMORY, SHARE, segment

from platformspec.fit.estimate import Setup, estimate
from platformspec.fit.gpu import gpu
from platformspec.fit.offerings import Offering, rows
from platformspec.ir.node import Manifest, Resource
from platformspec.kinds.accelerators import GPU, TRAINIUM2, device_of
from platformspec.kinds.catalogue import known_model
from platformspec.kinds.parallelism import gpus_per_replica, parallelism
from platformspec.kinds.serving import ServeSpec
from platformspec.providers import installed_providers
from tests.support.platforms import base, lowered

LLAMA = "meta-llama/Llama-3.3-70B-Instruct"
SMALL = {"hugging_face": "meta-llama/Llama-3.1-8B-Instruct", "token_secret": "hf"}
TRN2 = Offering("trn2.48xlarge", "trainium2", 16, 96.0, "ec2/trn2.48xlarge")


def neuron(tensor: int, **changes: Any) -> Setup:
    facts = known_model(LLAMA)
    assert facts is not None
    made = Setup(facts, "bf16", gpu("trainium2", 96.0), MEMORY, context_tokens=16384, sequences=8, tensor=tensor)
    return replace(made, **changes)


@pytest.mark.parametrize(("tensor", "chips"), [(4, 1), (8, 2), (16, 4), (64, 16)])
def test_ranks_are_counted_as_chips(tensor: int, chips: int) -> None:
    serve = ServeSpec(tensor_parallel=tensor)
    spread = parallelism(serve, 16, TRAINIUM2)
    assert spread is not None
    assert (spread.gpus, spread.gpus_per_pod, spread.pods) == (chips, chips, 1)
    assert gpus_per_replica(serve, TRAINIUM2) == chips
    assert gpus_per_replica(serve, GPU) == tensor


def test_no_node_has_more_ranks_than_its_chips() -> None:
    assert parallelism(ServeSpec(tensor_parallel=64), 8, TRAINIUM2) is None


def test_a_rank_has_its_part_of_the_chip() -> None:
    assert gpu("trainium2", 96.0).memory_gib == pytest.approx(24.0)
    assert device_of("h100") == GPU


def test_what_is_below_is_not_proven_and_what_is_above_does_not_fit() -> None:
    result = estimate(neuron(16))
    assert result.verdict == "not_proven"
    assert result.budget == pytest.approx(24.0 * SHARE)
    assert result.room == pytest.approx(min(result.budget - result.weights, CACHE_SHARE * result.budget))
    # 70.55 billion parameters of two bytes on four ranks are 33 GiB each.
    assert estimate(neuron(4)).verdict == "does_not_fit"


def test_the_cache_has_its_share_at_most_and_its_least_at_least() -> None:
    whole, capped = (estimate(neuron(64, engine=replace(MEMORY, cache_share=share))) for share in (1.0, CACHE_SHARE))
    assert whole.room > capped.room == pytest.approx(CACHE_SHARE * capped.budget)
    assert capped.cache_one == CACHE_LEAST_GIB
    assert estimate(neuron(64, engine=replace(MEMORY, cache_share=0.01))).verdict == "does_not_fit"


def test_nodes_with_chips_are_said_to_be_not_proven_and_only_for_models_that_are_served() -> None:
    asked = neuron(1, engine=memory_of("vllm"))
    (row,) = rows(asked, [TRN2], lambda n: 64 % n == 0, LLAMA)
    assert (row.verdict, row.tensor, row.devices) == ("not_proven", 8, 2)
    (other,) = rows(asked, [TRN2], lambda n: 64 % n == 0, "acme/llama")
    assert other.verdict == "not_served"
    (without,) = rows(neuron(1, engine=memory_of("sglang")), [TRN2], lambda n: 64 % n == 0, LLAMA)
    assert without.verdict == "not_served"
    (fp8,) = rows(replace(asked, precision="fp8"), [TRN2], lambda n: 64 % n == 0, LLAMA)
    assert fp8.verdict == "cannot_compute"


@pytest.mark.parametrize(("context", "tokens"), [(512, 512), (1500, 1024), (8192, 8192), (131072, 8192)])
def test_prompts_are_read_in_a_segment_that_the_kernel_has(context: int, tokens: int) -> None:
    assert segment(context) == tokens


def test_teams_hold_chips_and_gpus_apart() -> None:
    nodes = {"nodes": {"min": 0, "max": 1}}
    data = base(
        gpu_pools={
            "trn": {"accelerator": "trainium2", "capacity": nodes},
            "l4": {"accelerator": "l4", "instances": ["g6.xlarge"], "capacity": nodes},
        },
        teams={
            "a": {"gpu_quota": {"trainium2": 8, "l4": 1}, "may_borrow_from": ["b"]},
            "b": {"gpu_quota": {"trainium2": 8}},
        },
        models={
            "m": {"team": "a", "pool": "trn", "source": SMALL, "serve": {"tensor_parallel": 8}, "scale": {"min": 1}}
        },
    )
    program = lowered(data, *installed_providers().providers).program
    manifests = [node for node in program.nodes.values() if isinstance(node, Manifest)]
    found = {(one.attrs["kind"], str(one.attrs["metadata"]["name"])): one.attrs for one in manifests}
    groups = found["ClusterQueue", "team-a"]["spec"]["resourceGroups"]
    assert {group["coveredResources"][0]: [one["name"] for one in group["flavors"]] for group in groups} == {
        "aws.amazon.com/neuron": ["trainium2"],
        "nvidia.com/gpu": ["l4"],
    }
    (toleration,) = found["ResourceFlavor", "trainium2"]["spec"]["tolerations"]
    assert toleration["key"] == "aws.amazon.com/neuron"
    (quota,) = (
        one.attrs
        for one in manifests
        if one.attrs["kind"] == "ResourceQuota" and one.attrs["metadata"]["namespace"] == "team-a"
    )
    hard = quota["spec"]["hard"]
    assert (hard["requests.aws.amazon.com/neuron"], hard["requests.nvidia.com/gpu"]) == ("16", "1")
    (server,) = found["Deployment", "m"]["spec"]["template"]["spec"]["containers"]
    assert server["resources"]["limits"]["aws.amazon.com/neuron"] == "2"
    assert "nvidia.com/gpu" not in server["resources"]["limits"]


def test_a_platform_with_chips_only_has_no_plugin_of_nvidia() -> None:
    data = base(gpu_pools={"trn": {"accelerator": "trainium2", "capacity": {"nodes": {"min": 1, "max": 1}}}})
    program = lowered(data, *installed_providers().providers).program
    charts = {
        str(n.attrs["name"]) for n in program.nodes.values() if isinstance(n, Resource) and n.type == "helm_release"
    }
    assert "neuron-helm-chart" in charts
    assert not {"nvidia-device-plugin", "dra-driver-nvidia-gpu"} & charts
