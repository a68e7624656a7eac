"""Kubernetes' own kinds, by the strict JSON schemas that PyPI `kubernetes-validate` ships.

That package's `validate` reads 1.2 MB per object and stops at the first finding; here its schemas are loaded once and all
findings reported.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, cached_property
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.exceptions import ValidationError
from kubernetes_validate import utils as schemas  # type: ignore[import-untyped]
from referencing import Registry, Resource
from referencing.jsonschema import Schema as JsonSchema

from tests.oracle.formats import INTEGER_BITS, STRING_FORMATS, fits_format
from tests.oracle.problem import Problem, child

# The schemas do not say which kinds have no namespace (kubernetes.io/docs/reference/kubernetes-api).
CLUSTER_KINDS = frozenset(
    [
        "APIService",
        "CSIDriver",
        "CSINode",
        "CertificateSigningRequest",
        "ClusterRole",
        "ClusterRoleBinding",
        "ClusterTrustBundle",
        "CustomResourceDefinition",
        "DeviceClass",
        "DeviceTaintRule",
        "FlowSchema",
        "IPAddress",
        "IngressClass",
        "MutatingAdmissionPolicy",
        "MutatingAdmissionPolicyBinding",
        "MutatingWebhookConfiguration",
        "Namespace",
        "Node",
        "PersistentVolume",
        "PriorityClass",
        "PriorityLevelConfiguration",
        "ResourceSlice",
        "RuntimeClass",
        "ServiceCIDR",
        "StorageClass",
        "StorageVersion",
        "StorageVersionMigration",
        "ValidatingAdmissionPolicy",
        "ValidatingAdmissionPolicyBinding",
        "ValidatingWebhookConfiguration",
        "VolumeAttachment",
        "VolumeAttributesClass",
    ]
)
CORE_GROUPS = frozenset(
    [
        "admissionregistration.k8s.io",
        "apiextensions.k8s.io",
        "apiregistration.k8s.io",
        "apps",
        "authentication.k8s.io",
        "authorization.k8s.io",
        "autoscaling",
        "batch",
        "certificates.k8s.io",
        "coordination.k8s.io",
        "discovery.k8s.io",
        "events.k8s.io",
        "flowcontrol.apiserver.k8s.io",
        "networking.k8s.io",
        "node.k8s.io",
        "policy",
        "rbac.authorization.k8s.io",
        "resource.k8s.io",
        "scheduling.k8s.io",
        "storage.k8s.io",
        "storagemigration.k8s.io",
    ]
) | {""}
_METADATA = {
    "$ref": "https://kubernetes.io/api/_definitions.json#/$defs/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"
}


class CoreSchemas:
    """The schemas of one Kubernetes version, or of the newest that is not newer."""

    def __init__(self, kubernetes: str) -> None:
        """`kubernetes` is `major.minor`. Raises ValueError if no shipped version is that old."""
        wanted = _numbers(kubernetes)
        fitting = [version for version in schemas.all_versions() if _numbers(version)[:2] <= wanted[:2]]
        # Each version stands twice in the list, once of them as `-strict`, which has no number of its own.
        if not fitting:
            raise ValueError(f"no schemas for Kubernetes {kubernetes}; there are {', '.join(schemas.all_versions())}")
        self.version: str = fitting[-1]
        self._folder = f"kubernetes-json-schema/v{self.version}-local-strict"
        self._validators: dict[tuple[str, str], Draft202012Validator | None] = {}

    def problems(self, obj: Mapping[str, Any]) -> list[Problem] | None:
        """What is wrong with an object of a built-in kind; None if its kind is not built in."""
        validator = self._validator(obj["apiVersion"], obj["kind"])
        return None if validator is None else _found(validator, obj, "")

    def metadata_problems(self, metadata: Any) -> list[Problem]:
        """What is wrong with the metadata of any object, custom ones too."""
        return _found(self._metadata_validator, metadata, "metadata")

    def _validator(self, api_version: str, kind: str) -> Draft202012Validator | None:
        key = (api_version, kind)
        if key not in self._validators:
            self._validators[key] = self._load(api_version, kind)
        return self._validators[key]

    def _load(self, api_version: str, kind: str) -> Draft202012Validator | None:
        group, _, version = api_version.rpartition("/")
        if group not in CORE_GROUPS:
            return None
        stem = "-".join(part for part in (kind.lower(), group.split(".")[0], version) if part)
        try:
            schema = schemas.schema_contents(f"{self._folder}/{stem}.json", self.version)
        except FileNotFoundError:
            return None
        # The folder also has parts of objects (`deploymentspec-apps-v1`); only a whole object names its kind.
        if {"group": group, "kind": kind, "version": version} not in schema.get("x-kubernetes-group-version-kind", ()):
            return None
        return Draft202012Validator(schema, registry=self._registry, format_checker=_format_checker())

    @cached_property
    def _registry(self) -> Registry[JsonSchema]:
        contents = schemas.schema_contents(f"{self._folder}/_definitions.json", self.version)
        shared: Resource[JsonSchema] = Resource.from_contents(contents)
        return shared @ Registry()

    @cached_property
    def _metadata_validator(self) -> Draft202012Validator:
        return Draft202012Validator(_METADATA, registry=self._registry, format_checker=_format_checker())


def _found(validator: Draft202012Validator, value: Any, path: str) -> list[Problem]:
    return sorted(_problem(error, path) for error in validator.iter_errors(value))


def _problem(error: ValidationError, path: str) -> Problem:
    for step in error.absolute_path:
        path = child(path, step)
    return Problem(path, error.message if len(error.message) <= 300 else f"{error.message[:297]}...")


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.removeprefix("v").split("."))


@cache
def _format_checker() -> FormatChecker:
    checker = FormatChecker(formats=())
    for name in (*STRING_FORMATS, *INTEGER_BITS):
        checker.checks(name)(lambda value, name=name: fits_format(value, name))
    return checker
