"""Settings of resources that make them safer and are switched off, whoever did it: a key of the language, a profile, or `extend`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from platformspec.ir.node import Node
from platformspec.plan.change import ABSENT, AttributeChange
from platformspec.plan.words import attribute
from platformspec.review.dangers.danger import Danger, Situation, address_of
from platformspec.review.dangers.weaker import LESS_PROTECTION
from platformspec.review.wording import title

# The last name of an attribute -> the value that protects, and what is lost with another one.
# https://docs.aws.amazon.com/securityhub/latest/userguide/securityhub-controls-reference.html,
# https://kubernetes.io/docs/concepts/security/pod-security-standards/
_PROTECTS: Final[dict[str, tuple[Any, str]]] = {
    "enable_key_rotation": (True, "the key is no longer rotated"),
    "storage_encrypted": (True, "its storage is no longer encrypted"),
    "at_rest_encryption_enabled": ("true", "what it holds is no longer encrypted"),
    "transit_encryption_enabled": (True, "connections to it are no longer encrypted"),
    "encrypted": (True, "its storage is no longer encrypted"),
    "iam_database_authentication_enabled": (True, "nobody can log in by IAM any more"),
    "skip_final_snapshot": (False, "nothing is kept when it is deleted"),
    "manage_master_user_password": (True, "AWS no longer keeps and rotates the password"),
    "allowPrivilegeEscalation": (False, "its processes may gain more rights"),
    "runAsNonRoot": (True, "its processes may run as root"),
    "readOnlyRootFilesystem": (True, "its processes may change their own files"),
    "privileged": (False, "its processes may do anything on the node"),
    "hostNetwork": (False, "it shares the node's network"),
    "hostPID": (False, "it sees the node's processes"),
    "automountServiceAccountToken": (False, "it gets a token for the Kubernetes API"),
    "http_tokens": ("required", "pods can take the node's credentials"),
    "pod-security.kubernetes.io/enforce": ("restricted", "pods with more rights are let in"),
}
# Type, and the name of one of its parameters, -> the same.
_PARAMETERS: Final[dict[tuple[str, str], tuple[Any, str]]] = {
    ("aws_rds_cluster_parameter_group", "rds.force_ssl"): ("1", "connections without encryption are let in"),
}
_VERSIONING: Final = ("Enabled", "overwritten objects are gone at once")


def softened(s: Situation) -> Iterator[Danger]:
    """Every protecting value that a change of a resource takes away."""
    for change in s.plan.changes:
        if change.action not in ("update", "replace"):
            continue
        for item in change.attributes:
            lost = _lost(change.node, item)
            if lost is not None:
                address = address_of(change.node)
                yield s.danger(
                    LESS_PROTECTION,
                    address,
                    f"{title(address)}: {attribute(item)} of the {s.noun(change.node)}; {lost}",
                    "leave it as it was, or let whoever answers for security agree",
                    path=s.cause(change),
                )


def _parameter(node: Node, item: AttributeChange) -> str:
    """The name of the parameter whose value this is, or nothing."""
    if len(item.path) != 3 or item.path[0] != "parameter" or item.path[2] != "value":
        return ""
    parameters: Any = node.attrs["parameter"]
    return str(parameters[item.path[1]].get("name", ""))


def _lost(node: Node, item: AttributeChange) -> str | None:
    name = next((part for part in reversed(item.path) if isinstance(part, str)), "")
    found: tuple[Any, str] | None = _PROTECTS.get(name)
    if node.type == "aws_s3_bucket_versioning" and name == "status":
        found = _VERSIONING
    elif parameter := _parameter(node, item):
        found = _PARAMETERS.get((node.type, parameter))
    if found is None:
        return None
    safe, lost = found
    # Where nothing is said, none of what is safe when it is off is on.
    before, after = (safe is False if value is ABSENT else value == safe for value in (item.before, item.after))
    return lost if before and not after else None
