"""checkov over the goldens of profile hardened. It lives in an environment of its own, because it pins an old networkx."""

from __future__ import annotations

import json
import os
import subprocess
from typing import Any

import pytest
import yaml

from tests.support.examples import ROOT

CHECKOV = os.environ.get("PLATFORMSPEC_CHECKOV")
ACCEPTED = yaml.safe_load((ROOT / "tests/checkov/accepted.yaml").read_text("utf-8"))
SCANS = (
    ("terraform_json", "golden/enterprise-prod/terraform/stacks"),
    ("kubernetes", "golden/enterprise-prod/kubernetes"),
)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not CHECKOV, reason="PLATFORMSPEC_CHECKOV names no checkov; scripts/test --all makes one"),
]


def scan(framework: str, folder: str) -> dict[str, Any]:
    command = [
        str(CHECKOV),
        "-d",
        str(ROOT / folder),
        "--framework",
        framework,
        "--skip-download",
        "--compact",
        "--quiet",
        "-o",
        "json",
    ]
    done = subprocess.run(command, capture_output=True, check=False, timeout=500, env={**os.environ, "BC_OFFLINE": "1"})
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_every_failed_check_is_accepted_with_a_reason() -> None:
    failed: dict[str, str] = {}
    for framework, folder in SCANS:
        result = scan(framework, folder)
        summary = result["summary"]
        print(framework, summary)
        # A file that checkov cannot read is skipped by it without an error.
        assert summary["parsing_errors"] == 0
        assert summary["passed"] > 100
        failed |= {
            check["check_id"]: f"{check['check_name']} ({check['resource']})"
            for check in result["results"]["failed_checks"]
        }
    assert set(failed) == set(ACCEPTED), {
        "fix these, or accept them with a reason": {key: failed[key] for key in failed.keys() - ACCEPTED.keys()},
        "no longer fail": sorted(ACCEPTED.keys() - failed.keys()),
    }
