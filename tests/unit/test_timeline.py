"""What `platformspec plan --at` says about reserved capacity that ends."""

from __future__ import annotations

import datetime
import json
import pathlib

import pytest

from platformspec.cli.main import main
from platformspec.plan.notes import Ending
from platformspec.timeline import endings
from tests.support.examples import ROOT, Case, compiled

EXAMPLE = Case("pool-reservation", None)


def until(day: str) -> tuple[Ending, ...]:
    graph = compiled(EXAMPLE).graph
    assert graph is not None
    return endings(graph, datetime.date.fromisoformat(day))


def test_nothing_ends_before_its_day() -> None:
    assert until("2027-03-30") == ()


def test_a_block_takes_its_models_with_it_and_a_reservation_does_not() -> None:
    block, reservation = until("2027-06-30")
    assert (block.day, block.pool, block.nodes_go, block.models) == (
        "2027-03-31",
        "gpu_pool.block",
        True,
        ("model.large",),
    )
    assert dict(block.dependents) == {"gateway.main/chat": ("model.small",), "gateway.main/think": ()}
    assert (reservation.day, reservation.nodes_go, reservation.models) == ("2027-06-30", False, ())


def plan(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(["plan", str(ROOT / "examples/pool-reservation"), "--as-of", "2026-11-23", *arguments]) == 0
    return capsys.readouterr().out


def test_the_plan_shows_the_timeline(capsys: pytest.CaptureFixture[str]) -> None:
    text = plan(capsys, "--at", "2027-04-01")
    assert "2027-03-31  gpu_pool.block: Capacity Block cr-0123456789abcdef0 ends, and its nodes go" in text
    assert "gateway.main/think has no other model" in text
    assert "2027-06-30" not in text
    assert "nothing ends" in plan(capsys, "--at", "2026-12-31")
    assert "Capacity until" not in plan(capsys)


def test_programs_get_the_timeline(capsys: pytest.CaptureFixture[str]) -> None:
    data = json.loads(plan(capsys, "--at", "2027-04-01", "--format", "json"))
    assert (data["until"], [one["models"] for one in data["endings"]]) == ("2027-04-01", [["model.large"]])
    assert "**2027-03-31**" in plan(capsys, "--at", "2027-04-01", "--format", "markdown")


ROLLOUTS = """apiVersion: platformspec.dev/v1
kind: Platform
metadata: {name: acme}
cloud: {account: "111122223333", region: us-east-1}
gpu_pools:
  block: {accelerator: h100, instances: [p5.48xlarge], capacity: {nodes: {min: 1, max: 1}, block: {reservation: cr-0123456789abcdef0, zone: us-east-1a, ends: "2027-03-31"}}}
  held: {accelerator: l40s, instances: [g6e.12xlarge], capacity: {nodes: {min: 1, max: 3}, reservation: {id: cr-0fedcba9876543210, zone: us-east-1b, ends: "2027-06-30"}}}
models:
  large: {pool: block, source: {hugging_face: Qwen/Qwen3-32B}, serve: {tensor_parallel: 2}, scale: {min: 1}, rollout: {canary: {version: abc1234, percent: 5}}}
  small: {pool: held, source: {hugging_face: Qwen/Qwen3-8B}, scale: {min: 1}, rollout: {surge: 1}}
"""


def test_rollouts_that_need_what_ends_are_listed(tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "platform.yaml").write_text(ROLLOUTS, "utf-8")
    arguments = ["plan", str(tmp_path), "--as-of", "2026-11-23", "--at", "2027-07-01"]
    assert main(arguments) == 0
    text = capsys.readouterr().out
    assert "canary of model.large, 2 GPUs, has no nodes" in text
    assert "surge of model.small, 1 GPU, starts only if there is capacity on demand" in text
    assert main([*arguments, "--format", "json"]) == 0
    block, _ = json.loads(capsys.readouterr().out)["endings"]
    assert block["rollouts"] == [{"model": "model.large", "what": "canary", "gpus": 2}]
