"""What all specs share: strict shapes, defaults that a profile sets, and references as objects."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal, TypeVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    Strict,
    ValidationInfo,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import PydanticCustomError, core_schema

from platformspec.address import NAME_PATTERN, Address
from platformspec.diagnostics import Path

Profile = Literal["dev", "standard", "hardened"]
PROFILES: tuple[Profile, ...] = ("dev", "standard", "hardened")
PROFILE_DEFAULTS = "x-platformspec-profile-defaults"
REFERENCE_KIND = "x-platformspec-reference"

T = TypeVar("T")


def _whole_number(value: Any) -> Any:
    # JSON Schema counts 3.0 as an integer; so do we.
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _distinct(value: Any) -> Any:
    """Raises an error that names the position of the first entry that stands twice."""
    if isinstance(value, (list, tuple)):
        seen: set[str] = set()
        for position, item in enumerate(value):
            # As JSON Schema's uniqueItems compares: 1 and 1.0 are the same, 1 and true are not.
            key = json.dumps(_whole_number(item), sort_keys=True, default=str)
            if key in seen:
                raise PydanticCustomError("duplicate_entry", "an entry stands twice", {"position": position})
            seen.add(key)
    return value


Name = Annotated[str, Field(pattern=NAME_PATTERN, max_length=40)]
Integer = Annotated[int, BeforeValidator(_whole_number)]
Number = Annotated[float, Field(allow_inf_nan=False)]
Many = Annotated[
    tuple[T, ...],
    Strict(False),
    BeforeValidator(_distinct),
    Field(json_schema_extra={"uniqueItems": True}),
]
"""A YAML list without repetitions; kept as a tuple, because specs are frozen."""


def _listed(value: Any) -> Any:
    return (value,) if isinstance(value, str) else value


class _OneOrMany:
    """Lets the schema say that one may stand without the list around it."""

    def __get_pydantic_json_schema__(
        self, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        many = handler(schema)
        return {"anyOf": [many["items"], many]}


OneOrMany = Annotated[
    tuple[T, ...],
    Strict(False),
    BeforeValidator(_distinct),
    BeforeValidator(_listed),
    Field(min_length=1, json_schema_extra={"uniqueItems": True}),
    _OneOrMany(),
]
"""A list, or its only entry."""


def by_profile(description: str, *, dev: Any, standard: Any, hardened: Any, **constraints: Any) -> Any:
    """A field whose default the platform's `profile` sets."""
    defaults = {"dev": dev, "standard": standard, "hardened": hardened}
    return Field(default=None, description=description, json_schema_extra={PROFILE_DEFAULTS: defaults}, **constraints)


def section(description: str) -> Any:
    """A nested spec that may be left out: its own defaults then apply, those of the profile included."""
    return Field(default={}, validate_default=True, description=description)


class Spec(BaseModel):
    """A validated value of the YAML. Frozen; unknown keys are refused; nothing is converted in silence."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, regex_engine="python-re", protected_namespaces=()
    )

    profile_defaults: ClassVar[dict[str, dict[str, Any]]] = {}

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        cls.profile_defaults = {
            name: field.json_schema_extra[PROFILE_DEFAULTS]  # type: ignore[misc]
            for name, field in cls.model_fields.items()
            if isinstance(field.json_schema_extra, dict) and PROFILE_DEFAULTS in field.json_schema_extra
        }

    @model_validator(mode="before")
    @classmethod
    def _apply_profile(cls, data: Any, info: ValidationInfo) -> Any:
        if not cls.profile_defaults or not isinstance(data, dict):
            return data
        profile = (info.context or {}).get("profile", "standard")
        missing = {key: value[profile] for key, value in cls.profile_defaults.items() if key not in data}
        return {**data, **missing} if missing else data


@dataclass(frozen=True, slots=True)
class Ref:
    """A field that names another declaration, or a child of one.

    `kind` is what the field takes, `relation` the type of the edge that it becomes.
    """

    kind: str
    relation: str
    text: str
    takes_child: bool = False

    @property
    def written_kind(self) -> str:
        """The kind before the dot where the user wrote one, else the expected one."""
        return self.text.split(".", 1)[0] if "." in self.text else self.kind

    @property
    def address(self) -> Address:
        """The address meant; the kind may be left out in the YAML."""
        return Address.parse(self.text if "." in self.text else f"{self.kind}.{self.text}")

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class RefTo:
    """Marks a field as a reference: `pool: Annotated[Ref, RefTo("gpu_pool", "runs_on")]`."""

    kind: str
    relation: str
    child: bool = False

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        name = "[a-z](?:[a-z0-9-]*[a-z0-9])?"
        pattern = rf"^(?:[a-z][a-z_]*\.)?{name}{'/' + name if self.child else ''}$(?!\n)"
        return core_schema.no_info_after_validator_function(
            lambda text: Ref(self.kind, self.relation, text, self.child),
            core_schema.str_schema(pattern=pattern, max_length=120, regex_engine="python-re", strict=True),
        )

    def __get_pydantic_json_schema__(
        self, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return {**handler(schema), REFERENCE_KIND: self.kind}


def references(value: Any, path: Path = ()) -> Iterator[tuple[Path, Ref]]:
    """Every reference inside a spec with its path, found by walking values and never by a field's name."""
    if isinstance(value, Ref):
        yield path, value
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from references(getattr(value, name), (*path, yaml_key(type(value), name)))
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from references(item, (*path, key))
    elif isinstance(value, tuple):
        for position, item in enumerate(value):
            yield from references(item, (*path, position))


def yaml_key(spec: type[BaseModel], field: str) -> str:
    """The key in the YAML for a field: Python keywords such as `from` and names such as `apiVersion` have an alias."""
    return spec.model_fields[field].alias or field


class Patch(Spec):
    """A change to one resource of the declaration that `extend` stands on."""

    resource: str = Field(
        description="Role of the resource, as `platformspec show` and ir.json print it after the address.", min_length=1
    )
    set: dict[str, Any] = Field(description="JSON pointer into the resource -> value; null removes.", min_length=1)


class DeclarationSpec(Spec):
    """What every declaration may carry."""

    protect: bool = Field(
        default=False, description="Refuse every change that would destroy or replace this declaration's data."
    )
    allow: dict[Annotated[str, Field(pattern=r"^PS\d{3}$(?!\n)")], Annotated[str, Field(min_length=3)]] = Field(
        default={}, description="Warnings accepted here: code -> reason. One that silences nothing is reported."
    )
    imports: dict[
        Annotated[str, Field(min_length=1, max_length=120)], Annotated[str, Field(pattern=r"^[^\s]{1,2048}$(?!\n)")]
    ] = Field(
        default={},
        description="Resources that are there already and are taken over: role, as in `extend` -> id by which Terraform imports it. Nothing that is imported is ever replaced.",
    )
    extend: Many[Patch] = Field(
        default=(), description="Escape hatch: patches on this declaration's own resources. Counted in every plan."
    )

    children_field: ClassVar[str | None] = None

    def children(self) -> dict[str, Spec]:
        """Named parts with an address of their own (`gateway.main/chat`)."""
        return getattr(self, self.children_field) if self.children_field else {}


class NamedSpec(DeclarationSpec):
    """A declaration whose name the user chooses, and may change."""

    was: OneOrMany[Name] = Field(
        default=(),
        description="Names that the declaration had before, the oldest first. What exists keeps its names outside and is taken over.",
    )
