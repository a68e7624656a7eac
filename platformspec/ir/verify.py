"""Prove that a program can be emitted. What is wrong here is a bug of a provider, or of an `extend`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from platformspec.diagnostics import Code, Path, Report, dotted
from platformspec.ir.expr import Attr, leaves
from platformspec.ir.link import output_name
from platformspec.ir.naming import is_legal_id, terraform_name
from platformspec.ir.node import Data, Manifest, Node, Resource
from platformspec.ir.program import CycleError, Program
from platformspec.ir.schema import Catalogue

DANGLING = Code(
    "PS910",
    "a node refers to one that does not exist",
    explain="A provider built a reference to a node that no lowering made. This is a bug of the provider.",
)
BAD_ARGUMENT = Code(
    "PS911",
    "a resource has an argument that its type does not have",
    explain="The provider's schema does not know the argument, or knows it with another type. Under `extend` this is a mistake in the patch, elsewhere a bug of the provider.",
)
BAD_PATH = Code(
    "PS912",
    "a reference reads an attribute that the type does not have",
    explain="The provider's schema does not know the attribute. This is a bug of the provider.",
)
BAD_ID = Code(
    "PS913",
    "an id that cannot be a Terraform name",
    explain="Ids are made of lower-case letters, digits, `-`, `_`, `.` and `/`, and two ids of a stack may not have one Terraform name.",
)
STACK_CYCLE = Code(
    "PS914",
    "stacks wait for each other",
    explain="Each stack is applied after those that it reads. The printed path goes round in a circle, so none could be first.",
)
LATE_VALUE = Code(
    "PS915",
    "a manifest holds a value that is known only after creation",
    explain="Such values may stand only in the data of a ConfigMap or in the spec of an ExternalSecret, as a whole value.",
)
TERRAFORM_AFTER_MANIFEST = Code(
    "PS916",
    "a Terraform resource waits for a Kubernetes object",
    explain="Terraform runs before manifests are applied and must not depend on them.",
)
SAME_OBJECT = Code(
    "PS917",
    "two nodes are one object",
    explain="Two manifests have one cluster, kind, namespace and name, or two resources of a type have one physical name.",
)

# The argument that holds the physical name, which AWS requires to be unique in an account or region.
NAME_ARGUMENTS = {
    "aws_cloudwatch_log_group": "name", "aws_db_subnet_group": "name", "aws_eks_cluster": "name", "aws_elasticache_replication_group": "replication_group_id",
    "aws_elasticache_subnet_group": "name", "aws_iam_role": "name", "aws_kms_alias": "name", "aws_launch_template": "name",
    "aws_opensearchserverless_collection": "name", "aws_rds_cluster": "cluster_identifier", "aws_rds_cluster_instance": "identifier",
    "aws_s3_bucket": "bucket", "aws_secretsmanager_secret": "name", "aws_security_group": "name", "aws_sqs_queue": "name",
}  # fmt: skip


def verify(program: Program, catalogues: Sequence[Catalogue], report: Report) -> None:
    """Report everything that would make the program's files wrong."""
    names: dict[tuple[str, str], str] = {}
    objects: dict[tuple[object, ...], str] = {}
    for node in program:
        _check_references(program, node, catalogues, report)
        if isinstance(node, Manifest):
            for where in _late_values(node):
                report.error(
                    LATE_VALUE,
                    f"{node.id} {where} is known only after creation",
                    help="put it into the declaration's -endpoints ConfigMap",
                )
        else:
            key = (node.stack, terraform_name(node.id))
            if not is_legal_id(node.id) or key in names:
                report.error(
                    BAD_ID,
                    f"{node.id} has no Terraform name of its own in stack {node.stack}",
                    help="rename the declaration",
                )
            names[key] = node.id
            catalogue = next((c for c in catalogues if c.knows(node)), None)
            if catalogue is not None:
                for path, problem in catalogue.problems(node):
                    sources = node.sources_of(path)
                    report.error(
                        BAD_ARGUMENT,
                        f"{node.id} ({node.type}): {problem}",
                        at=_nearest(node, path) or (sources[-1] if sources else None),
                        help="see the type's documentation in the Terraform registry",
                    )
            elif isinstance(node, (Resource, Data)) and node.type.split("_")[0] in ("aws", "helm"):
                report.error(
                    BAD_ARGUMENT,
                    f"{node.id} has the type {node.type}, which no catalogue knows",
                    help="see the Terraform registry for types",
                )
        for identity in _identities(node):
            if identity in objects:
                report.error(
                    SAME_OBJECT,
                    f"{node.id} and {objects[identity]} are both {' '.join(str(part) for part in identity if part)}",
                    help="rename one of the declarations",
                )
            objects[identity] = node.id
    if report.ok:
        try:
            _ = program.waves
        except CycleError as cycle:
            report.error(STACK_CYCLE, f"stacks wait for each other: {cycle}", help="please report this as a bug")


def _check_references(program: Program, node: Node, catalogues: Sequence[Catalogue], report: Report) -> None:
    for id, why in node.after:
        if id not in program.nodes:
            report.error(
                DANGLING, f"{node.id} waits for {id}, which does not exist ({why})", help="please report this as a bug"
            )
        elif not isinstance(node, Manifest) and isinstance(program.nodes[id], Manifest):
            report.error(TERRAFORM_AFTER_MANIFEST, f"{node.id} waits for {id}", help="please report this as a bug")
    for attr in node.references():
        target = program.nodes.get(attr.node)
        if target is None:
            report.error(
                DANGLING,
                f"{node.id} reads {attr.path} of {attr.node}, which does not exist",
                help="please report this as a bug",
            )
        elif isinstance(target, Manifest) and not isinstance(node, Manifest):
            report.error(TERRAFORM_AFTER_MANIFEST, f"{node.id} reads {attr.node}", help="please report this as a bug")
        else:
            catalogue = next((c for c in catalogues if c.knows(target)), None)
            if catalogue is not None and not catalogue.has_path(target, attr.path):
                report.error(
                    BAD_PATH,
                    f"{node.id} reads {attr.path} of {attr.node}, and {target.type} has no such attribute",
                    help="please report this as a bug",
                )


def _late_values(node: Manifest) -> Iterator[str]:
    kind = node.attrs["kind"]
    allowed = {"ConfigMap": "data", "ExternalSecret": "spec"}.get(str(kind))
    for path, leaf in leaves(dict(node.attrs)):
        for attr in (leaf,) if isinstance(leaf, Attr) else getattr(leaf, "parts", ()):
            if isinstance(attr, Attr) and attr.known is None and (path[0] != allowed or not isinstance(leaf, Attr)):
                yield f"{dotted(path)} ({output_name(attr)})"


def _identities(node: Node) -> Iterator[tuple[object, ...]]:
    if isinstance(node, Manifest):
        yield (node.placement.cluster, node.attrs["kind"], node.attrs["apiVersion"], node.namespace, node.name)
    elif isinstance(node, Resource) and (argument := NAME_ARGUMENTS.get(node.type)):
        name = node.attrs.get(argument)
        if isinstance(name, str):
            yield (node.type, node.placement.account, node.placement.region, name)


def _nearest(node: Node, path: Path) -> Path | None:
    """The YAML path of the attribute itself or of the closest attribute around it that has one."""
    for length in range(len(path), 0, -1):
        if sources := node.provenance.get(path[:length]):
            return sources[0]
    return None
