"""A file with prices of the user's own, which `cost.prices` names."""

from __future__ import annotations

import posixpath
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError

from platformspec.cost.prices import PriceTable
from platformspec.diagnostics import Code, Path, Report, Span, dotted
from platformspec.diagnostics.suggest import closest
from platformspec.kinds.base import Number, Spec
from platformspec.source import places
from platformspec.source.compose import compose
from platformspec.source.places import Place
from platformspec.source.text import read_text
from platformspec.source.tree import Refused, SourceTree, relative

SHAPE = Code(
    "PS473",
    "a price file of another shape",
    explain="A price file has `apiVersion: platformspec.dev/v1`, `kind: Prices`, `sources` (name -> {text, date}) and `regions` (region -> key -> {usd, per, source}). schemas/prices.schema.json describes it for editors.",
)
DOES_NOT_FIT = Code(
    "PS474",
    "a price that does not fit the table",
    explain="A row names one of the file's sources, and its unit is the one that the built-in table has for the key: a price per month where hours are counted would be wrong by a factor of 730.",
)
UNKNOWN_KEY = Code(
    "PS475",
    "a price that nothing can use",
    explain="The key of a row is one that the built-in table has, or one that this platform needs a price for; a misspelt key would be passed over in silence. `platformspec cost --format json` prints the keys that are used.",
)

Region = Annotated[str, Field(pattern=r"^(?:global|[a-z]{2}(?:-[a-z]+)+-\d)$(?!\n)")]
Key = Annotated[str, Field(pattern=r"^[a-z0-9][A-Za-z0-9./:_-]*$(?!\n)", max_length=200)]
Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.-]*$(?!\n)", max_length=60)]


class PriceSourceSpec(Spec):
    """Where prices were read."""

    text: str = Field(description="What it is, such as the number of an agreement.", min_length=3)
    date: str = Field(
        description="Day on which the prices held, in quotes: 2026-09-01.",
        pattern=r"^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])$(?!\n)",
    )


class PriceRowSpec(Spec):
    """One price."""

    usd: Number = Field(description="US dollars per unit.", ge=0)
    per: Literal["hour", "month", "gib_month", "million_tokens"] = Field(description="The unit.")
    source: Name = Field(description="One of `sources`.")


class PricesSpec(Spec):
    """prices.yaml."""

    api_version: Literal["platformspec.dev/v1"] = Field(alias="apiVersion", description="Version of the format.")
    kind: Literal["Prices"] = Field(description="Always Prices.")
    sources: dict[Name, PriceSourceSpec] = Field(description="Name -> where prices were read.", min_length=1)
    regions: dict[Region, dict[Key, PriceRowSpec]] = Field(
        description="Region, or global -> key -> price.", min_length=1
    )


def read_prices(
    tree: SourceTree,
    platform_file: str,
    name: str,
    asked_at: Span | None,
    built_in: PriceTable,
    needed: frozenset[str],
    report: Report,
) -> PriceTable | None:
    """The file's rows over those of the built-in table; None where it has a mistake, which is reported.

    `needed`: keys that lines of this platform's bill look for.
    """
    try:
        # Joined first, `../` could leave the platform's folder without leaving the tree.
        file = posixpath.join(posixpath.dirname(platform_file), relative(name))
    except Refused as refused:
        report.error(refused.code, refused.message, at=asked_at, help=refused.help)
        return None
    text = read_text(tree, file, report, asked_at=asked_at)
    composed = compose(text, file, report) if text is not None else None
    if composed is None:
        return None
    data, root = composed
    try:
        spec = PricesSpec.model_validate(data)
    except ValidationError as problems:
        for error in problems.errors(include_url=False):
            path = tuple(part for part in error["loc"] if part != "[key]")
            report.error(SHAPE, _message(path, error["type"], error), at=_at(root, path), help=_help(path, error["type"], error))  # fmt: skip
        return None
    known = len(report.errors)
    for region, rows in spec.regions.items():
        for key, row in rows.items():
            _check_row(spec, built_in, needed, root, ("regions", region, key), key, row, report)
    if len(report.errors) > known:
        return None
    plain = {"reference_region": built_in.reference, "sources": data["sources"], "regions": data["regions"]}
    return PriceTable.of(plain).over(built_in)


def _check_row(
    spec: PricesSpec,
    built_in: PriceTable,
    needed: frozenset[str],
    root: Place,
    path: Path,
    key: str,
    row: PriceRowSpec,
    report: Report,
) -> None:
    if row.source not in spec.sources:
        report.error(
            DOES_NOT_FIT,
            f"there is no source {row.source!r}",
            at=_at(root, (*path, "source")),
            help=f"sources: {', '.join(sorted(spec.sources))}",
        )
    wanted = built_in.keys.get(key)
    if wanted is not None and row.per != wanted:
        report.error(
            DOES_NOT_FIT,
            f"{key} is per {row.per}, and is counted per {wanted}",
            at=_at(root, (*path, "per")),
            help=f"give the price per {wanted}",
        )
    if wanted is None and key not in needed:
        near = closest(key, sorted({*built_in.keys, *needed}))
        report.warning(
            UNKNOWN_KEY,
            f"nothing is priced with {key}",
            at=_at(root, path),
            help=f"did you mean {near}?" if near else "remove the row, or correct its key",
        )


def _at(root: Place, path: Path) -> Span:
    return places.value_span(places.nearest(root, path)[0])


def _message(path: Path, kind: str, error: Any) -> str:
    where = dotted(path) or "the file"
    words = {
        "missing": f"{where} is missing",
        "extra_forbidden": f"there is no key {path[-1] if path else ''!r} here",
        "literal_error": f"{where} cannot be {error['input']!r}",
        "greater_than_equal": f"{where} is {error['input']}, and cannot be negative",
        "string_pattern_mismatch": f"{error['input']!r} is not what {dotted(path[:-1]) or 'the file'} takes",
        "too_short": f"{where} is empty",
    }
    return words.get(kind, f"{where} is {error['input']!r}, which is of another type")


def _help(path: Path, kind: str, error: Any) -> str:
    if kind == "literal_error":
        return f"write {error['ctx']['expected']}"
    if kind == "missing":
        return f"add `{path[-1]}:`"
    return "a row is `region: {key: {usd: 0.5, per: hour, source: name}}`, and a source `name: {text: ..., date: ...}`"
