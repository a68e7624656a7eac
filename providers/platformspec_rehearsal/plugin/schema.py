"""The catalogue of Terraform arguments as the schema that a provider answers with."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

from platformspec_rehearsal.plugin.protocol import NESTING, message
from platformspec_rehearsal.plugin.values import Schema

# The bindings that the catalogue is made from leave ephemeral resources out. This one takes the arguments of the data source
# of the same name but for its id (https://registry.terraform.io/providers/hashicorp/aws/latest/docs/ephemeral-resources).
EPHEMERAL: Final = ("aws_secretsmanager_random_password",)


def is_write_only(name: str, attributes: Mapping[str, Any]) -> bool:
    """Whether an argument reaches the cloud and never the state: providers name it `*_wo` beside `*_wo_version`."""
    return name.endswith("_wo") and f"{name}_version" in attributes


def cty_type(type: Any) -> Any:
    """A type of the catalogue as Terraform writes types in JSON.

    What the bindings do not tell the type of is text, as is what nests without end.
    """
    if isinstance(type, str):
        return "string" if type == "any" else type
    if type[0] == "object":
        mode, schema = type[1], type[2]
        members = {name: cty_type(kind) for name, (kind, _) in schema["a"].items()}
        members |= {
            name: cty_type(["object", inner_mode, inner]) for name, (inner_mode, _, inner) in schema["b"].items()
        }
        member: Any = ["object", members]
        return member if mode == "struct" else ["list" if mode == "one" else mode, member]
    return [type[0], cty_type(type[1])]


def block(schema: Schema) -> Any:
    """The block of one schema."""
    out = message("Block")
    for name, (type, flags) in sorted(schema["a"].items()):
        out.attributes.add(
            name=name,
            type=json.dumps(cty_type(type)).encode(),
            required="r" in flags,
            optional="o" in flags,
            computed="c" in flags,
            write_only=is_write_only(name, schema["a"]),
        )
    for name, (mode, required, inner) in sorted(schema["b"].items()):
        out.block_types.add(
            type_name=name,
            block=block(inner),
            nesting=NESTING[mode],
            min_items=1 if required and mode != "map" else 0,
            max_items=1 if mode == "one" else 0,
        )
    return out


def ephemeral_schema(catalogue: Any, type: str) -> Schema:
    """The schema of an ephemeral resource: that of the data source of the same name, but for its id."""
    schema = catalogue.schema("data", type)
    return {"a": {name: attribute for name, attribute in schema["a"].items() if name != "id"}, "b": schema["b"]}


def provider_schema(catalogue: Any, provider: str, keys: Iterable[str]) -> bytes:
    """The answer to GetProviderSchema for the types of one provider, ready to be sent."""
    answer = message("GetProviderSchemaResponse")
    answer.provider.block.CopyFrom(block(catalogue.schema("provider", provider)))
    answer.server_capabilities.get_provider_schema_optional = True
    for key in keys:
        kind, _, type = key.partition(".")
        if kind != "provider" and type.startswith(f"{provider}_"):
            schemas = answer.resource_schemas if kind == "resource" else answer.data_source_schemas
            schemas[type].block.CopyFrom(block(catalogue.schema(kind, type)))
    for type in EPHEMERAL:
        if type.startswith(f"{provider}_"):
            answer.ephemeral_resource_schemas[type].block.CopyFrom(block(ephemeral_schema(catalogue, type)))
    return bytes(answer.SerializeToString(deterministic=True))
