"""`platformspec fit`: the table, on nodes of AWS."""

from __future__ import annotations

import json
import pathlib
from typing import Any

import pytest

from platformspec.cli import exit
from platformspec.cli.main import main
from tests.support.examples import ROOT


def nodes(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[dict[str, Any]]:
    assert main(["fit", *arguments, "--format", "json"]) == exit.OK
    found: list[dict[str, Any]] = json.loads(capsys.readouterr().out)["nodes"]
    return found


def per_replica(node: dict[str, Any]) -> float:
    return float(node["price"]["usd_per_hour"]) * node["tensor_parallel"] / node["gpus"]


def test_the_cheapest_nodes_come_first(capsys: pytest.CaptureFixture[str]) -> None:
    found = nodes(capsys, "meta-llama/Llama-3.3-70B-Instruct")
    assert found
    assert {node["verdict"] for node in found} <= {"fits", "tight"}
    prices = [per_replica(node) for node in found if node["price"]]
    assert prices == sorted(prices)
    assert all(node["price"]["region"] == "us-east-1" and node["price"]["date"] for node in found if node["price"])


def test_all_instances_are_all(capsys: pytest.CaptureFixture[str]) -> None:
    found = {node["node"]: node for node in nodes(capsys, "deepseek-ai/DeepSeek-R1", "--all-instances")}
    assert found["p5.48xlarge"]["verdict"] == "does_not_fit"
    assert found["p5en.48xlarge"]["verdict"] == "fits"
    assert found["g5.48xlarge"]["verdict"] == "cannot_compute"


def test_a_longer_context_needs_more(capsys: pytest.CaptureFixture[str]) -> None:
    short, long = (
        {node["node"]: node["gib"]["cache_one"] for node in nodes(capsys, "Qwen/Qwen3-8B", "--all-instances", *more)}
        for more in ((), ("--context-tokens", "40960"))
    )
    assert long["g6.xlarge"] == pytest.approx(5 * short["g6.xlarge"])


def test_a_model_and_a_pool_of_the_file(capsys: pytest.CaptureFixture[str]) -> None:
    file = str(ROOT / "examples/rag-assistant")
    found = nodes(capsys, "assistant", file, "--pool", "chat")
    assert {node["accelerator"] for node in found} == {"l40s"}
    assert {node["gpus"] for node in found} == {1}
    assert main(["fit", "assistant", file, "--pool", "chat"]) == exit.OK
    assert "16 384 tokens" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["Qwen/Qwen3-8b"], "did you mean Qwen/Qwen3-8B?"),
        (["Qwen/Qwen3-8B", "--engine", "vlm"], "there are"),
        (["assistant", str(ROOT / "examples/rag-assistant"), "--pool", "none"], "it has chat, embed"),
    ],
)
def test_what_is_not_known_is_said(arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fit", *arguments]) == exit.USAGE
    assert said in capsys.readouterr().err


OWN = """apiVersion: platformspec.dev/v1
kind: Platform
metadata: {name: acme}
cloud: {account: "111122223333", region: eu-central-1}
cost: {prices: prices.yaml}
gpu_pools: {l40s: {accelerator: l40s}}
models: {chat: {source: {hugging_face: Qwen/Qwen3-8B}}}
"""
AGREED = """apiVersion: platformspec.dev/v1
kind: Prices
sources: {edp: {text: agreement 4711, date: "2026-09-01"}}
regions: {eu-central-1: {ec2/g6e.48xlarge: {usd: 0.9, per: hour, source: edp}}}
"""


def test_prices_of_the_file_rank_the_nodes(tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "platform.yaml").write_text(OWN, "utf-8")
    (tmp_path / "prices.yaml").write_text(AGREED, "utf-8")
    first, second, *_ = nodes(capsys, "chat", str(tmp_path))
    assert (first["node"], first["price"]["usd_per_hour"], first["price"]["source"]) == (
        "g6e.48xlarge",
        0.9,
        "agreement 4711",
    )
    assert second["price"]["region"] == "us-east-1"
    assert main(["fit", "chat", str(tmp_path)]) == exit.OK
    text = capsys.readouterr().out
    assert "[1] Prices: eu-central-1, 2026-09-01 (agreement 4711)." in text
    assert text.count("  [1]\n") == 1


def test_a_price_file_with_a_mistake_is_said(tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "platform.yaml").write_text(OWN, "utf-8")
    (tmp_path / "prices.yaml").write_text(AGREED.replace("per: hour", "per: month"), "utf-8")
    assert main(["fit", "chat", str(tmp_path)]) == exit.ERRORS
    assert "PS474" in capsys.readouterr().err
