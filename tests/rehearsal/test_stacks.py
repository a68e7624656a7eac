"""Real terraform initialises, validates, plans, applies and destroys the golden stacks on a stage."""

from __future__ import annotations

import json
import pathlib

import pytest

from platformspec.lower.stage import Stage
from tests.support.rehearsed import GOLDENS, golden_stacks, needs_terraform

QUICK = "quickstart"
# Of these types AWS keeps something after a destroy.
RETAINED = {"aws_kms_key", "aws_secretsmanager_secret", "aws_rds_cluster"}


@needs_terraform
@pytest.mark.parametrize(
    "golden", [pytest.param(name, marks=() if name == QUICK else pytest.mark.slow) for name in GOLDENS]
)
def test_a_platform_comes_stays_and_goes(golden: str, tmp_path: pathlib.Path, stage: Stage) -> None:
    stacks = golden_stacks(golden, tmp_path, stage)
    stacks.apply()
    for stack in stacks.order:
        stacks.must(stack, "validate")
        again = stacks.terraform(stack, "plan", "-input=false", "-detailed-exitcode")
        assert again.code == 0, f"the second plan of {stack} is not empty:\n{again.out[-4000:]}"
    declared = [
        type
        for file in stacks.folder.glob("*/cdk.tf.json")
        for type, named in json.loads(file.read_text("utf-8"))["resource"].items()
        for _ in named
    ]
    assert stage.summary().resources == {type: declared.count(type) for type in set(declared)}
    stacks.unprotect()
    for stack in stacks.order:
        stacks.must(stack, "apply", "-auto-approve", "-input=false")
    stacks.destroy()
    after = stage.summary()
    assert after.resources == {}
    assert bool(after.retained) == bool(RETAINED & set(declared))
    assert "simulated" in after.lines[0]
