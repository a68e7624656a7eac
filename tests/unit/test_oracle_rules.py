"""Schemas and CEL rules of all definitions at hand, and the Kubernetes dialect of CEL."""

from __future__ import annotations

import time
from collections import Counter
from typing import Any

import pytest

from tests.oracle import FOLDER_VARIABLE, Definitions, Problem, default_oracle, definitions_folder
from tests.oracle.regex import go_regex
from tests.oracle.rules import ENGINE_ERRORS, Rule, cel_value, escaped, fate_of, outcome, rule_problems, translated
from tests.oracle.specimens import specimens
from tests.oracle.structural import Schema, defaulted, structural_problems
from tests.unit.test_oracle_kinds import SAMPLES


@pytest.fixture(scope="module")
def definitions() -> Definitions:
    """All definitions of the folder."""
    folder = definitions_folder()
    if folder is None:
        pytest.skip(f"{FOLDER_VARIABLE} names no folder of custom resource definitions")
    return Definitions(folder)


def all_rules(definitions: Definitions) -> list[tuple[str, Rule, Schema]]:
    """Every rule of every version, with the kind."""
    return [
        (f"{definition.kind} {version.name}", rule, schema)
        for definition in definitions.values()
        for version in definition.versions.values()
        for rule, schema in version.rules()
    ]


def test_every_definition_has_a_schema(definitions: Definitions) -> None:
    folder = definitions_folder()
    assert folder is not None
    assert len(definitions) == len(list(folder.glob("*.json")))
    for definition in definitions.values():
        assert any(version.served for version in definition.versions.values())
        for version in definition.versions.values():
            assert version.body["type"] == "object"
            assert set(version.body["properties"]) > {"apiVersion", "kind", "metadata"}, definition.kind


def test_every_rule_but_transitions_is_evaluated(definitions: Definitions) -> None:
    """On a small or a full value of its own place: a rule that errs on all of them was never really run."""
    rules = all_rules(definitions)
    counts = Counter(rule.fate for _, rule, _ in rules)
    distinct = Counter({rule.text: rule.fate for _, rule, _ in rules}.values())
    print(f"rules: {dict(counts)}; distinct: {dict(distinct)}; by comparison with the former object (not evaluated):")
    for text in sorted({rule.text for _, rule, _ in rules if rule.fate == "transition"}):
        print(f"  {text}")
    assert not [(where, rule) for where, rule, _ in rules if rule.fate == "unsupported"]
    never_run = [
        (where, rule.path, rule.text)
        for where, rule, schema in rules
        if rule.fate == "evaluated" and not any(runs(rule, specimen, schema) for specimen in specimens(schema))
    ]
    assert never_run == []
    assert all("oldSelf" in rule.text for _, rule, _ in rules if rule.fate == "transition")


def runs(rule: Rule, specimen: Any, schema: Schema) -> bool:
    """Whether a rule comes to an answer."""
    try:
        outcome(rule.text, cel_value(specimen, schema))
    except ENGINE_ERRORS:
        return False
    return True


def test_every_pattern_of_every_schema_can_be_used(definitions: Definitions) -> None:
    patterns = {
        pattern
        for definition in definitions.values()
        for version in definition.versions.values()
        for pattern in patterns_of(version.schema)
    }
    assert len(patterns) > 50
    for pattern in patterns:
        go_regex(pattern)


def patterns_of(node: Any) -> set[str]:
    """Every `pattern` anywhere below."""
    if isinstance(node, list):
        return set().union(*map(patterns_of, node))
    if not isinstance(node, dict):
        return set()
    own = {node["pattern"]} if isinstance(node.get("pattern"), str) else set()
    return own.union(*map(patterns_of, node.values()))


@pytest.mark.parametrize(
    ("rule", "value", "expected"),
    [
        ("self.size() == 2", "né", True),
        ("size(self) == 1 && self.size() == 1", {"size(": 1}, True),
        ("self.matches('^a$')", "a\n", False),
        ("self == 'size(x)'", "size(x)", True),
        ("self.find('[0-9]+') == '12'", "a12b3", True),
        ("self.find('x') == ''", "a12b3", True),
        ("self.findAll('[0-9]+') == ['12', '3'] && self.findAll('[0-9]+', 1) == ['12']", "a12b3", True),
        ("self.split('@')[0] == 'a' && self.split('@', 1) == ['a@b']", "a@b", True),
        ("self.lowerAscii() == 'Äa' && self.upperAscii() == 'ÄA'", "Äa", True),
        ("self.substring(2) == 'c' && self.substring(0, 2) == 'ab'", "abc", True),
        ("self.replace('a', 'x') == 'xbx' && self.replace('a', 'x', 1) == 'xba'", "aba", True),
        ("self.trim() == 'a' && self.indexOf('a') == 1 && self.lastIndexOf('a') == 1", " a ", True),
        ("self.isSorted() && self.sum() == 6 && self.min() == 1 && self.max() == 3", [1, 2, 3], True),
        ("self.indexOf(2) == 1 && self.indexOf(4) == -1", [1, 2, 2], True),
        ("self.join('-') == 'a-b'", ["a", "b"], True),
        ("isIP('10.0.0.1') && isIP('::1') && !isIP('a') && isCIDR('10.0.0.0/8') && isURL('https://a/b')", 1, True),
        ("duration(self) > duration('1h')", "90m", True),
        ("self == 'a'", 1, False),
        ("has(self.a) && self.__namespace__ == 1 && self.a__dash__b == 2", {"a": 0, "namespace": 1, "a-b": 2}, True),
        ("self.?a.orValue(1) == 1", {}, None),
    ],
)
def test_the_dialect(rule: str, value: Any, expected: bool | None) -> None:
    properties = {key: {"type": "integer"} for key in value} if isinstance(value, dict) else {}
    schema = {"properties": properties, "additionalProperties": False} if properties else {}
    if expected is None:
        assert fate_of(rule)[0] == "unsupported"
    else:
        assert outcome(rule, cel_value(value, schema)) is expected


def test_function_names_in_strings_are_left_alone() -> None:
    source = r"""self.matches("size(\"") && x.size() == 'matches(' && r'\size(' != '''size(''' && resize(1)"""
    wanted = r"""self.k8sMatches("size(\"") && x.k8sSize() == 'matches(' && r'\size(' != '''size(''' && resize(1)"""
    assert translated(source) == wanted


@pytest.mark.parametrize(
    ("name", "written"),
    [("a-b", "a__dash__b"), ("a.b/c", "a__dot__b__slash__c"), ("a__b", "a__underscores__b"), ("in", "__in__")],
)
def test_names_are_escaped(name: str, written: str) -> None:
    assert escaped(name) == written


@pytest.mark.parametrize(
    ("pattern", "text", "found"),
    [
        ("^a$", "a\n", False),
        (r"^\d$", "٣", False),
        (r"^(?i)\.?[a-z]+$", "ABC", True),
        (r"^(a(?i)b|c)d$", "aBd", True),
        (r"^(a(?i)b|c)d$", "CD", False),
        (r"^[[:alpha:]$]+$", "a$", True),
        (r"^\$\z", "$", True),
        (r"^(?:[-A-Za-z0-9/._~!$&'()*+,;=:@]|[%][0-9a-fA-F]{2})+$", "/a(b)$%2f", True),
        (r"^(?P<year>\d+)|(?<month>x)$", "2026", True),
    ],
)
def test_patterns_are_read_as_go_reads_them(pattern: str, text: str, found: bool) -> None:
    assert (go_regex(pattern).search(text) is not None) is found


RULED: Schema = {
    "type": "object",
    "properties": {
        "list": {
            "type": "array",
            "items": {"type": "integer", "x-kubernetes-validations": [{"rule": "self > 0", "message": "positive"}]},
        },
        "map": {
            "type": "object",
            "additionalProperties": {"type": "string", "x-kubernetes-validations": [{"rule": "self != ''"}]},
        },
        "least": {"type": "integer", "default": 2},
        "maybe": {
            "type": "string",
            "nullable": True,
            "x-kubernetes-validations": [{"rule": "self == 'x'", "message": "x"}],
        },
    },
    "x-kubernetes-validations": [
        {"rule": "self.least < 3", "messageExpression": "'least is ' + string(self.least)", "fieldPath": ".least"},
        {"rule": "self.list.size() < 9", "messageExpression": "1 / 0", "message": "too long"},
        {"rule": "self.least >= oldSelf.least", "message": "may not sink"},
        {"rule": "nothing(self)", "message": "no such function"},
    ],
}


def test_rules_hold_at_every_level_and_after_defaults() -> None:
    value = defaulted({"list": [1, 0], "map": {"a.b/c": ""}, "maybe": None}, RULED)
    assert value["least"] == 2
    assert rule_problems(value, RULED, "spec") == (
        Problem("spec.list[1]", "positive"),
        Problem("spec.map[a.b/c]", "failed rule: self != ''"),
        Problem("spec", "the rule 'nothing(self)' cannot be evaluated: no function nothing"),
    )
    found = rule_problems({"least": 5, "list": [1] * 9}, RULED, "spec")
    assert Problem("spec.least", "least is 5") in found
    assert Problem("spec", "too long") in found


STRICT: Schema = {
    "type": "object",
    "required": ["name"],
    "properties": {
        "name": {"type": "string", "minLength": 2, "maxLength": 3, "nullable": False},
        "port": {"x-kubernetes-int-or-string": True, "anyOf": [{"type": "integer"}, {"type": "string"}]},
        "free": {
            "type": "object",
            "x-kubernetes-preserve-unknown-fields": True,
            "properties": {"a": {"type": "boolean"}},
        },
        "tags": {"type": "array", "items": {"type": "string"}, "x-kubernetes-list-type": "set"},
        "rows": {
            "type": "array",
            "x-kubernetes-list-type": "map",
            "x-kubernetes-list-map-keys": ["k", "p"],
            "items": {
                "type": "object",
                "properties": {"k": {"type": "string"}, "p": {"type": "string", "default": "TCP"}},
            },
        },
        "size": {"type": "integer", "format": "int32", "minimum": 0, "exclusiveMinimum": True, "multipleOf": 2},
        "when": {"type": "string", "format": "date-time"},
        "ip": {"type": "string", "oneOf": [{"format": "ipv4"}, {"format": "ipv6"}]},
        "template": {
            "type": "object",
            "x-kubernetes-embedded-resource": True,
            "x-kubernetes-preserve-unknown-fields": True,
        },
        "level": {"type": "string", "enum": ["a"], "not": {"pattern": "^a"}},
        "void": {"type": "object"},
    },
}


@pytest.mark.parametrize(
    ("change", "path", "says"),
    [
        ({"name": None}, "name", "is required"),
        ({"name": "é" * 4}, "name", "4 characters, at most 3"),
        ({"name": "x"}, "name", "at least 2"),
        ({"name": True}, "name", "must be of type string: true"),
        ({"port": 1.5}, "port", "integer or a string"),
        ({"port": True}, "port", "integer or a string"),
        ({"free": {"a": "yes"}}, "free.a", "must be of type boolean"),
        ({"tags": ["x", "x"]}, "tags[1]", "stands twice"),
        ({"rows": [{"k": "a"}, {"k": "a", "p": "TCP"}]}, "rows[1]", "stands twice"),
        ({"size": 0}, "size", "below the minimum"),
        ({"size": 3}, "size", "not a multiple of 2"),
        ({"size": 2**31}, "size", "int32"),
        ({"size": True}, "size", "must be of type integer"),
        ({"when": "2026-02-30T00:00:00Z"}, "when", "date-time"),
        ({"ip": "10.0.0.256"}, "ip", "fits 0 of the forms"),
        ({"template": {"spec": {}}}, "template.kind", "must name it"),
        ({"level": "a"}, "level", "must not fit"),
        ({"level": "b"}, "level", "is not one of"),
        ({"void": {"x": 1}}, "void.x", "unknown field"),
        ({"x/y": 1}, "[x/y]", "unknown field"),
    ],
)
def test_structural_validation(change: dict[str, Any], path: str, says: str) -> None:
    good = {
        "name": "ab",
        "port": "http",
        "free": {"a": True, "b": {"c": 1}},
        "tags": ["x", "y"],
        "rows": [{"k": "a"}, {"k": "a", "p": "UDP"}],
        "size": 2.0,
        "when": "2026-01-31T00:00:00Z",
        "ip": "::1",
        "template": {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x"}},
        "void": None,
    }
    assert list(structural_problems(defaulted(good, STRICT), STRICT, "")) == []
    found = list(structural_problems(defaulted({**good, **change}, STRICT), STRICT, ""))
    assert any(problem.path == path and says in problem.message for problem in found), found


def test_two_hundred_objects_take_at_most_ten_seconds_of_cpu() -> None:
    oracle = default_oracle()
    start = time.process_time()
    for number in range(200):
        oracle.problems(SAMPLES[number % len(SAMPLES)]["object"])
    assert time.process_time() - start < 10
