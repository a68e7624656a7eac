"""Names, labels and annotations, by the rules of k8s.io/apimachinery (pkg/util/validation, pkg/api/validation)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from tests.oracle.problem import Problem, child

LABEL_LENGTH = 63
SUBDOMAIN_LENGTH = 253
ANNOTATIONS_BYTES = 256 * 1024

_DNS_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?\Z")
_DNS_1035_LABEL = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?\Z")
_DNS_SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\Z")
_QUALIFIED = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?\Z")

# Kinds whose name is more, or less, restricted than a DNS subdomain.
_LABEL_KINDS = frozenset({"Namespace", "LeaderWorkerSet"})
_DNS_1035_KINDS = frozenset({"Service"})
_PATH_SEGMENT_KINDS = frozenset({"Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding", "APIService"})
# The controllers append to these names, and the result must fit a label.
_SHORT_NAMES = {"CronJob": 52, "Job": LABEL_LENGTH, "StatefulSet": 52}


def is_dns_label(text: str) -> bool:
    """RFC 1123 label: lower-case letters, digits and dashes, at most 63."""
    return len(text) <= LABEL_LENGTH and _DNS_LABEL.match(text) is not None


def is_dns_subdomain(text: str) -> bool:
    """RFC 1123 subdomain: labels joined by dots, at most 253."""
    return len(text) <= SUBDOMAIN_LENGTH and _DNS_SUBDOMAIN.match(text) is not None


def is_qualified_name(text: str) -> bool:
    """`name` or `dns.prefix/name`, the form of the keys of labels, annotations, taints and resources."""
    prefix, slash, name = text.rpartition("/")
    return (not slash or is_dns_subdomain(prefix)) and len(name) <= LABEL_LENGTH and _QUALIFIED.match(name) is not None


def is_label_value(text: str) -> bool:
    """Empty, or at most 63 of letters, digits, `-_.` that begin and end with a letter or digit."""
    return text == "" or (len(text) <= LABEL_LENGTH and _QUALIFIED.match(text) is not None)


def metadata_problems(kind: str, metadata: Mapping[str, Any], namespaced: bool) -> Iterator[Problem]:
    """What is wrong with an object's name, namespace, labels and annotations."""
    name = metadata.get("name")
    if not isinstance(name, str) or not name:
        yield Problem("metadata.name", "is required")
    else:
        message = _name_message(kind, name)
        if message:
            yield Problem("metadata.name", message)
    namespace = metadata.get("namespace")
    if namespace is not None and not namespaced:
        yield Problem("metadata.namespace", f"{kind} belongs to no namespace")
    elif isinstance(namespace, str) and not is_dns_label(namespace):
        yield Problem("metadata.namespace", f"{namespace!r} is not a DNS label")
    yield from label_problems(metadata.get("labels"), "metadata.labels")
    annotations = metadata.get("annotations")
    if isinstance(annotations, Mapping):
        for key, value in annotations.items():
            if not isinstance(key, str) or not is_qualified_name(key.lower()):
                yield Problem(child("metadata.annotations", str(key)), "the key is not a qualified name")
            if not isinstance(value, str):
                yield Problem(child("metadata.annotations", str(key)), f"{value!r} is not text")
        size = sum(len(f"{key}{value}".encode()) for key, value in annotations.items())
        if size > ANNOTATIONS_BYTES:
            yield Problem("metadata.annotations", f"{size} bytes, at most {ANNOTATIONS_BYTES} are allowed")


def label_problems(labels: Any, path: str) -> Iterator[Problem]:
    """What is wrong with a map of labels; a value of another type than a map is left to the schema."""
    if not isinstance(labels, Mapping):
        return
    for key, value in labels.items():
        if not isinstance(key, str) or not is_qualified_name(key):
            yield Problem(child(path, str(key)), "the key is not a qualified name")
        if not isinstance(value, str) or not is_label_value(value):
            yield Problem(child(path, str(key)), f"{value!r} is not a label's value")


def _name_message(kind: str, name: str) -> str | None:
    if kind in _PATH_SEGMENT_KINDS:
        bad = name in (".", "..") or "/" in name or "%" in name
        return f"{name!r} cannot stand in a path" if bad else None
    if kind in _DNS_1035_KINDS and not (len(name) <= LABEL_LENGTH and _DNS_1035_LABEL.match(name)):
        return f"{name!r} is not a DNS label that begins with a letter"
    if kind in _LABEL_KINDS and not is_dns_label(name):
        return f"{name!r} is not a DNS label"
    if not is_dns_subdomain(name):
        return f"{name!r} is not a DNS subdomain"
    most = _SHORT_NAMES.get(kind)
    if most and len(name) > most:
        return f"{name!r} has {len(name)} characters, at most {most} are allowed"
    return None
