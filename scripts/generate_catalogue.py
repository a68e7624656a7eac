"""Write the catalogues of Terraform arguments: providers/platformspec_aws/data/{aws,helm}.catalogue and .index.json.

Terraform providers publish their schema only through a running provider. The CDK's pre-built bindings were generated from it,
and their JavaScript carries the TypeScript it was made from in an inline source map; there a comment before each attribute
says whether it is computed, optional or required, and the accessor says its type.

The arguments of a provider's own block are read from the functions that write them as HCL; they become the entry `provider.<name>`.

What cannot be read from the bindings: the number of blocks allowed beyond "one or many", sensitivity, defaults, validators.

    python scripts/generate_catalogue.py       (needs the `dev` extra)
"""

from __future__ import annotations

import base64
import importlib.util
import json
import pathlib
import re
import tarfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

OUT = pathlib.Path(__file__).resolve().parents[1] / "providers/platformspec_aws/data"
PACKAGES = {"aws": "cdktf_cdktf_provider_aws", "helm": "cdktf_cdktf_provider_helm"}

SOURCE_MAP = re.compile(r"sourceMappingURL=data:application/json;base64,([A-Za-z0-9+/=]+)")
CLASS = re.compile(r"^export class (\w+) extends cdktf\.(\w+) \{$(.*?)^\}$", re.MULTILINE | re.DOTALL)
MEMBER = re.compile(
    r"// (\w+) - computed: (\w+), optional: (\w+), required: (\w+)\n(.*?)(?=\n  // \w+ - computed:|\n  // =====|\Z)",
    re.DOTALL,
)
NESTED = re.compile(r'= new (?:\w+\.)?(\w+)\(this, "\w+"(?:, (true|false))?\)')
MAP = re.compile(r'= new cdktf\.(String|Number|Boolean|Any)Map(List)?\(this, "\w+"(?:, (?:true|false))?\)')
PRIVATE_FIELD = re.compile(r"private _\w+\?: (.*?); ?\n")
# A nested class says with its third argument whether it stands in a set, and with a fourth that it is the only one.
ONLY_ONE = re.compile(r"super\(terraformResource, terraformAttribute, (false|true), 0\)")
ACCESSORS: tuple[tuple[str, Any], ...] = (
    ("cdktf.Token.asNumberList(cdktf.Fn.tolist(this.getNumberListAttribute", ["set", "number"]),
    ("cdktf.Fn.tolist(this.getListAttribute", ["set", "string"]),
    ("this.getStringAttribute", "string"),
    ("this.getNumberAttribute", "number"),
    ("this.getBooleanAttribute", "bool"),
    ("this.getListAttribute", ["list", "string"]),
    ("this.getNumberListAttribute", ["list", "number"]),
    ("this.getStringMapAttribute", ["map", "string"]),
    ("this.getNumberMapAttribute", ["map", "number"]),
    ("this.getBooleanMapAttribute", ["map", "bool"]),
)
SCALARS = {
    "string": "string",
    "number": "number",
    "boolean": "bool",
    "String": "string",
    "Number": "number",
    "Boolean": "bool",
}
# How a provider's block is written as HCL: each argument with its type, and nested blocks with the class that holds them.
HCL_ARGUMENT = re.compile(
    r'^ +(\w+): \{\n +value: .*,\n +isBlock: (true|false),\n +type: "(\w+)",\n +storageClassType: "(\w+)"', re.MULTILINE
)
INTERFACE = r"^export interface {name} \{{$(.*?)^\}}$"
INTERFACE_MEMBER = re.compile(r"readonly (\w+)(\??):")
KINDS = {"TerraformResource": "resource", "TerraformDataSource": "data"}


@dataclass(frozen=True)
class Binding:
    """One resource or data source: the classes of its TypeScript by name."""

    kind: str
    type: str
    main: str
    classes: dict[str, str]


def modules(package: str) -> dict[str, str]:
    """The TypeScript of each module of a package of bindings."""
    spec = importlib.util.find_spec(package)
    assert spec is not None
    assert spec.submodule_search_locations is not None
    bundle = next((pathlib.Path(spec.submodule_search_locations[0]) / "_jsii").glob("*.tgz"))
    sources: dict[str, list[str]] = {}
    with tarfile.open(bundle) as archive:
        for member in archive:
            parts = pathlib.PurePosixPath(member.name).parts
            if len(parts) < 4 or parts[1] != "lib" or not member.name.endswith(".js"):
                continue
            content = archive.extractfile(member)
            assert content is not None
            found = SOURCE_MAP.search(content.read().decode())
            if found:
                sources.setdefault(parts[2], []).append(json.loads(base64.b64decode(found[1]))["sourcesContent"][0])
    return {module: "\n".join(sources[module]) for module in sorted(sources)}


def bindings(sources: dict[str, str]) -> Iterator[Binding]:
    """Every resource and data source, sorted by module."""
    for text in sources.values():
        classes, main = {}, None
        for name, base, body in CLASS.findall(text):
            classes[name] = body
            if base in KINDS:
                main = (name, base)
        if main is not None:
            type = re.search(r'tfResourceType = "(\w+)"', classes[main[0]])
            assert type is not None
            yield Binding(KINDS[main[1]], type[1], main[0], classes)


def block(binding: Binding, name: str, above: tuple[str, ...] = ()) -> dict[str, Any]:
    """The schema of one class: `a`ttributes `[type, flags]` and nested `b`locks `[mode, required, schema]`.

    Flags: r required, o optional, c computed. Modes: one, list, set, map.
    """
    attributes: dict[str, Any] = {}
    blocks: dict[str, Any] = {}
    for attribute, computed, optional, required, rest in MEMBER.findall(binding.classes[name]):
        flags = (
            ("r" if required == "true" else "")
            + ("o" if optional == "true" else "")
            + ("c" if computed == "true" else "")
        )
        if map_class := MAP.search(rest):
            attributes[attribute] = [["map", SCALARS.get(map_class[1], "any")], flags]
        elif nested := NESTED.search(rest):
            suffix = next(end for end in ("OutputReference", "List", "Map") if nested[1].endswith(end))
            inner = f"{nested[1].removesuffix(suffix)}OutputReference"
            if inner in above or inner not in binding.classes:
                attributes[attribute] = ["any", flags]
                continue
            schema = block(binding, inner, (*above, inner))
            only = ONLY_ONE.search(binding.classes[inner])
            is_struct = suffix == "OutputReference" and only is None
            mode = (
                "map"
                if suffix == "Map"
                else "struct"
                if is_struct
                else "one"
                if only and suffix == "OutputReference"
                else "set"
                if nested[2] == "true"
                else "list"
            )
            if "c" in flags:
                attributes[attribute] = [["object", mode, schema], flags]
            else:
                blocks[attribute] = [mode, "r" in flags, schema]
        else:
            attributes[attribute] = [_type(attribute, rest), flags]
    return {"a": attributes, "b": blocks}


def configuration(text: str, name: str, written_by: str) -> dict[str, Any]:
    """The schema of a provider's block, or of a block in it: the interface `name`, written as HCL by `written_by`."""
    interface = re.search(INTERFACE.format(name=name), text, re.MULTILINE | re.DOTALL)
    assert interface is not None
    optional = {member.lower(): mark == "?" for member, mark in INTERFACE_MEMBER.findall(interface[1])}
    start = text.index(written_by)
    attributes: dict[str, Any] = {}
    blocks: dict[str, Any] = {}
    for argument, is_block, shape, storage in HCL_ARGUMENT.findall(
        text[start : text.index("Object.fromEntries", start)]
    ):
        member = argument.replace("_", "")
        if argument == "alias":
            continue
        if is_block == "true":
            inner = storage.removesuffix("List")
            function = f"function {inner[0].lower()}{inner[1:]}ToHclTerraform"
            blocks[argument] = [shape, not optional[member], configuration(text, inner, function)]
        else:
            scalar = SCALARS[re.sub("List|Map", "", storage)]
            attributes[argument] = [
                scalar if shape == "simple" else [shape, scalar],
                "o" if optional[member] else "r",
            ]
    return {"a": attributes, "b": blocks}


def _type(attribute: str, rest: str) -> Any:
    for accessor, type in ACCESSORS:
        if f"return {accessor}('{attribute}'" in rest:
            return type
    field = PRIVATE_FIELD.search(rest)
    return _typescript(field[1]) if field else "any"


def _typescript(text: str) -> Any:
    text = text.replace("| cdktf.IResolvable", "").strip()
    if text.endswith("[]"):
        return ["list", _typescript(text[:-2])]
    if found := re.fullmatch(r"\{ \[key: string\]: (.*) \}", text):
        return ["map", _typescript(found[1])]
    return SCALARS.get(text, "any")


def main() -> None:
    """Write both catalogues. Each entry is compressed by itself, so that a program loads only the types it uses."""
    OUT.mkdir(parents=True, exist_ok=True)
    for provider, package in PACKAGES.items():
        index: dict[str, list[int]] = {}
        data = bytearray()
        sources = modules(package)
        entries = [(f"{b.kind}.{b.type}", block(b, b.main)) for b in bindings(sources)]
        name = f"{provider.capitalize()}ProviderConfig"
        entries.append(
            (f"provider.{provider}", configuration(sources["provider"], name, "protected synthesizeHclAttributes"))
        )
        for key, schema in entries:
            packed = zlib.compress(json.dumps(schema, separators=(",", ":"), sort_keys=True).encode(), 9)
            index[key] = [len(data), len(packed)]
            data += packed
        (OUT / f"{provider}.catalogue").write_bytes(bytes(data))
        (OUT / f"{provider}.index.json").write_text(json.dumps(index, separators=(",", ":"), sort_keys=True) + "\n")
        print(f"{provider}: {len(index)} types, {len(data) // 1024} KiB")


if __name__ == "__main__":
    main()
