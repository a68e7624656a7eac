"""What `platformspec plan --at` says about reserved capacity that ends."""

from __future__ import annotations

import datetime
import json

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
