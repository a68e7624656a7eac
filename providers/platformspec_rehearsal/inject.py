"""Failures on demand: rules that make a step of a rehearsal slow, fail, hang or die.

A rule says which step and what happens to it:

    - {type: aws_eks_cluster, op: create, error: "ThrottlingException: Rate exceeded", times: 2}
    - {type: helm_release, op: "*", nth: 3, crash: true}
    - {type: Deployment, op: apply, sleep: 600}

`type` and `name` are patterns (`*`, `?`) for the Terraform type or Kubernetes kind and for the resource's name; `op` is one of
`rules_file.OPERATIONS`, a pattern too. Of the steps that match, `nth` picks one and `times` the first few. `sleep` waits (seconds), then
`error` is answered or, with `crash`, the provider dies (the API drops the connection). `when: after` does all this once the
step is done and before anybody hears of it.
"""

from __future__ import annotations

import fnmatch
import json
import os
import pathlib
import time
from dataclasses import dataclass
from typing import Any, Final

from platformspec_rehearsal.pretence import Pretence, as_json

FILE: Final = "inject.json"


@dataclass(frozen=True)
class Fault:
    """What a rule does to a step: wait, then fail with these words, or die."""

    sleep: float
    error: str | None
    crash: bool

    def happen(self) -> str | None:
        """Wait, die where the rule says so, and return the error to answer with."""
        time.sleep(self.sleep)
        if self.crash:
            os._exit(9)
        return self.error


class Injection:
    """The rules of a rehearsal; how often each matched is counted in the rehearsal's file."""

    def __init__(self, folder: pathlib.Path, pretence: Pretence) -> None:
        file = folder / FILE
        self.rules: list[dict[str, Any]] = json.loads(file.read_text("utf-8")) if file.exists() else []
        self.pretence = pretence

    def fault(self, type: str, op: str, name: str, when: str = "before") -> Fault | None:
        """What happens to this step, by the first rule that says something; None where it just runs."""
        for rule in self.rules:
            matches = (
                fnmatch.fnmatchcase(type, rule.get("type", "*"))
                and fnmatch.fnmatchcase(op, rule.get("op", "*"))
                and fnmatch.fnmatchcase(name, rule.get("name", "*"))
                and rule.get("when", "before") == when
            )
            if not matches:
                continue
            with self.pretence.writing():
                count = self.pretence.count(f"rule {as_json(rule)}")
            if count == rule.get("nth", count) and count <= rule.get("times", count):
                return Fault(rule.get("sleep", 0), rule.get("error"), rule.get("crash", False))
        return None
