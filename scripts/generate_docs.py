"""Write docs/reference/*.md from the code: the language from its schema, codes from their explanations, commands from their help.

python scripts/generate_docs.py      A test fails where the pages are stale.
"""

from __future__ import annotations

import argparse
import pathlib
import re
from collections.abc import Iterator
from typing import Any

from platformspec.cli.codes import every_code
from platformspec.cli.exit import MEANING
from platformspec.cli.main import COMMANDS, command_parser
from platformspec.kinds.base import PROFILE_DEFAULTS, REFERENCE_KIND
from platformspec.kinds.schema import platform_schema

FOLDER = pathlib.Path(__file__).resolve().parents[1] / "docs/reference"
Schema = dict[str, Any]
FAMILIES = {
    "1": "Reading files",
    "2": "Shapes of values",
    "3": "References",
    "4": "Rules and policies",
    "5": "What cannot be built",
    "6": "Plans, output and editing",
    "7": "Apply and preflight",
    "9": "Failures of the tool",
}


def pages() -> dict[str, str]:
    """File name -> text."""
    return {"language.md": language(), "codes.md": codes(), "commands.md": commands()}


def language() -> str:
    """Every key of platform.yaml."""
    schema = platform_schema()
    lines = [
        "# The language",
        "",
        "Every key of `platform.yaml`. `platformspec show --defaults` prints the defaults of your file, and an editor with the YAML language",
        "server shows these texts while you type.",
        "",
        *_table(schema),
    ]
    for name in _in_order(schema):
        spec = schema["$defs"][name]
        if spec.get("properties"):
            lines += ["", f"## {_title(name)}", "", str(spec.get("description", "")), "", *_table(spec)]
    return "\n".join(lines) + "\n"


def _in_order(schema: Schema) -> list[str]:
    """Definitions in the order in which the text refers to them."""
    order: list[str] = []
    waiting = [schema]
    while waiting:
        for name in _references(waiting.pop(0)):
            if name not in order:
                order.append(name)
                waiting.append(schema["$defs"][name])
    return order


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"].rsplit("/", 1)[-1]
        for key, item in value.items():
            if key != "$defs":
                yield from _references(item)
    elif isinstance(value, list):
        for item in value:
            yield from _references(item)


def _table(schema: Schema) -> Iterator[str]:
    yield "| key | value | default | |"
    yield "|---|---|---|---|"
    needed = schema.get("required", [])
    for key, field in schema["properties"].items():
        default = "**required**" if key in needed else _default(field)
        cells = (f"`{key}`", _type(field), default, _description(field))
        yield f"| {' | '.join(_cell(cell) for cell in cells)} |"


def _description(field: Schema) -> str:
    target = platform_schema()["$defs"].get(str(field.get("$ref", "")).rsplit("/", 1)[-1], {})
    return str(field.get("description") or target.get("description", ""))


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _default(field: Schema) -> str:
    if PROFILE_DEFAULTS in field:
        by_profile = field[PROFILE_DEFAULTS]
        values = {profile: _shown(value) for profile, value in by_profile.items()}
        if len(set(values.values())) == 1:
            return next(iter(values.values()))
        return "<br>".join(f"{profile}: {value}" for profile, value in values.items())
    default = field.get("default")
    return "" if default is None or default in ({}, []) else _shown(default)


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, list):
        return f"`[{', '.join(map(str, value))}]`"
    if isinstance(value, dict):
        return ", ".join(f"`{key}`" for key in value)
    return f"`{value}`"


def _type(field: Schema) -> str:
    options = [option for option in field.get("anyOf", field.get("oneOf", [field])) if option.get("type") != "null"]
    return " or ".join(dict.fromkeys(_one(option, field) for option in options))


def _one(schema: Schema, field: Schema) -> str:
    if "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[-1]
        target = platform_schema()["$defs"][name]
        return f"[{_title(name)}](#{_anchor(_title(name))})" if target.get("properties") else _one(target, field)
    kind = schema.get(REFERENCE_KIND) or field.get(REFERENCE_KIND)
    if kind and schema.get("type") == "string":
        return f"name of a {kind.replace('_', ' ')}"
    if "enum" in schema:
        return ", ".join(f"`{choice}`" for choice in schema["enum"])
    if "const" in schema:
        return f"`{schema['const']}`"
    if schema.get("type") == "array":
        return f"list of: {_type(schema.get('items', {}))}"
    if schema.get("type") == "object":
        inner = schema.get("additionalProperties") or next(iter(schema.get("patternProperties", {}).values()), {})
        return f"names with: {_type(inner)}" if isinstance(inner, dict) and inner else "mapping"
    words = {"string": "text", "integer": "whole number", "number": "number", "boolean": "`true` or `false`"}
    return words.get(str(schema.get("type")), "any value") + _bounds(schema)


def _bounds(schema: Schema) -> str:
    signs = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}
    found = [f"{sign} {schema[key]}" for key, sign in signs.items() if key in schema]
    return f" ({', '.join(found)})" if found else ""


def _title(name: str) -> str:
    words = re.sub(r"(?<!^)(?=[A-Z])", " ", name.removesuffix("Spec")).lower()
    return words[0].upper() + words[1:]


def _anchor(title: str) -> str:
    return title.lower().replace(" ", "-")


def codes() -> str:
    """Every diagnostic code."""
    lines = ["# Diagnostic codes", "", "`platformspec explain CODE` prints these texts."]
    family = ""
    for code in every_code():
        if code.id[2] == "8":
            continue  # defined by tests
        if code.id[2] != family:
            family = code.id[2]
            lines += ["", f"## PS{family}xx: {FAMILIES[family]}"]
        lines += ["", f"### {code.id}: {code.summary}", "", code.explain]
    return "\n".join(lines) + "\n"


def commands() -> str:
    """Every command with its arguments. Not argparse's own text, which differs between versions of Python."""
    lines = ["# Commands", "", "Each command explains itself with `--help`. Exit codes:", "", "| code | |", "|---|---|"]
    lines += [f"| {code} | {meaning} |" for code, meaning in MEANING.items()]
    for name, summary in COMMANDS.items():
        parser = command_parser(name)
        lines += ["", f"## {name}", "", f"{summary[0].upper()}{summary[1:]}.", "", "| argument | |", "|---|---|"]
        lines += [
            f"| {_cell(_argument(action))} | {_cell(action.help or '')} |"
            for action in parser._actions
            if action.dest != "help"
        ]
        if parser.epilog:
            lines += ["", "```text", parser.epilog, "```"]
    return "\n".join(lines) + "\n"


def _argument(action: argparse.Action) -> str:
    value = action.metavar or ("" if action.choices is None else "{" + ",".join(map(str, action.choices)) + "}")
    shown = str(value or ("" if action.nargs == 0 else action.dest.upper()))
    return f"`{' '.join([*action.option_strings[-1:], shown]).strip()}`"


if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, text in pages().items():
        (FOLDER / name).write_text(text, "utf-8")
