"""The messages of Terraform's plug-in protocol 5, as far as a provider without functions needs them.

Names and numbers of the fields are those of protocol 5.8, which is published with Terraform
(https://github.com/hashicorp/terraform/blob/main/docs/plugin-protocol/tfplugin5.8.proto) and which no later 5.x changes.
"""

from __future__ import annotations

from typing import Any, Final

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

Field = descriptor_pb2.FieldDescriptorProto

PACKAGE: Final = "tfplugin5"
SCALARS: Final = {
    "bytes": Field.TYPE_BYTES,
    "string": Field.TYPE_STRING,
    "bool": Field.TYPE_BOOL,
    "int64": Field.TYPE_INT64,
    # Enumerations travel as numbers.
    "enum": Field.TYPE_INT32,
}
ERROR: Final = 1
WARNING: Final = 2
NESTING: Final = {"struct": 1, "list": 2, "one": 2, "set": 3, "map": 4}

# message -> `field=number:type`; `*` repeats, `%` is a map from text.
MESSAGES: Final = {
    "DynamicValue": "msgpack=1:bytes json=2:bytes",
    "Step": "attribute_name=1:string element_key_string=2:string element_key_int=3:int64",
    "AttributePath": "steps=1:*Step",
    "Diagnostic": "severity=1:enum summary=2:string detail=3:string attribute=4:AttributePath",
    "RawState": "json=1:bytes flatmap=2:%string",
    "Attribute": "name=1:string type=2:bytes description=3:string required=4:bool optional=5:bool computed=6:bool"
    " sensitive=7:bool description_kind=8:enum deprecated=9:bool write_only=10:bool",
    "Block": "version=1:int64 attributes=2:*Attribute block_types=3:*NestedBlock description=4:string"
    " description_kind=5:enum deprecated=6:bool",
    "NestedBlock": "type_name=1:string block=2:Block nesting=3:enum min_items=4:int64 max_items=5:int64",
    "Schema": "version=1:int64 block=2:Block",
    "ServerCapabilities": "plan_destroy=1:bool get_provider_schema_optional=2:bool move_resource_state=3:bool",
    "GetProviderSchemaResponse": "provider=1:Schema resource_schemas=2:%Schema data_source_schemas=3:%Schema"
    " ephemeral_resource_schemas=8:%Schema diagnostics=4:*Diagnostic provider_meta=5:Schema"
    " server_capabilities=6:ServerCapabilities",
    "ConfigRequest": "config=1:DynamicValue",
    "PrepareProviderConfigResponse": "prepared_config=1:DynamicValue diagnostics=2:*Diagnostic",
    "TypedConfigRequest": "type_name=1:string config=2:DynamicValue",
    "DiagnosticsResponse": "diagnostics=1:*Diagnostic",
    "UpgradeResourceStateRequest": "type_name=1:string version=2:int64 raw_state=3:RawState",
    "UpgradeResourceStateResponse": "upgraded_state=1:DynamicValue diagnostics=2:*Diagnostic",
    "ConfigureRequest": "terraform_version=1:string config=2:DynamicValue",
    "ReadResourceRequest": "type_name=1:string current_state=2:DynamicValue private=3:bytes",
    "ReadResourceResponse": "new_state=1:DynamicValue diagnostics=2:*Diagnostic private=3:bytes",
    "PlanResourceChangeRequest": "type_name=1:string prior_state=2:DynamicValue proposed_new_state=3:DynamicValue"
    " config=4:DynamicValue prior_private=5:bytes",
    "PlanResourceChangeResponse": "planned_state=1:DynamicValue requires_replace=2:*AttributePath"
    " planned_private=3:bytes diagnostics=4:*Diagnostic",
    "ApplyResourceChangeRequest": "type_name=1:string prior_state=2:DynamicValue planned_state=3:DynamicValue"
    " config=4:DynamicValue planned_private=5:bytes",
    "ApplyResourceChangeResponse": "new_state=1:DynamicValue private=2:bytes diagnostics=3:*Diagnostic",
    "ImportResourceStateRequest": "type_name=1:string id=2:string",
    "ImportedResource": "type_name=1:string state=2:DynamicValue private=3:bytes",
    "ImportResourceStateResponse": "imported_resources=1:*ImportedResource diagnostics=2:*Diagnostic",
    "ReadDataSourceResponse": "state=1:DynamicValue diagnostics=2:*Diagnostic",
    "OpenEphemeralResourceResponse": "diagnostics=1:*Diagnostic result=3:DynamicValue",
    "PrivateRequest": "type_name=1:string private=2:bytes",
    "StopResponse": "error=1:string",
    "Empty": "",
}


def _describe() -> descriptor_pb2.FileDescriptorProto:
    file = descriptor_pb2.FileDescriptorProto(name="platformspec/tfplugin5.proto", package=PACKAGE, syntax="proto3")
    for name, fields in MESSAGES.items():
        message = file.message_type.add(name=name)
        for field in fields.split():
            head, _, kind = field.partition(":")
            field_name, _, number = head.partition("=")
            repeated = kind[0] in "*%"
            entry = message.field.add(
                name=field_name,
                number=int(number),
                label=Field.LABEL_REPEATED if repeated else Field.LABEL_OPTIONAL,
            )
            if kind[0] == "%":
                nested = f"{''.join(part.capitalize() for part in field_name.split('_'))}Entry"
                pair = message.nested_type.add(name=nested)
                pair.options.map_entry = True
                pair.field.add(name="key", number=1, label=Field.LABEL_OPTIONAL, type=Field.TYPE_STRING)
                _typed(pair.field.add(name="value", number=2, label=Field.LABEL_OPTIONAL), kind[1:])
                entry.type, entry.type_name = Field.TYPE_MESSAGE, f".{PACKAGE}.{name}.{nested}"
            else:
                _typed(entry, kind.lstrip("*"))
    return file


def _typed(field: descriptor_pb2.FieldDescriptorProto, kind: str) -> None:
    if kind in SCALARS:
        field.type = SCALARS[kind]
    else:
        field.type, field.type_name = Field.TYPE_MESSAGE, f".{PACKAGE}.{kind}"


def _classes() -> dict[str, Any]:
    pool = descriptor_pool.DescriptorPool()
    pool.Add(_describe())
    return {name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{PACKAGE}.{name}")) for name in MESSAGES}


CLASSES: Final = _classes()


def message(name: str, **fields: Any) -> Any:
    """A message of that name with these fields."""
    return CLASSES[name](**fields)
