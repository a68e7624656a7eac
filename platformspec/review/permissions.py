"""Who may do what: every permission of a program as a sentence, so that two programs can be compared."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from platformspec.ir.expr import Attr, Concat, Json, Secret, Yaml, folded
from platformspec.ir.node import Node
from platformspec.ir.program import Program


@dataclass(frozen=True, slots=True, order=True)
class Permission:
    """One permission. `sentence` says all of it; `declaration` is what it belongs to."""

    declaration: str
    sentence: str
    broad: bool = False
    """Whether it gives every action, or administration."""


@dataclass(frozen=True, slots=True)
class PermissionDelta:
    """What was given and what was taken, each sorted."""

    added: tuple[Permission, ...]
    removed: tuple[Permission, ...]


def permission_delta(base: Program | None, head: Program | None) -> PermissionDelta:
    """What somebody may do in one program and in no way in the other. A program that is not there gives nothing."""
    old, new = (program.nodes if program is not None else {} for program in (base, head))
    changed = {
        id for id in {*old, *new} if id not in old or id not in new or dict(old[id].attrs) != dict(new[id].attrs)
    }
    before, after = ({p for id in changed if id in nodes for p in permissions(nodes[id])} for nodes in (old, new))
    if before == after:
        return PermissionDelta((), ())
    # One permission may be given twice, for two edges: it is lost with the second of them.
    same = {p.sentence for id, node in new.items() if id not in changed for p in permissions(node)}
    had, has = ({p.sentence for p in side} | same for side in (before, after))
    return PermissionDelta(
        tuple(sorted(p for p in after if p.sentence not in had)),
        tuple(sorted(p for p in before if p.sentence not in has)),
    )


def permissions(node: Node) -> Iterator[Permission]:
    """Every permission that an IAM, network or RBAC object gives; none for other types."""
    reader = _READERS.get(node.type.rsplit("/", 1)[-1])
    if reader is not None:
        for sentence, broad in reader(node, _plain(dict(node.attrs))):
            yield Permission(node.declaration, sentence, broad)


def _plain(value: Any) -> Any:
    """Literals as they are; what is known after creation by its name, so that sentences can be compared."""
    value = folded(value)
    if isinstance(value, Attr):
        return f"{value.node} ({value.path})"
    if isinstance(value, Concat):
        return "".join(str(_plain(part)) for part in value.parts)
    if isinstance(value, (Json, Yaml)):
        return _plain(value.tree)
    if isinstance(value, Secret):
        return f"secret {_plain(value.name)}"
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value


Sentences = Iterator[tuple[str, bool]]


def _many(value: Any) -> list[str]:
    items = value if isinstance(value, list) else [value] if value not in (None, "") else []
    return sorted(item if isinstance(item, str) else json.dumps(item, sort_keys=True) for item in items)


def _statements(who: str, policy: Any) -> Sentences:
    """One sentence for each action and resource of a policy document."""
    statements = policy.get("Statement", []) if isinstance(policy, dict) else []
    for statement in statements if isinstance(statements, list) else [statements]:
        principals = statement.get("Principal")
        holders = [who]
        if principals is not None:
            plain = principals if isinstance(principals, dict) else {"": principals}
            holders = [name for names in plain.values() for name in _many(names)]
        verb = "may" if statement.get("Effect") == "Allow" else "may not"
        condition = statement.get("Condition")
        only = f" if {json.dumps(condition, sort_keys=True)}" if condition else ""
        inverse = "everything but " if "NotAction" in statement else ""
        for holder in holders:
            for action in _many(statement.get("Action", statement.get("NotAction"))):
                for resource in _many(statement.get("Resource")) or [""]:
                    on = f" on {resource}" if resource else ""
                    broad = verb == "may" and (
                        action == "*" or bool(inverse) or (action.endswith(":*") and resource == "*")
                    )
                    yield f"{holder} {verb} {inverse}{action}{on}{only}", broad


def _role(node: Node, attrs: Any) -> Sentences:
    for sentence, broad in _statements("", attrs.get("assume_role_policy") or {}):
        yield f"{sentence} as role {attrs.get('name', node.id)}", broad


def _role_policy(node: Node, attrs: Any) -> Sentences:
    yield from _statements(f"role {attrs.get('role', node.declaration)}", attrs.get("policy") or {})


def _attachment(node: Node, attrs: Any) -> Sentences:
    name = str(attrs.get("policy_arn", "")).rsplit("/", 1)[-1]
    yield f"role {attrs.get('role')} has the policy {attrs.get('policy_arn')}", name == "AdministratorAccess"


def _resource_policy(node: Node, attrs: Any) -> Sentences:
    for sentence, _ in _statements(node.declaration, attrs.get("policy") or {}):
        yield f"{sentence} (policy of {node.id})", False


def _data_access(node: Node, attrs: Any) -> Sentences:
    for rule_set in attrs.get("policy") or []:
        for principal in _many(rule_set.get("Principal")):
            for rule in rule_set.get("Rules", []):
                for resource in _many(rule.get("Resource")):
                    yield f"{principal} may {', '.join(_many(rule.get('Permission')))} on {resource}", False


def _pod_identity(node: Node, attrs: Any) -> Sentences:
    yield f"pods of {attrs.get('namespace')}/{attrs.get('service_account')} act as {attrs.get('role_arn')}", False


def _cluster_access(node: Node, attrs: Any) -> Sentences:
    policy = str(attrs.get("policy_arn", "")).rsplit("/", 1)[-1]
    yield f"{attrs.get('principal_arn')} has {policy} in {node.declaration}", "Admin" in policy


def _security_group(node: Node, attrs: Any) -> Sentences:
    direction = "accepts" if "ingress" in node.type else "reaches"
    peer = next(
        (
            attrs[k]
            for k in ("cidr_ipv4", "cidr_ipv6", "referenced_security_group_id", "prefix_list_id")
            if attrs.get(k)
        ),
        "anything",
    )
    ports = f"ports {attrs['from_port']} to {attrs['to_port']}" if "from_port" in attrs else "every port"
    yield f"{attrs.get('security_group_id')} {direction} {attrs.get('ip_protocol')} {ports} with {peer}", False


def _network_policy(node: Node, attrs: Any) -> Sentences:
    spec, namespace = attrs["spec"], attrs["metadata"].get("namespace")
    who = f"pods {_selector(spec.get('podSelector'))} of {namespace}"
    for key, verb, side in (("ingress", "accept", "from"), ("egress", "reach", "to")):
        for rule in spec.get(key) or ():
            ports = (
                ", ".join(f"{p.get('protocol', 'TCP')} {p.get('port', 'any port')}" for p in rule.get("ports") or ())
                or "every port"
            )
            for peer in rule.get(side) or [{}]:
                yield f"{who} {verb} {_peer(peer)} on {ports}", False


def _peer(peer: Any) -> str:
    if "ipBlock" in peer:
        out = peer["ipBlock"].get("except")
        return str(peer["ipBlock"]["cidr"]) + (f" but {', '.join(out)}" if out else "")
    if not peer:
        return "everything"
    where = _selector(peer["namespaceSelector"]) if "namespaceSelector" in peer else "the same namespace"
    return f"pods {_selector(peer.get('podSelector'))} of {where}"


def _selector(selector: Any) -> str:
    labels = (selector or {}).get("matchLabels") or {}
    shown = [f"{key.rsplit('/', 1)[-1]}={value}" for key, value in sorted(labels.items())]
    shown += [json.dumps(e, sort_keys=True) for e in (selector or {}).get("matchExpressions") or ()]
    return ", ".join(shown) or "(all)"


def _binding(node: Node, attrs: Any) -> Sentences:
    role, namespace = attrs["roleRef"], attrs["metadata"].get("namespace")
    where = f"in {namespace}" if namespace else "in the whole cluster"
    for subject in attrs.get("subjects") or ():
        name = "/".join(part for part in (subject.get("namespace"), subject["name"]) if part)
        broad = role["name"] in ("cluster-admin", "admin") and not namespace
        yield f"{subject['kind'].lower()} {name} has the {role['kind']} {role['name']} {where}", broad


def _kubernetes_role(node: Node, attrs: Any) -> Sentences:
    namespace = attrs["metadata"].get("namespace")
    name = f"{attrs['kind']} {attrs['metadata']['name']}" + (f" in {namespace}" if namespace else "")
    for rule in attrs.get("rules") or ():
        verbs, resources = _many(rule.get("verbs")), _many(rule.get("resources"))
        broad = "*" in verbs and "*" in resources
        yield f"{name} may {', '.join(verbs)} {', '.join(resources)}", broad


_READERS: Final[dict[str, Callable[[Node, Any], Sentences]]] = {
    "aws_iam_role": _role,
    "aws_iam_role_policy": _role_policy,
    "aws_iam_role_policy_attachment": _attachment,
    "aws_kms_key": _resource_policy,
    "aws_s3_bucket_policy": _resource_policy,
    "aws_sqs_queue_policy": _resource_policy,
    "aws_secretsmanager_secret_policy": _resource_policy,
    "aws_opensearchserverless_access_policy": _data_access,
    "aws_eks_pod_identity_association": _pod_identity,
    "aws_eks_access_policy_association": _cluster_access,
    "aws_vpc_security_group_ingress_rule": _security_group,
    "aws_vpc_security_group_egress_rule": _security_group,
    "NetworkPolicy": _network_policy,
    "RoleBinding": _binding,
    "ClusterRoleBinding": _binding,
    "Role": _kubernetes_role,
    "ClusterRole": _kubernetes_role,
}
