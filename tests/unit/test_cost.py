"""What a platform costs: quantities that follow from the program, joined with prices."""

from __future__ import annotations

import datetime
import json
import math
import re
from typing import Any

import jsonschema
import pytest
from platformspec_aws.costs.hours import open_quarters
from platformspec_aws.costs.services import FREE, RULES
from platformspec_aws.prices import prices

from platformspec.cli.commands.cost import cost_report
from platformspec.cost.estimate import SHARED, Grouping, Range, estimate, groups, total
from platformspec.cost.prices import PriceTable
from platformspec.driver import Compilation, compile_platform
from platformspec.ir.cost import Amount, CostItem, Share
from platformspec.ir.node import Resource
from platformspec.ir.serialise import from_json, to_json
from platformspec.plan.render import cost_json, cost_markdown, cost_text
from platformspec.providers import installed_providers
from tests.support.examples import AS_OF, ROOT, Case, cases, compiled
from tests.support.memory_tree import MemoryTree

HEADER = """apiVersion: platformspec.dev/v1
kind: Platform
metadata: {name: acme}
profile: dev
cloud: {account: "111122223333", region: us-east-1}
"""
POOL = "gpu_pools:\n  gpus: {accelerator: l4, instances: [g6.xlarge], capacity: {nodes: {min: 0, max: 8}}}\n"
MODEL = "models:\n  chat: {source: {hugging_face: Qwen/Qwen3-8B, revision: b968826d9c46dd6066d109eabc6255188de91218}"
HOURS = 730

TABLE = PriceTable.of(
    {
        "reference_region": "us-east-1",
        "sources": {"list": {"text": "a list", "date": "2026-07-20"}},
        "regions": {
            "us-east-1": {
                "small": {"usd": 1, "per": "hour", "source": "list"},
                "large": {"usd": 3, "per": "hour", "source": "list"},
            }
        },
    }
)


def item(**changes: Any) -> CostItem:
    given: dict[str, Any] = {
        "id": "gpu_pool.a/nodes",
        "what": "nodes",
        "declaration": "gpu_pool.a",
        "team": None,
        "region": "us-east-1",
        "least": (Amount("small", 10),),
        "likely": (Amount("small", 20),),
        "most": (Amount("small", 40),),
        "sources": (),
        "pool": "a",
    }
    return CostItem(**{**given, **changes})


def compiled_text(text: str, as_of: datetime.date = AS_OF, **files: str) -> Compilation:
    tree = MemoryTree({"platform.yaml": HEADER + text, **files})
    c = compile_platform(tree, "platform.yaml", environment=None, as_of=as_of, providers=installed_providers())
    assert c.ok, [(d.code.id, d.message, d.help) for d in c.report]
    return c


def items(text: str) -> dict[str, CostItem]:
    program = compiled_text(text).program
    assert program is not None
    return {one.id: one for one in program.costs}


def quantities(one: CostItem) -> tuple[float, float, float]:
    return one.least[0].quantity, one.likely[0].quantity, one.most[0].quantity


def test_the_cheapest_alternative_is_likely_and_the_dearest_is_the_bound() -> None:
    both = (Amount("large", 10), Amount("small", 10))
    line = estimate([item(least=both, likely=both, most=both)], TABLE).lines[0]
    assert (line.least.usd, line.likely.usd, line.most.usd) == (10, 10, 30)


def test_a_row_that_is_missing_gives_way_to_the_other_and_else_is_unknown() -> None:
    spot = (Amount("spot", 10, otherwise="small"),)
    assert estimate([item(likely=spot)], TABLE).total.likely == 10
    unknown = estimate([item(likely=(Amount("unheard-of", 10),))], TABLE)
    assert unknown.total == Range(unknown=1)
    assert [line.item.id for line in unknown.unknown] == ["gpu_pool.a/nodes"]


def test_shares_divide_a_line_and_leave_the_rest_to_its_owner() -> None:
    shares = (Share("model.one", "assist", 0.5, 0.5, 0.25), Share("model.two", None, 0.25, 0.25, 0.25))
    found = estimate([item(shares=shares)], TABLE)
    assert groups(found, "model") == {
        "model.one": Range(5, 10, 10),
        "model.two": Range(2.5, 5, 10),
        SHARED: Range(2.5, 5, 20),
    }
    assert groups(found, "team") == {"team.assist": Range(5, 10, 10), SHARED: Range(5, 10, 30)}
    assert groups(found, "pool") == {"gpu_pool.a": Range(10, 20, 40)}


@pytest.mark.parametrize("case", cases(), ids=str)
@pytest.mark.parametrize("by", ["declaration", "team", "model", "pool"])
def test_groups_add_up_to_the_total(case: Case, by: Grouping) -> None:
    found = compiled(case).estimate
    assert found is not None
    parts, whole = total(groups(found, by).values()), found.total
    for bound in ("least", "likely", "most"):
        assert math.isclose(getattr(parts, bound), getattr(whole, bound), abs_tol=0.001)


@pytest.mark.parametrize("case", cases(), ids=str)
def test_bounds_are_in_order_and_lines_have_a_place(case: Case) -> None:
    c = compiled(case)
    assert c.estimate is not None
    assert c.graph is not None
    report = cost_report(c, None)
    for line in c.estimate.lines:
        figures = line.range
        assert figures.least <= figures.likely + 0.005, line.item.id
        assert figures.likely <= figures.most + 0.005, line.item.id
        written = [path for path in line.item.sources if c.graph.platform.layer_of(path) in ("file", "environment")]
        assert report.where(line.item) or not written, line.item.id
        assert all(price.source.text for price in line.prices)


@pytest.mark.parametrize("case", cases(), ids=str)
def test_every_resource_is_counted_or_known_to_be_free(case: Case) -> None:
    program = compiled(case).program
    assert program is not None
    types = {node.type for node in program if isinstance(node, Resource)}
    assert types <= FREE | set(RULES), "say in platformspec_aws/costs/services.py what these cost"


def test_a_type_without_a_rule_is_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(RULES, "aws_kms_key")
    listed = [one for one in items("").values() if one.what == "aws_kms_key"]
    assert listed
    assert all(one.note == "no rule says what it costs" and not one.counted for one in listed)


@pytest.mark.parametrize("case", cases(), ids=str)
def test_the_bill_survives_ir_json(case: Case) -> None:
    program = compiled(case).program
    assert program is not None
    assert from_json(to_json(program)).costs == program.costs


def test_an_elastic_pool_runs_what_its_models_ask_for() -> None:
    nodes = items(POOL + MODEL + ", scale: {min: 2, max: 6}}\n")["gpu_pool.gpus/node-pool"]
    assert quantities(nodes) == (2 * HOURS, 4 * HOURS, 8 * HOURS)
    assert nodes.shares == (Share("model.chat", None, 1.0, 1.0, 0.75),)


@pytest.mark.parametrize(
    ("start", "end", "hours"),
    [
        ("0 7 * * 1-5", "0 19 * * 1-5", 60),
        ("30 7 * * mon,wed", "15 9 * * mon,wed", 3.5),
        ("0 22 * * *", "0 6 * * *", 56),
        ("0 0 * * 6", "0 0 * * 1", 48),
        ("0 */6 * * *", "0 1,7,13,19 * * *", 28),
        ("0 7 1 * *", "0 19 1 * *", 0),
    ],
)
def test_hours_of_a_schedule(start: str, end: str, hours: float) -> None:
    assert len(open_quarters(start, end)) / 4 == hours


def test_a_schedule_is_billed_for_its_hours() -> None:
    schedule = 'schedule: {office: {start: "0 7 * * 1-5", end: "0 19 * * 1-5", time_zone: Europe/Berlin, replicas: 3}}'
    nodes = items(POOL + MODEL + f", scale: {{min: 1, max: 4, {schedule}}}}}\n")["gpu_pool.gpus/node-pool"]
    fewest = 1 + 2 * 60 / 168
    assert quantities(nodes) == pytest.approx((fewest * HOURS, (fewest + 4) / 2 * HOURS, 8 * HOURS))
    assert ("models", "chat", "scale", "schedule", "office", "end") in nodes.sources


def test_the_average_load_moves_what_is_likely() -> None:
    nodes = items(POOL + MODEL + ", scale: {min: 2, max: 6}}\ncost: {average_load: 0.25}\n")["gpu_pool.gpus/node-pool"]
    assert quantities(nodes) == (2 * HOURS, 3 * HOURS, 8 * HOURS)
    assert ("cost", "average_load") in nodes.sources


def test_a_pool_that_nobody_uses_costs_its_floor() -> None:
    found = items(POOL.replace("min: 0", "min: 2"))
    assert quantities(found["gpu_pool.gpus/nodes"]) == (2 * HOURS, 2 * HOURS, 2 * HOURS)
    assert quantities(found["gpu_pool.gpus/node-pool"]) == (0, 0, 6 * HOURS)


def test_a_floor_is_used_before_nodes_are_added() -> None:
    found = items(POOL.replace("min: 0", "min: 2") + MODEL + ", scale: {min: 1, max: 4}}\n")
    assert quantities(found["gpu_pool.gpus/node-pool"]) == (0, 1 * HOURS, 6 * HOURS)
    assert found["gpu_pool.gpus/nodes"].shares == (Share("model.chat", None, 0.5, 0.75, 1.0),)


def test_models_share_nodes_with_several_gpus() -> None:
    pool = "gpu_pools:\n  gpus: {accelerator: l4, instances: [g6.12xlarge], capacity: {nodes: {max: 2}}}\n"
    other = MODEL.replace("chat:", "other:").removeprefix("models:\n")
    nodes = items(pool + MODEL + ", scale: {min: 2}}\n" + other + ", scale: {min: 1}}\n")["gpu_pool.gpus/node-pool"]
    assert quantities(nodes) == (HOURS, HOURS, 2 * HOURS)
    assert [(share.declaration, share.likely) for share in nodes.shares] == [("model.chat", 0.5), ("model.other", 0.25)]


def test_tokens_cost_what_the_file_declares() -> None:
    external = "external: {provider: bedrock, model: anthropic.claude-sonnet-4-20250514-v1:0}"
    text = f"models:\n  c: {{{external}, price: {{input_usd_per_mtok: 3, output_usd_per_mtok: 15}}, traffic: {{input_mtok_per_month: 100, output_mtok_per_month: 10}}}}\n"
    found = estimate([one for one in items(text).values() if one.declaration == "model.c"], prices())
    assert found.total == Range(450, 450, 450)
    silent = items(text.split(", traffic")[0] + "}\n")["model.c/tokens-usage"]
    assert not silent.counted
    assert "add `traffic` to model.c" in silent.note


def test_a_capacity_block_adds_nothing_to_a_month() -> None:
    program = compiled(Case("capacity-block", None)).program
    assert program is not None
    nodes = next(one for one in program.costs if one.id == "gpu_pool.h100/nodes")
    assert quantities(nodes) == (0, 0, 0)
    assert "paid when it is bought" in nodes.note


def test_prices_of_ones_own_come_first() -> None:
    own = """apiVersion: platformspec.dev/v1
kind: Prices
sources: {agreement: {text: private agreement 4410, date: "2026-09-01"}}
regions: {us-east-1: {ec2/g6.xlarge: {usd: 0.5, per: hour, source: agreement}}}
"""
    c = compiled_text(POOL + MODEL + "}\ncost: {prices: prices.yaml}\n", **{"prices.yaml": own})
    assert c.estimate is not None
    line = next(line for line in c.estimate.lines if line.item.id == "gpu_pool.gpus/node-pool")
    assert line.likely.usd == 0.5 * HOURS
    assert "2026-09-01  private agreement 4410" in cost_text.render(cost_report(c, None))


@pytest.mark.parametrize("case", cases(), ids=str)
@pytest.mark.parametrize("by", [None, "team", "model", "pool"])
def test_forms_agree(case: Case, by: str | None) -> None:
    report = cost_report(compiled(case), by)
    data = json.loads(cost_json.render(report))
    jsonschema.validate(data, cost_json.SCHEMA)
    likely = f"{data['total']['likely']:,.2f}"
    assert re.search(rf"^total .* {re.escape(likely)} ", cost_text.render(report), re.MULTILINE)
    assert f"| total | {data['total']['least']:,.2f} | {likely} |" in cost_markdown.render(report)


def test_prices_of_another_region_say_so() -> None:
    text = cost_text.render(cost_report(compiled(Case("quickstart", None)), None))
    assert "ec2/g6.xlarge $0.8048 per hour*" in text
    assert "* us-east-1 price, eu-central-1 not in the table" in text


@pytest.mark.parametrize("case", cases(), ids=str)
def test_the_readme_of_an_example_states_its_cost(case: Case) -> None:
    found = compiled(case).estimate
    assert found is not None
    sum = found.total
    wanted = f"likely ${sum.likely:,.0f} a month, between ${sum.least:,.0f} and ${sum.most:,.0f}"
    readme = " ".join((ROOT / "examples" / case.example / "README.md").read_text("utf-8").split())
    assert wanted in readme, f"examples/{case.example}/README.md must say of {case}: {wanted}"


def test_extended_support_is_billed_where_a_cluster_stays_on_an_old_version() -> None:
    patch = '{resource: cluster, set: {"/upgrade_policy/0/support_type": EXTENDED}}'
    text = f'clusters:\n  main: {{kubernetes: "1.34", extend: [{patch}]}}\n'
    keys = []
    for day in (datetime.date(2026, 12, 1), datetime.date(2027, 1, 15)):
        program = compiled_text(text, day).program
        assert program is not None
        keys += [one.likely[0].key for one in program.costs if one.id == "cluster.main/cluster"]
    assert keys == ["eks/control-plane", "eks/control-plane-extended-support"]


@pytest.mark.parametrize("case", cases(), ids=str)
def test_the_pods_of_every_model_are_counted(case: Case) -> None:
    program = compiled(case).program
    assert program is not None
    assert not [one.id for one in program.costs if one.id.endswith("/gpus")]


@pytest.mark.parametrize(
    ("declaration", "resource", "patch"),
    [
        ("gpu_pools", "node-pool", '"/spec/limits": null'),
        ("gpu_pools", "node-pool", '"/spec/limits/nodes": many'),
        ("gpu_pools", "node-pool", '"/spec/template/spec/requirements": null'),
        ("gpu_pools", "node-class", '"/spec/blockDeviceMappings": null'),
        ("models", "deployment", '"/spec/replicas": several'),
        ("models", "deployment", '"/spec/template/spec": null'),
        ("models", "scaled-object", '"/spec/maxReplicaCount": lots'),
        ("models", "scaled-object", '"/spec/scaleTargetRef": null'),
    ],
)
def test_a_patch_of_any_shape_is_no_bug_of_ours(declaration: str, resource: str, patch: str) -> None:
    extend = f"extend: [{{resource: {resource}, set: {{{patch}}}}}]"
    pool = POOL.rstrip("}\n") + "}}" + (f", {extend}" if declaration == "gpu_pools" else "") + "}\n"
    model = MODEL + ", scale: {min: 1, max: 3}" + (f", {extend}" if declaration == "models" else "") + "}\n"
    assert items(pool + model)
