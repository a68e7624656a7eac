"""What a change costs, and the policies about it."""

from __future__ import annotations

import json
import pathlib

import jsonschema
import pytest

from platformspec.cli.main import main
from platformspec.cost.delta import compare
from platformspec.cost.estimate import Range
from platformspec.driver import Compilation, compare_costs, compile_platform
from platformspec.plan.render.json import SCHEMA
from platformspec.providers import installed_providers
from tests.support.examples import AS_OF
from tests.support.memory_tree import MemoryTree

PLATFORM = """apiVersion: platformspec.dev/v1
kind: Platform
metadata: {name: acme}
profile: dev
cloud: {account: "111122223333", region: us-east-1}
teams: {assist: {}}
gpu_pools: {l4: {accelerator: l4, instances: [g6.xlarge], capacity: {nodes: {max: 4}}}}
models:
  chat: {team: assist, source: {hugging_face: Qwen/Qwen3-8B, revision: b968826d9c46dd6066d109eabc6255188de91218}, scale: {min: 1}}
policies: {}
"""
MORE = PLATFORM.replace("scale: {min: 1}", "scale: {min: 3}")
HOURLY, HOURS = 0.8048, 730


def compiled(text: str, **files: str) -> Compilation:
    c = compile_platform(
        MemoryTree({"platform.yaml": text, **files}),
        "platform.yaml",
        environment=None,
        as_of=AS_OF,
        providers=installed_providers(),
    )
    assert c.ok, [(d.code.id, d.message) for d in c.report]
    return c


def with_policy(rule: str) -> str:
    return MORE.replace("policies: {}", f"policies: {{jump: {{{rule}}}}}")


def test_an_increase_is_the_models_and_its_teams() -> None:
    delta = compare_costs(compiled(MORE), compiled(PLATFORM).program)
    assert delta is not None
    model, pool = delta.differences
    volumes = 2 * 0.08 * 300
    assert (model.declaration, model.team) == ("model.chat", "assist")
    assert model.usd.likely == pytest.approx(2 * HOURLY * HOURS, abs=volumes)
    # The pool's limit is what it was: more of it belongs to the model.
    assert (pool.declaration, pool.usd.least, pool.usd.likely) == ("gpu_pool.l4", pytest.approx(0), pytest.approx(0))
    assert pool.usd.most == pytest.approx(-model.usd.most)
    assert delta.total.most == pytest.approx(0)


def test_what_costs_the_same_is_no_change() -> None:
    assert compare_costs(compiled(PLATFORM), compiled(PLATFORM + "# a comment\n").program) is None


def test_against_nothing_everything_is_new() -> None:
    c = compiled(PLATFORM)
    delta = compare_costs(c, None)
    assert delta is not None
    assert c.estimate is not None
    assert delta.total == c.estimate.total
    assert delta.before == Range()


def test_both_sides_are_priced_with_todays_prices() -> None:
    prices = 'apiVersion: platformspec.dev/v1\nkind: Prices\nsources: {a: {text: agreement, date: "2026-09-01"}}\nregions: {us-east-1: {ec2/g6.xlarge: {usd: 0.1, per: hour, source: a}}}\n'
    own = PLATFORM + "cost: {prices: prices.yaml}\n"
    assert compare_costs(compiled(own, **{"prices.yaml": prices}), compiled(PLATFORM).program) is None


def test_a_new_line_without_a_price_is_counted() -> None:
    c = compiled(PLATFORM)
    assert c.estimate is not None
    store = "vector_stores: {docs: {engine: opensearch_serverless, collections: {a: {embed_with: e}}}}\n"
    model = '  e: {task: embedding, external: {provider: bedrock, model: "amazon.titan-embed-text-v2:0"}, facts: {dimensions: 1024}}\n'
    other = compiled(PLATFORM.replace("policies: {}\n", model + store))
    assert other.estimate is not None
    delta = compare(c.estimate, other.estimate)
    assert delta is not None
    assert delta.unknown == 1


def test_a_policy_about_an_increase_needs_a_comparison() -> None:
    head = compiled(with_policy("max_increase: {usd_per_month: 500}"))
    assert compare_costs(head, None) is not None
    assert head.ok
    compare_costs(head, compiled(PLATFORM).program)
    assert [d.code.id for d in head.report] == ["PS460"]
    assert "the limit is $500" in next(iter(head.report)).message
    assert "model.chat" in next(iter(head.report)).message


def test_an_increase_within_the_limit_is_nobodys_business() -> None:
    head = compiled(with_policy("max_increase: {usd_per_month: 5000}"))
    compare_costs(head, compiled(PLATFORM).program)
    assert not list(head.report)
    assert head.findings == ()


def test_level_approve_asks_its_approvers() -> None:
    head = compiled(with_policy("max_increase: {usd_per_month: 500}, level: approve, approvers: [finops]"))
    compare_costs(head, compiled(PLATFORM).program)
    assert [d.code.id for d in head.report] == ["PS461"]
    assert [finding.approvers for finding in head.findings] == [("finops",)]


def test_a_waiver_excuses_an_increase() -> None:
    waiver = 'waivers: [{policy: jump, on: platform.main, owner: lea@acme.example, until: "2026-12-31", reason: load test}]\n'
    head = compiled(with_policy("max_increase: {usd_per_month: 500}") + waiver)
    compare_costs(head, compiled(PLATFORM).program)
    assert head.findings == ()
    assert not list(head.report)


@pytest.fixture
def here(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> pathlib.Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "before.yaml").write_text(PLATFORM)
    return tmp_path


def test_plan_prints_what_the_change_costs(here: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "platform.yaml").write_text(MORE)
    assert main(["plan", "--against", "before.yaml"]) == 0
    text = capsys.readouterr().out
    assert "Cost: likely +$1,199/mo (max $0)" in text
    assert "  model.chat (assist)  likely +$1,199/mo" in text
    assert main(["plan", "--against", "before.yaml", "--format", "markdown"]) == 0
    assert "- **Cost** likely +\\$1,199/mo" in capsys.readouterr().out
    assert main(["plan", "--against", "before.yaml", "--format", "json"]) == 0
    data = json.loads(capsys.readouterr().out)
    jsonschema.validate(data, SCHEMA)
    assert data["cost"]["declarations"][0]["team"] == "assist"
    (here / "platform.yaml").write_text(PLATFORM)
    assert main(["plan", "--against", "before.yaml"]) == 0
    assert "Cost" not in capsys.readouterr().out


def test_plan_stops_at_a_blocked_increase(here: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "platform.yaml").write_text(with_policy("max_increase: {usd_per_month: 500}"))
    assert main(["plan", "--against", "before.yaml"]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert "error[PS460]" in err
    assert main(["plan"]) == 0
    assert "Not checked without --against: policy jump (max_increase)" in capsys.readouterr().out
