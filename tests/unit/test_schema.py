"""The JSON Schema: fresh, described, and in agreement with the compiler."""

from __future__ import annotations

import copy
import random
import sys
from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from platformspec.diagnostics import Path, Report
from platformspec.kinds.schema import fragment_schema, platform_schema
from platformspec.kinds.validate import validate
from tests.support.examples import ROOT, cases, compiled
from tests.support.platforms import PlainDocument
from tests.unit.test_cases import CASES, compile_case

sys.path.insert(0, str(ROOT / "scripts"))
from generate_schemas import schemas, text

VALIDATOR = jsonschema.Draft202012Validator(platform_schema())


@pytest.mark.parametrize("name", sorted(schemas()))
def test_committed_schemas_are_fresh(name: str) -> None:
    assert (ROOT / "schemas" / name).read_text("utf-8") == text(schemas()[name]), "run scripts/generate_schemas.py"


@pytest.mark.parametrize("name", sorted(schemas()))
def test_schemas_are_schemas(name: str) -> None:
    jsonschema.Draft202012Validator.check_schema(schemas()[name])


def test_every_field_is_described() -> None:
    for where, schema in {"platform": platform_schema(), **platform_schema()["$defs"]}.items():
        for name, field in schema.get("properties", {}).items():
            referred = platform_schema()["$defs"].get(field.get("$ref", "").rsplit("/", 1)[-1], {})
            assert len(field.get("description") or referred.get("description", "")) > 3, f"{where}.{name}"


def test_fragments() -> None:
    fragment = jsonschema.Draft202012Validator(fragment_schema())
    for path in sorted(ROOT.glob("examples/enterprise/teams/*.yaml")):
        assert not list(fragment.iter_errors(yaml.safe_load(path.read_text("utf-8"))))
    assert list(fragment.iter_errors({"apiVersion": "platformspec.dev/v1"}))


def findings(data: Any) -> list[tuple[Path, str]]:
    report = Report()
    validate(PlainDocument(data), report)
    return [(d.path, f"{d.code.id} {d.message}") for d in report]


def rejected(error: jsonschema.ValidationError) -> Iterator[Path]:
    """Where the schema rejects: of alternatives, those whose form fits at all."""
    branches: dict[Any, list[jsonschema.ValidationError]] = {}
    for inner in error.context or ():
        branches.setdefault(inner.relative_schema_path[0], []).append(inner)
    fitting = [
        found
        for found in branches.values()
        if not any(inner.validator == "type" and not inner.relative_path for inner in found)
    ]
    if not fitting:
        yield tuple(error.absolute_path)
    for found in fitting:
        for inner in found:
            yield from rejected(inner)


def agree(data: Any) -> None:
    ours, theirs = findings(data), list(VALIDATOR.iter_errors(data))
    assert bool(ours) == bool(theirs), (ours[:3], [error.message for error in theirs[:3]])
    places = {place for error in theirs for place in rejected(error)}
    for path, message in ours:
        # An unknown key, and an entry that stands twice, are mistakes of what they stand in; below a wrong name the schema does not look.
        assert any(path[:length] in places for length in range(len(path) + 1)), (path, message, places)


@pytest.mark.parametrize("case", [case for case in CASES if "environment" not in case.values[0]])
def test_agreement_on_cases(case: dict[str, Any]) -> None:
    compilation, _ = compile_case(case)
    if compilation.document is not None:
        agree(compilation.document.data)


DOCUMENTS: list[Any] = [compiled(case).document.data for case in cases()]  # type: ignore[union-attr]
STRANGE = [
    None, True, False, 0, -1, 1, 2.0, 2.5, 10**30, 1e300, "", "x", "X", "a\n", "no spaces ", "ä", "1", "10.0.0.0/16", "10.0.0.0/16\n", "eu-central-1\n",
    [], ["x"], [1], {}, {"x": 1}, [{}], {"a b": {}}, {"fallback": "chat"}, "chat\n", "model.chat", "a" * 300, "2027-01-01", "2027-13-01",
]  # fmt: skip


def places(data: Any, path: Path = ()) -> Iterator[Path]:
    if path:
        yield path
    items = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, value in items:
        yield from places(value, (*path, key))


def mutate(data: Any, chooser: random.Random) -> Any:
    """The document with one thing changed at a random place."""
    changed = copy.deepcopy(data)
    path = chooser.choice(list(places(changed)))
    owner = changed
    for part in path[:-1]:
        owner = owner[part]
    kind = chooser.randrange(5)
    if kind == 0 and isinstance(owner, dict):
        del owner[path[-1]]
    elif kind == 1 and isinstance(owner, dict):
        owner[chooser.choice(["extra", "name\n", "Name", "", "protect", "allow"])] = chooser.choice(STRANGE)
    elif kind == 2 and isinstance(owner[path[-1]], str):
        owner[path[-1]] += chooser.choice(["\n", " ", "x", "\u00e9", "/"])
    elif kind == 3 and isinstance(owner[path[-1]], int):
        owner[path[-1]] = float(owner[path[-1]])
    else:
        owner[path[-1]] = chooser.choice(STRANGE)
    return changed


@settings(max_examples=600, deadline=None)
@given(st.integers(0, len(DOCUMENTS) - 1), st.integers(0, 2**32), st.integers(1, 3))
def test_agreement_on_generated_documents(which: int, seed: int, changes: int) -> None:
    chooser = random.Random(seed)
    data = DOCUMENTS[which]
    for _ in range(changes):
        data = mutate(data, chooser)
    agree(data)


def test_mutations_reach_both_verdicts() -> None:
    verdicts = [bool(findings(mutate(DOCUMENTS[seed % len(DOCUMENTS)], random.Random(seed)))) for seed in range(300)]
    assert 30 < sum(verdicts) < 290
