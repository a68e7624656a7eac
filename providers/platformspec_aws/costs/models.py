"""Tokens of external models, and weights in the model bucket."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from platformspec.sdk import USUAL, Amount, CostItem, Declaration, ModelSpec, facts_of
from platformspec_aws.costs.billing import Billing, sources

# Bytes of a parameter, for precisions that store nothing else of consequence.
BYTES: Final = {"bf16": 2, "fp16": 2, "fp8": 1, "int8": 1}
GIB: Final = 2**30


def token_lines(billing: Billing) -> Iterator[CostItem]:
    """Each external model's declared tokens, at its declared price or else the table's."""
    for declaration in billing.ctx.graph.declarations.values():
        spec = declaration.spec
        if not isinstance(spec, ModelSpec) or spec.external is None:
            continue
        if spec.traffic is None:
            why = f"no tokens are declared: add `traffic` to {declaration.address}"
            yield _line(billing, declaration, "tokens", "usage", None, ((),), why)
            continue
        for side, millions in (
            ("input", spec.traffic.input_mtok_per_month),
            ("output", spec.traffic.output_mtok_per_month),
        ):
            key = f"bedrock/{spec.external.model}/{side}"
            declared = getattr(spec.price, f"{side}_usd_per_mtok") if spec.price is not None else None
            fields = (("traffic", f"{side}_mtok_per_month"), ("price", f"{side}_usd_per_mtok"), ("external", "model"))
            yield _line(
                billing, declaration, f"{side} tokens, in millions", side, Amount(key, millions, usd=declared), fields
            )


def _line(
    billing: Billing,
    declaration: Declaration,
    what: str,
    role: str,
    amount: Amount | None,
    fields: tuple[tuple[str, ...], ...],
    note: str = "",
) -> CostItem:
    address = str(declaration.address)
    amounts = (amount,) if amount is not None else ()
    paths = tuple(sorted(((*declaration.path, *field) for field in fields), key=str))
    return CostItem(
        id=f"{address}/tokens-{role}",
        what=what,
        declaration=address,
        team=billing.team_of(address),
        region=billing.region,
        least=amounts,
        likely=amounts,
        most=amounts,
        sources=paths,
        note=note,
    )


def weight_lines(billing: Billing) -> Iterator[CostItem]:
    """Weights of each model that reads the platform's own bucket, where parameters and precision are known."""
    bucket = next((node for node in billing.nodes if node.type == "aws_s3_bucket"), None)
    if bucket is None:
        return
    for declaration in billing.ctx.graph.declarations.values():
        spec = declaration.spec
        if not isinstance(spec, ModelSpec) or spec.source is None or spec.source.bucket is None:
            continue
        facts = facts_of(spec)
        size = BYTES.get(facts.precision or USUAL)
        role = f"weights-{declaration.address.name}"
        if facts.parameters_billion is None or size is None:
            yield billing.line(bucket, f"weights of {declaration.address}", (), (), (), sources(bucket), role=role, note="their size is not known: add `facts.parameters_billion`")  # fmt: skip
            continue
        stored = (Amount("s3/standard", facts.parameters_billion * 1e9 * size / GIB),)
        paths = (
            *sources(bucket),
            (*declaration.path, "facts", "parameters_billion"),
            (*declaration.path, "source", "precision"),
            (*declaration.path, "source", "bucket"),
        )
        yield billing.line(bucket, f"weights of {declaration.address}", stored, stored, stored, paths, role=role)
    yield billing.uncounted(bucket, "requests and older versions in the bucket", "they follow the use")
