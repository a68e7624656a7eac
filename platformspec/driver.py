"""From platform.yaml to a program. Read this first.

A pass starts only on a clean report, so that one mistake does not cause ten messages; a pass itself reports everything that
it finds. All passes here are pure: what they need from outside (files, the day, plug-ins) is handed to them.
"""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from platformspec.address import Address
from platformspec.checks import PolicyFinding, check_difference, check_graph, check_program
from platformspec.cost.delta import CostDelta, compare
from platformspec.cost.estimate import Estimate, estimate
from platformspec.cost.prices import PriceTable
from platformspec.diagnostics import Report
from platformspec.fit.estimate import Fitted
from platformspec.graph.platform import Platform
from platformspec.graph.platform_graph import PlatformGraph
from platformspec.graph.renames import check_claims, former_names
from platformspec.graph.resolve import resolve
from platformspec.ir.program import Program
from platformspec.ir.verify import verify
from platformspec.kinds.platform import PlatformSpec
from platformspec.kinds.prices import read_prices
from platformspec.kinds.validate import validate
from platformspec.lock import Lock
from platformspec.lower.context import Maker
from platformspec.lower.contract import ProviderSet
from platformspec.lower.lower import lower
from platformspec.source.document import Document, parse
from platformspec.source.overlay import apply_environment
from platformspec.source.tree import SourceTree


@dataclass
class Compilation:
    """One run over one revision in one environment. What a pass did not reach is None."""

    tree: SourceTree
    file: str
    environment: str | None
    as_of: datetime.date
    providers: ProviderSet
    report: Report = field(default_factory=Report)
    lock: Lock = field(default_factory=Lock)
    document: Document | None = None
    spec: PlatformSpec | None = None
    graph: PlatformGraph | None = None
    program: Program | None = None
    prices: PriceTable | None = None
    estimate: Estimate | None = None
    made_by: Mapping[str, Maker] = field(default_factory=dict)
    fitted: Mapping[Address, Fitted] = field(default_factory=dict)
    findings: tuple[PolicyFinding, ...] = ()

    @property
    def ok(self) -> bool:
        """Every pass ran, and none found an error."""
        return self.report.ok and self.program is not None


def parse_source(c: Compilation) -> None:
    """Text -> plain data with a place for every key and value."""
    c.document = parse(c.tree, c.file, c.report)
    c.lock = Lock.read(c.tree, c.file, c.report)


def choose_environment(c: Compilation) -> None:
    """Overlay the environment's patch, so that everything after sees one platform."""
    assert c.document is not None
    c.document = apply_environment(c.document, c.environment, c.report)


def validate_kinds(c: Compilation) -> None:
    """Plain data -> specs. Shapes only: what an editor can check too."""
    assert c.document is not None
    c.spec = validate(c.document, c.report)


def resolve_references(c: Compilation) -> None:
    """Names -> typed edges, before anything looks at what a declaration uses."""
    assert c.spec is not None
    assert c.document is not None
    c.lock = c.lock.renamed(c.environment, former_names(c.spec))
    names, called = c.lock.names_in(c.environment), c.lock.called_in(c.environment)
    platform = Platform(c.spec, c.document, c.environment, c.as_of, names, called)
    c.graph = resolve(platform, c.report)


def check_declarations(c: Compilation) -> None:
    """Rules that need declarations and edges, before work is spent on lowering."""
    assert c.graph is not None
    check_graph(c.graph, c.report)


def lower_graph(c: Compilation) -> None:
    """Declarations -> resources and manifests, by the providers."""
    assert c.graph is not None
    lowered = lower(c.graph, c.providers, c.report)
    if lowered is not None:
        c.program = lowered.program
        c.made_by = lowered.made_by
        c.fitted = lowered.fitted
        c.lock = c.lock.with_names(c.environment, lowered.names)


def verify_program(c: Compilation) -> None:
    """Prove that what was lowered can be emitted: a provider's mistake must not become a broken file."""
    assert c.program is not None
    verify(c.program, [p.catalogue for p in c.providers.providers if p.catalogue is not None], c.report)


def price_program(c: Compilation) -> None:
    """Join the lines of the bill with prices, because policies may be about money."""
    assert c.document is not None
    assert c.spec is not None
    assert c.program is not None
    c.prices = c.providers.prices
    if c.spec.cost.prices is not None:
        place = c.document.span(("cost", "prices"))
        needed = frozenset(amount.key for item in c.program.costs for amount in item.amounts)
        own = read_prices(c.tree, c.file, c.spec.cost.prices, place, c.prices, needed, c.report)
        if own is None:
            return
        c.prices = own
    c.estimate = estimate(c.program.costs, c.prices)


def check_outcome(c: Compilation) -> None:
    """Rules and policies about what will really be created."""
    assert c.graph is not None
    assert c.program is not None
    assert c.estimate is not None
    c.findings = check_program(c.graph, c.program, c.estimate, c.report)


PASSES: tuple[Callable[[Compilation], None], ...] = (
    parse_source,
    choose_environment,
    validate_kinds,
    resolve_references,
    check_declarations,
    lower_graph,
    verify_program,
    price_program,
    check_outcome,
)


def compile_platform(
    tree: SourceTree, file: str, *, environment: str | None, as_of: datetime.date, providers: ProviderSet
) -> Compilation:
    """Run the passes in order until one reports an error."""
    compilation = Compilation(tree, file, environment, as_of, providers)
    run_passes(compilation, PASSES)
    return compilation


def run_passes(compilation: Compilation, passes: Sequence[Callable[[Compilation], None]]) -> None:
    """Run these passes, which follow those that ran already, until one reports an error."""
    for run in passes:
        if not compilation.report.ok:
            return
        run(compilation)
        if compilation.document is not None:
            compilation.report.locate_with(compilation.document)


def compare_costs(head: Compilation, base: Program | None) -> CostDelta | None:
    """What the difference between a program and a compilation costs, both at the head's prices; policies about it go on the head's report,
    and earlier names that the program does not know.

    None where no figure changes. Without `base` everything is new, and no policy about increases applies.
    """
    assert head.graph is not None
    assert head.estimate is not None
    if base is None:
        return compare(None, head.estimate)
    assert head.prices is not None
    assert head.program is not None
    check_claims(head.graph.platform, base, head.program, head.report)
    before = estimate(base.renamed(head.program.former).costs, head.prices)
    head.findings = (*head.findings, *check_difference(head.graph, before, head.estimate, head.report))
    return compare(before, head.estimate)


def policies_about_increases(c: Compilation) -> tuple[str, ...]:
    """Names of policies that need something to compare with."""
    assert c.spec is not None
    return tuple(sorted(name for name, policy in c.spec.policies.items() if policy.max_increase is not None))


def in_environment(parsed: Compilation, environment: str | None) -> Compilation:
    """A compilation of the same parsed files that goes on in one environment; nothing is shared that a pass changes."""
    return dataclasses.replace(parsed, environment=environment, report=parsed.report.copy())
