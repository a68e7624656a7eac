"""The `provider` blocks of stacks."""

from __future__ import annotations

from platformspec.sdk import Address, AggregateContext, Manifest
from platformspec_aws.exports import AwsClusterExports
from platformspec_aws.stacks import stack_of


def provider_blocks(ctx: AggregateContext) -> None:
    """aws in every stack that uses it, held to the platform's account; helm in the stacks of controllers."""
    used: dict[str, set[str]] = {}
    edges: dict[str, set[str] | None] = {}
    for node in ctx.nodes:
        if isinstance(node, Manifest):
            continue
        used.setdefault(node.stack, set()).add(node.type.split("_")[0])
        # A stack in which everything exists for edges goes with the last of them, and its blocks too.
        known = edges.setdefault(node.stack, set())
        edges[node.stack] = None if known is None or not node.edges else {*known, *node.edges}
    for stack in sorted(used):
        about = ctx.in_stack(stack, edges=edges[stack] or ())
        if "aws" in used[stack]:
            about.provider("aws", "aws", {"region": ctx.region, "allowed_account_ids": [ctx.account]}, stack=stack)
    for address in ctx.graph.declarations:
        stack = stack_of("addons", address)
        if address.kind == "cluster" and "helm" in used.get(stack, ()):
            _helm(ctx, address, stack)


def _helm(ctx: AggregateContext, address: Address, stack: str) -> None:
    cluster = ctx.exports(address, AwsClusterExports)
    # The helm provider reads JSON, whatever output the user's AWS configuration asks for.
    command = ["eks", "get-token", "--cluster-name", cluster.name, "--region", ctx.region, "--output", "json"]
    ctx.in_stack(stack).provider(
        "helm",
        "helm",
        {
            "kubernetes": {
                "host": cluster.endpoint,
                "cluster_ca_certificate": cluster.certificate_authority,
                "exec": {"api_version": "client.authentication.k8s.io/v1beta1", "command": "aws", "args": command},
            }
        },
        stack=stack,
    )
