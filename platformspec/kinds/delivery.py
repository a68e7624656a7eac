"""`clusters.*.delivery`: who brings manifests into a cluster."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import core_schema

from platformspec.kinds.base import Spec

Engine = Literal["direct", "argocd", "flux"]
ObjectName = Annotated[str, Field(pattern=r"^[a-z0-9](?:[a-z0-9.-]{0,61}[a-z0-9])?$(?!\n)")]


class DeliverySpec(Spec):
    """Who brings manifests into the cluster: `apply` itself, or an engine in the cluster that follows a Git repository."""

    engine: Engine = Field(
        description="direct: `apply` runs kubectl. argocd, flux: `apply` commits the manifests, and the engine, which is in the cluster already, applies them."
    )
    repository: (
        Annotated[
            str,
            Field(
                pattern=r"^(?:https://|ssh://(?:[A-Za-z0-9._-]+@)?)[A-Za-z0-9.-]+(?::[0-9]{1,5})?(?:/[A-Za-z0-9_.~-]+)+$(?!\n)",
                max_length=512,
            ),
        ]
        | None
    ) = Field(
        default=None,
        description="URL of the Git repository, without credentials: https:// or ssh://. Needed for argocd and flux.",
    )
    branch: Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]*(?:/[A-Za-z0-9_][A-Za-z0-9_.-]*)*$(?!\n)")] = (
        Field(default="main", description="Branch that the engine follows.")
    )
    path: Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]*(?:/[A-Za-z0-9_][A-Za-z0-9_.-]*)*$(?!\n)")] = (
        Field(
            default="platforms",
            description="Folder of the repository; the manifests of a cluster stand in <path>/<platform>/<environment>/<cluster>.",
        )
    )
    namespace: ObjectName | None = Field(
        default=None, description="Namespace of the engine. Where left out: argocd, or flux-system for Flux."
    )
    project: ObjectName = Field(
        default="default", description="Argo CD only: the AppProject that the Applications belong to."
    )
    secret: ObjectName | None = Field(
        default=None,
        description="Flux only: the Secret in its namespace with credentials for the repository. Argo CD has its own store of them.",
    )
    service_account: ObjectName | None = Field(
        default=None,
        description="Flux only: the ServiceAccount in its namespace that it applies as. Where left out, Flux's own.",
    )


def _written_out(value: Any) -> Any:
    return {"engine": value} if isinstance(value, str) else value


class _WordOrMapping:
    """Lets the schema say that the engine alone may stand for the mapping."""

    def __get_pydantic_json_schema__(
        self, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        mapping = handler(schema)
        return {"anyOf": [{"type": "string", "enum": ["direct", "argocd", "flux"]}, mapping]}


Delivery = Annotated[DeliverySpec, BeforeValidator(_written_out), _WordOrMapping()]
"""The mapping, or the engine alone."""
