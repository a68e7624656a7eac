"""Read the file of `--inject`: rules that make steps of a rehearsal fail."""

from __future__ import annotations

from typing import Any, Final

from platformspec.sdk import Code, Document, Path, Report, closest

NOT_A_RULE = Code(
    "PS751",
    "a rule for injected failures is not understood",
    explain="The file of --inject has one key, `rules`, with a list of maps. A rule may say `type` and `name` (patterns with * and ?), "
    "`op`, `nth` or `times` (which of the matching steps), `when` (before or after the step), and what happens: `sleep` in seconds, "
    "`error` with the words to fail with, `crash: true`.",
)
NO_EFFECT = Code(
    "PS752",
    "a rule for injected failures makes nothing happen",
    explain="A rule needs at least one of `sleep`, `error` and `crash: true`; without them the step just runs.",
)
OPERATIONS: Final = (
    "configure",
    "validate",
    "plan",
    "create",
    "read",
    "update",
    "delete",
    "import",
    "open",
    "apply",
    "patch",
    "list",
    "watch",
)
KEYS: Final[dict[str, tuple[tuple[type, ...], str]]] = {
    "type": ((str,), "text"),
    "op": ((str,), "text"),
    "name": ((str,), "text"),
    "nth": ((int,), "a whole number from 1"),
    "times": ((int,), "a whole number from 1"),
    "sleep": ((int, float), "a number of seconds"),
    "error": ((str,), "text"),
    "crash": ((bool,), "true or false"),
    "when": ((str,), "before or after"),
}
EFFECTS: Final = ("sleep", "error", "crash")
EXAMPLE: Final = '{type: aws_eks_cluster, op: create, error: "ThrottlingException: Rate exceeded", times: 2}'


def read_rules(document: Document, report: Report) -> list[dict[str, Any]]:
    """The rules of the file; what is wrong with them is on the report."""
    report.locate_with(document)
    for key in document.data:
        if key != "rules":
            report.error(
                NOT_A_RULE,
                f"{key} is not a key of this file",
                at=(key,),
                on_key=True,
                help="write the list under `rules:`",
            )
    rules = document.data.get("rules")
    if not isinstance(rules, list) or not rules:
        report.error(NOT_A_RULE, "there are no rules", at=("rules",), help=f"write for example rules: [{EXAMPLE}]")
        return []
    for position, rule in enumerate(rules):
        _check(rule, ("rules", position), report)
    return rules


def _check(rule: Any, at: Path, report: Report) -> None:
    if not isinstance(rule, dict):
        report.error(NOT_A_RULE, "a rule is a map", at=at, help=f"write for example {EXAMPLE}")
        return
    for key, value in rule.items():
        where = (*at, key)
        if key not in KEYS:
            near = closest(key, KEYS)
            text = f"a rule has no key {key!r}"
            report.error(
                NOT_A_RULE,
                text,
                at=where,
                on_key=True,
                help=f"write {near}" if near else f"its keys are {', '.join(KEYS)}",
            )
            continue
        types, words = KEYS[key]
        fits = isinstance(value, types) and (isinstance(value, bool) == (bool in types))
        if fits and key in ("nth", "times"):
            fits = value >= 1
        if fits and key == "sleep":
            fits = value >= 0
        if fits and key == "when":
            fits = value in ("before", "after")
        if not fits:
            report.error(NOT_A_RULE, f"{key} is {value!r}", at=where, help=f"write {words}")
        elif key == "op" and not any(mark in value for mark in "*?[") and value not in OPERATIONS:
            near = closest(value, OPERATIONS)
            report.error(
                NOT_A_RULE,
                f"no step is called {value!r}",
                at=where,
                help=f"write {near or 'one of ' + ', '.join(OPERATIONS)}",
            )
    if not any(rule.get(effect) for effect in EFFECTS):
        report.error(NO_EFFECT, "the rule makes nothing happen", at=at, help="add sleep, error or crash: true")
