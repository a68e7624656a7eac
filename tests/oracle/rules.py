"""CEL rules (`x-kubernetes-validations`) of custom resource definitions.

Engine: PyPI `common-expression-language` (Rust). Measured against `cel-python` 0.5 on the 410 distinct rules of the
definitions at hand, both compile all of them, but cel-python computes `1 + true == 2`, refuses `'a' == 1` (Kubernetes:
false) and takes about eighty times as long. What the Rust engine does otherwise than Kubernetes:
  * `size` of a string counts bytes, and some functions are absent: see cel_functions.
  * `exists` gives up on an item that raises an error where the standard lets a later true item win. An error counts as
    a broken rule here and on the server, so this can refuse too much, never too little.
  * No `?.` and `[?]` (no rule at hand uses them): such a rule is reported as one that cannot be evaluated.
"""

from __future__ import annotations

import base64
import datetime as dt
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

import cel

from tests.oracle.cel_functions import FUNCTIONS, RENAMED
from tests.oracle.problem import Problem, child
from tests.oracle.structural import Schema

# What the engine raises for what CEL calls an error.
ENGINE_ERRORS = (RuntimeError, TypeError, LookupError, ValueError, ArithmeticError, AttributeError)

Fate = Literal["evaluated", "transition", "unsupported"]

_SOURCE = re.compile(
    r'''(?P<text>[bB]?[rR][bB]?(?:"""(?s:.*?)"""|\'\'\'(?s:.*?)\'\'\'|"[^"]*"|'[^']*')'''
    r'''|[bB]?(?:"""(?s:.*?)"""|\'\'\'(?s:.*?)\'\'\'|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'))'''
    r"|\b(?P<call>size|matches)\b(?=\s*\()"
)
# Functions that the engine brings along; the names of operators (`_==_`, `@in`, `_[_]`) contain a sign.
_BUILT_IN = frozenset(
    [
        "all",
        "bool",
        "bytes",
        "contains",
        "double",
        "duration",
        "dyn",
        "endsWith",
        "exists",
        "exists_one",
        "existsOne",
        "filter",
        "getDate",
        "getDayOfMonth",
        "getDayOfWeek",
        "getDayOfYear",
        "getFullYear",
        "getHours",
        "getMilliseconds",
        "getMinutes",
        "getMonth",
        "getSeconds",
        "has",
        "hasValue",
        "int",
        "map",
        "or",
        "orValue",
        "startsWith",
        "string",
        "timestamp",
        "type",
        "uint",
        "value",
    ]
)
# apiserver/pkg/cel/escaping.go
_RESERVED = frozenset(
    [
        "true",
        "false",
        "null",
        "in",
        "as",
        "break",
        "const",
        "continue",
        "else",
        "for",
        "function",
        "if",
        "import",
        "let",
        "loop",
        "package",
        "namespace",
        "return",
        "var",
        "void",
        "while",
    ]
)
_ESCAPES = re.compile(r"__|\.|-|/")
_ESCAPED = {"__": "__underscores__", ".": "__dot__", "-": "__dash__", "/": "__slash__"}


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule at one place of one schema, and what becomes of it here."""

    path: str
    text: str
    fate: Fate
    reason: str = ""


def escaped(name: str) -> str:
    """A property's name as rules write it: `foo-bar` is `foo__dash__bar`, `namespace` is `__namespace__`."""
    if name in _RESERVED:
        return f"__{name}__"
    return _ESCAPES.sub(lambda found: _ESCAPED[found.group()], name)


def translated(source: str) -> str:
    """The rule with the functions of RENAMED called by their new names; what stands in strings stays."""
    return _SOURCE.sub(lambda found: found["text"] or RENAMED[found["call"]], source)


@cache
def compiled(source: str) -> cel.Program:
    """The program of an expression, kept. Raises ValueError if the engine cannot parse it."""
    return cel.compile(translated(source))


@cache
def fate_of(source: str, optional_old_self: bool = False) -> tuple[Fate, str]:
    """Whether a rule is evaluated here, and if not why."""
    try:
        program = compiled(source)
    except ValueError as error:
        return "unsupported", str(error).splitlines()[0]
    if "oldSelf" in program.variables() and not optional_old_self:
        return "transition", "compares with the object's former state"
    unknown = sorted(
        name for name in program.functions() if name.isidentifier() and name not in FUNCTIONS and name not in _BUILT_IN
    )
    if unknown:
        return "unsupported", f"no function {', '.join(unknown)}"
    return "evaluated", ""


def rules_of(schema: Schema, path: str) -> Iterator[tuple[Rule, Schema]]:
    """Every rule of a schema and of all below, with the schema that it stands in."""
    for rule in schema.get("x-kubernetes-validations", ()):
        yield Rule(path, rule["rule"], *fate_of(rule["rule"], rule.get("optionalOldSelf", False))), schema
    for name, below in schema.get("properties", {}).items():
        yield from rules_of(below, child(path, name))
    if isinstance(schema.get("items"), dict):
        yield from rules_of(schema["items"], f"{path}[*]")
    if isinstance(schema.get("additionalProperties"), dict):
        yield from rules_of(schema["additionalProperties"], f"{path}[*]")


def rule_problems(value: Any, schema: Schema, path: str) -> tuple[Problem, ...]:
    """Every rule that a value, after defaults and structurally sound, breaks, at each level."""
    problems: list[Problem] = []
    _visit(value, schema, path, problems, cel.Context({}, FUNCTIONS))
    return tuple(problems)


def cel_value(value: Any, schema: Schema) -> Any:
    """A value as rules see it: names escaped, times and bytes typed, fields that the schema does not name left out."""
    return _visit(value, schema, "", None, None)


def outcome(rule: str, self_value: Any) -> bool:
    """Evaluate one rule on a value made by `cel_value`. Raises one of ENGINE_ERRORS."""
    return compiled(rule).execute(cel.Context({"self": self_value}, FUNCTIONS)) is True


def _visit(value: Any, schema: Schema, path: str, problems: list[Problem] | None, context: cel.Context | None) -> Any:
    """Convert bottom-up and evaluate on the way, so that each value is converted once however many rules stand above."""
    seen: Any
    if isinstance(value, dict) and ("properties" in schema or "additionalProperties" in schema):
        properties, extra = schema.get("properties", {}), schema.get("additionalProperties")
        seen = {}
        for key, item in value.items():
            if key in properties:
                seen[escaped(key)] = _visit(item, properties[key], child(path, key), problems, context)
            elif isinstance(extra, dict):
                seen[key] = _visit(item, extra, child(path, key), problems, context)
    elif isinstance(value, list) and isinstance(schema.get("items"), dict):
        seen = [_visit(item, schema["items"], child(path, at), problems, context) for at, item in enumerate(value)]
    else:
        seen = _scalar(value, schema)
    rules = schema.get("x-kubernetes-validations")
    # A null is never given to a rule: whoever cares asks the object around it.
    if rules and problems is not None and context is not None and value is not None:
        context.add_variable("self", seen)
        problems.extend(problem for rule in rules if (problem := _broken(rule, path, context)))
    return seen


def _scalar(value: Any, schema: Schema) -> Any:
    if isinstance(value, str):
        if schema.get("format") in ("date-time", "datetime"):
            return dt.datetime.fromisoformat(value.upper())
        if schema.get("format") == "byte":
            return base64.b64decode(value)
    if isinstance(value, int) and not isinstance(value, bool) and schema.get("type") == "number":
        return float(value)
    return value


def _broken(rule: Schema, path: str, context: cel.Context) -> Problem | None:
    source = rule["rule"]
    optional = rule.get("optionalOldSelf", False)
    fate, reason = fate_of(source, optional)
    if fate == "transition":
        return None
    place = path + rule.get("fieldPath", "")
    if fate == "unsupported":
        return Problem(place, f"the rule {source!r} cannot be evaluated: {reason}")
    if optional:
        context.add_variable("oldSelf", cel.OptionalValue.none())
    try:
        result = compiled(source).execute(context)
    except ENGINE_ERRORS as error:
        return Problem(place, f"the rule {source!r} fails: {error}")
    return None if result is True else Problem(place, _message(rule, context))


def _message(rule: Schema, context: cel.Context) -> str:
    """A usable `messageExpression`, or `message`, or the rule: the server's order."""
    if "messageExpression" in rule:
        try:
            text = compiled(rule["messageExpression"]).execute(context)
        except ENGINE_ERRORS:
            text = None
        if isinstance(text, str) and text.strip() and "\n" not in text:
            return text
    return str(rule.get("message") or f"failed rule: {rule['rule']}")
