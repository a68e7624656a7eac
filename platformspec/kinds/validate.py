"""Plain data -> specs. Finds mistakes of shape only: exactly those that the JSON Schema finds too.

References, and rules between fields, are for later passes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Protocol

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from platformspec.diagnostics import Code, Locator, Path, Report, dotted
from platformspec.diagnostics.suggest import closest
from platformspec.kinds.base import PROFILES
from platformspec.kinds.forms import FORMS
from platformspec.kinds.platform import KINDS, PlatformSpec
from platformspec.kinds.schema import fields_at, schema_at

UNKNOWN_KEY = Code(
    "PS201",
    "a key that does not exist here",
    explain="Unknown keys are errors, because a misspelt key would otherwise be ignored in silence. `platformspec schema` lists the keys of every place.",
)
MISSING_KEY = Code(
    "PS202",
    "a key that is needed is missing",
    explain="The key has no default, because no value would be right for everyone.",
)
WRONG_TYPE = Code(
    "PS203",
    "a value of another type",
    explain="Text, numbers, true and false, lists and mappings are not converted into each other. Text that looks like a number is written in quotes.",
)
NOT_A_CHOICE = Code(
    "PS204",
    "a word that is not one of the choices",
    explain="The place takes one of a fixed set of words; the message lists them.",
)
OUT_OF_RANGE = Code(
    "PS205",
    "a number or a size outside its range",
    explain="Limits of numbers, of the length of texts and of the number of entries come from what AWS, Kubernetes and the engines accept.",
)
WRONG_FORM = Code(
    "PS206",
    "a text of another form",
    explain="The place takes text of a certain form, such as a name, an address range or an identifier of AWS.",
)

TWICE = Code(
    "PS207",
    "an entry that stands twice in a list",
    explain="The entries of a list are different things; one that is repeated would have no effect.",
)


class Parsed(Locator, Protocol):
    """The part of a document that validation needs."""

    @property
    def data(self) -> dict[str, Any]: ...


def validate(document: Parsed, report: Report) -> PlatformSpec | None:
    """The platform; None where something is wrong. All mistakes are reported."""
    data = {key: value for key, value in document.data.items() if key != "include"}
    profile = data.get("profile", "standard")
    try:
        return PlatformSpec.model_validate(data, context={"profile": profile if profile in PROFILES else "standard"})
    except ValidationError as problems:
        for path, error in _distinct(problems.errors(include_url=False), data):
            _report(path, error, data, report)
        return None


def _distinct(errors: list[ErrorDetails], data: Any) -> Iterator[tuple[Path, ErrorDetails]]:
    """One error for each place, at a path of the YAML."""
    placed = [(_yaml_path(error["loc"], data), error) for error in errors]
    seen: set[tuple[Path, str]] = set()
    for path, error in placed:
        # A list counts only its good entries: "too short" follows from the errors inside.
        inside = any(other[: len(path)] == path and len(other) > len(path) for other, _ in placed)
        if error["type"] == "too_short" and inside:
            continue
        # Of the alternatives of a union one message is enough.
        key = (path, "" if error["type"].endswith("_type") else error["type"])
        if key not in seen:
            seen.add(key)
            yield path, error


def _yaml_path(location: tuple[int | str, ...], data: Any) -> Path:
    """A pydantic location without the names of alternatives, which are no keys of the YAML."""
    path: list[int | str] = []
    here = data
    for position, part in enumerate(location):
        if part == "[key]":
            continue
        last = position == len(location) - 1
        if isinstance(here, dict) and (
            part in here or (last and isinstance(part, str) and _is_field(tuple(path), part))
        ):
            path.append(part)
            here = here.get(part)
        elif isinstance(here, list) and isinstance(part, int) and part < len(here):
            path.append(part)
            here = here[part]
    return tuple(path)


def _is_field(parent: Path, name: str) -> bool:
    return name in fields_at(parent)


def _report(path: Path, error: ErrorDetails, data: Any, report: Report) -> None:
    kind, given = error["type"], error["input"]
    where = dotted(path) or "the platform"
    context: Mapping[str, Any] = error.get("ctx", {})
    if kind == "extra_forbidden":
        report.error(
            UNKNOWN_KEY,
            f"{dotted(path[:-1]) or 'the platform'} has no key {path[-1]!r}",
            at=path,
            on_key=True,
            help=_known_keys(path),
        )
    elif kind == "missing":
        report.error(
            MISSING_KEY,
            f"{where} is missing",
            at=path[:-1],
            on_key=len(path) > 1,
            help=f"add `{path[-1]}:`{_about(path)}",
        )
    elif kind in ("literal_error", "enum"):
        options = [schema_at(path), *schema_at(path).get("anyOf", ())]
        choices = [
            str(choice)
            for option in options
            for choice in option.get("enum", [option["const"]] if "const" in option else ())
        ] or [str(context.get("expected"))]
        if not isinstance(given, str):
            report.error(
                WRONG_TYPE,
                f"{where} is {_word(given)}, and takes one of: {', '.join(choices)}",
                at=path,
                help=_quote(given, choices),
            )
            return
        near = closest(given, choices)
        report.error(
            NOT_A_CHOICE,
            f"{where} cannot be {given!r}",
            at=path,
            help=f"did you mean {near}?" if near else f"write one of: {', '.join(choices)}",
        )
    elif kind == "string_pattern_mismatch":
        on_key = "[key]" in error["loc"]
        form = FORMS.get(context["pattern"], f"text that matches {context['pattern']}")
        report.error(
            WRONG_FORM, f"{_shown(given)} is not {form.split(':')[0]}", at=path, on_key=on_key, help=f"write {form}"
        )
    elif kind in ("greater_than", "greater_than_equal", "less_than", "less_than_equal"):
        word = {
            "greater_than": "more than",
            "greater_than_equal": "at least",
            "less_than": "less than",
            "less_than_equal": "at most",
        }[kind]
        limit = context[
            {"greater_than": "gt", "greater_than_equal": "ge", "less_than": "lt", "less_than_equal": "le"}[kind]
        ]
        report.error(
            OUT_OF_RANGE,
            f"{where} is {given}, and must be {word} {limit}",
            at=path,
            help=f"write a number that is {word} {limit}",
        )
    elif kind in ("string_too_short", "string_too_long", "too_short", "too_long"):
        few = "short" in kind
        limit = context["min_length" if few else "max_length"]
        what = "characters" if kind.startswith("string") else "entries"
        number = len(given) if isinstance(given, (str, list, dict, tuple)) else 0
        bound = f"at {'least' if few else 'most'} {limit}"
        report.error(
            OUT_OF_RANGE,
            f"{where} has {number} {what}, and takes {bound}",
            at=path,
            on_key="[key]" in error["loc"],
            help=f"give it {bound} {what}",
        )
    elif kind == "duplicate_entry":
        at = (*path, context["position"])
        report.error(TWICE, f"{where} has {_shown(_at(data, at))} twice", at=at, help="remove one of them")
    elif kind == "finite_number":
        report.error(OUT_OF_RANGE, f"{where} is {given}", at=path, help="write a number")
    else:
        report.error(
            WRONG_TYPE,
            f"{where} is {_word(given)}, and takes {_wanted(path)}",
            at=path,
            help=_how_to_write(path, given),
        )


def _at(data: Any, path: Path) -> Any:
    for part in path:
        data = data[part]
    return data


def _known_keys(path: Path) -> str:
    key, known = str(path[-1]), sorted(fields_at(path[:-1]))
    near = closest(key, known) or closest(_snake_case(key), known)
    if near:
        return f"did you mean {near}?"
    sections = [kind.section for kind in KINDS if kind.name == key]
    if sections and len(path) == 1:
        return f"sections are plural: {sections[0]}"
    return f"keys here: {', '.join(known)}" if known else "nothing can be written here"


def _snake_case(text: str) -> str:
    return "".join(f"_{char.lower()}" if char.isupper() else char for char in text).replace("-", "_")


def _about(path: Path) -> str:
    description = str(schema_at(path).get("description", ""))
    return f" ({description.rstrip('.')})" if description else ""


def _word(value: Any) -> str:
    if value is None:
        return "empty"
    if isinstance(value, bool):
        return f"the word {str(value).lower()}"
    if isinstance(value, (int, float)):
        return f"the number {value}" if len(repr(value)) < 40 else "a long number"
    if isinstance(value, str):
        return f"the text {_shown(value)}"
    return "a list" if isinstance(value, list) else "a mapping"


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}...'"


def _quote(given: Any, choices: list[str]) -> str:
    return f'write it in quotes: "{given}"' if str(given) in choices else f"write one of: {', '.join(choices)}"


def _wanted(path: Path) -> str:
    schema = schema_at(path)
    types = {option.get("type", "object") for option in schema.get("anyOf", [schema])} - {"null"}
    words = {
        "string": "text",
        "integer": "a whole number",
        "number": "a number",
        "boolean": "true or false",
        "array": "a list",
        "object": "a mapping",
    }
    return " or ".join(
        words[type] for type in ("string", "integer", "number", "boolean", "array", "object") if type in types
    )


def _how_to_write(path: Path, given: Any) -> str:
    wanted = _wanted(path)
    if "text" in wanted and isinstance(given, (int, float)) and not isinstance(given, bool):
        return f'write it in quotes: "{given}"'
    if wanted == "a list" and not isinstance(given, dict) and given is not None:
        return f"write a list: [{given}]"
    if wanted.endswith("number") and isinstance(given, str):
        return "write a number without quotes"
    if given is None:
        return f"write a value, or remove the key{_about(path)}"
    if wanted == "a mapping":
        known = sorted(fields_at(path))
        return (
            f"write `key: value` pairs; keys here: {', '.join(known)}"
            if known
            else "write names with their values: `name: {...}`"
        )
    return f"write {wanted}"
