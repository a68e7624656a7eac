"""The compatibility table has a row for everything that is pinned, and its page is what the table says."""

from __future__ import annotations

import pytest
from platformspec_aws.addons import release
from platformspec_aws.compatibility import CHARTS, NODE_IMAGE
from platformspec_kubernetes import images
from platformspec_kubernetes.models import driver

from platformspec.compatibility import table
from platformspec.compatibility.table import Driver, EngineImage, KubernetesRange
from platformspec.driver import Compilation
from scripts.generate_compatibility import PAGE, page
from tests.unit.test_cases import compile_case

SERVED = """\
gpu_pools: {l40s: {accelerator: l40s, gpus_per_node: 1}}
models: {chat: {source: {hugging_face: Qwen/Qwen3-8B}}}
"""


def compiled(sections: str) -> Compilation:
    return compile_case({"sections": sections})[0]


def test_every_chart_has_a_row_of_its_version() -> None:
    rows = {name: row.version for name, row in table.controllers().items()}
    pinned = {name: chart.version for name, chart in CHARTS.items()}
    missing = sorted(name for name, version in pinned.items() if rows.get(name) != version)
    assert not missing, f"compatibility.json has no row for these versions: {missing}"
    assert not set(rows) - set(pinned), "rows of charts that nobody installs"


def test_the_node_image_has_a_row() -> None:
    assert NODE_IMAGE in table.node_images()


@pytest.mark.parametrize("image", [images.VLLM, images.SGLANG, images.TRITON])
def test_the_engines_have_rows(image: str) -> None:
    assert image in table.engine_images()


def test_every_row_has_a_source() -> None:
    everything = [table.controllers(), table.features(), table.node_images(), table.gpus(), table.cuda()]
    assert all(len(row.source) > 20 for rows in [*everything, table.engine_images()] for row in rows.values())
    for row in table.controllers().values():
        assert (row.claim is None) == (row.first is None and row.last is None), row.name


def test_the_page_is_fresh() -> None:
    assert PAGE.read_text("utf-8") == page(), "run scripts/generate_compatibility.py"


@pytest.mark.parametrize(
    ("kubernetes", "place"), [("1.9", "before"), ("1.33", "within"), ("1.35", "within"), ("1.36", "after")]
)
def test_versions_are_numbers(kubernetes: str, place: str) -> None:
    assert KubernetesRange("x", "1", "1.33", "1.35", "tested", "").place(kubernetes) == place


def test_a_controller_that_does_not_support_the_version_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = table.controllers()
    rows["karpenter"] = KubernetesRange("karpenter", "1.14.1", "1.30", "1.34", "supported", "its matrix")
    monkeypatch.setattr(release, "controllers", lambda: rows)
    errors = compiled(SERVED).report.errors
    assert [(d.code.id, d.help) for d in errors] == [("PS491", 'write `kubernetes: "1.34"`')]


def test_an_engine_whose_cuda_is_too_new_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    row = EngineImage(images.VLLM, "14", Driver("14", 620, "its notes"), "its wheel")
    monkeypatch.setattr(driver, "engine_images", lambda: {images.VLLM: row})
    errors = compiled(SERVED).report.errors
    assert [d.code.id for d in errors] == ["PS493"]
    assert "driver 620 or newer, and the nodes have 580" in errors[0].message
