"""The two revisions of a review, compiled in every environment. Each distinct document is compiled once."""

from __future__ import annotations

import datetime
from dataclasses import dataclass

from platformspec.diagnostics import Diagnostic
from platformspec.driver import PASSES, Compilation, in_environment, run_passes
from platformspec.ir.program import Program
from platformspec.lower.contract import ProviderSet
from platformspec.plan.change import Plan
from platformspec.plan.diff import diff
from platformspec.source.tree import Refused, SourceTree
from platformspec.version import VERSION


@dataclass(frozen=True, slots=True)
class Side:
    """Where one revision is read from, and how people call it."""

    tree: SourceTree
    file: str
    label: str


@dataclass(frozen=True)
class Pair:
    """Both revisions in one environment.

    `base` or `head` is None where that revision has no such environment, or no platform at all. Where a revision does not
    compile its compilation has errors on its report and `plan` is None.
    """

    environment: str | None
    base: Compilation | None
    head: Compilation | None
    plan: Plan | None

    @property
    def broken(self) -> bool:
        """Whether a revision that has the environment does not compile in it."""
        return any(side is not None and not side.ok for side in (self.base, self.head))

    @property
    def same(self) -> bool:
        """Whether both revisions say the same."""
        return self.base is self.head


def pairs(
    base: Side | None, head: Side | None, *, environment: str | None, as_of: datetime.date, providers: ProviderSet
) -> tuple[tuple[Pair, ...], tuple[Diagnostic, ...], tuple[Diagnostic, ...]]:
    """The comparison in every environment (or in one), and what keeps the base and the head from being read at all.

    An environment that is left out by both revisions is compared where the other environments are: nowhere.
    """
    old, new = _parsed(base, as_of, providers), _parsed(head, as_of, providers)
    broken = tuple(side.report.errors if side is not None and not side.report.ok else () for side in (old, new))
    names = sorted({*_environments(old), *_environments(new)}, key=str)
    if len(names) > 1 and None in names:
        # One revision has environments and the other has none: what had none is what each of them begins with.
        names = [name for name in names if name is not None]
    found = tuple(
        _pair(_chosen(old, name), _chosen(new, name), name)
        for name in names
        if environment is None or name == environment
    )
    return found, broken[0], broken[1]


def _parsed(side: Side | None, as_of: datetime.date, providers: ProviderSet) -> Compilation | None:
    if side is None:
        return None
    compilation = Compilation(side.tree, side.file, None, as_of, providers)
    try:
        run_passes(compilation, PASSES[:1])
    except Refused as refused:
        compilation.report.error(refused.code, refused.message, help=refused.help)
    return compilation


def _environments(parsed: Compilation | None) -> tuple[str | None, ...]:
    if parsed is None or parsed.document is None or not parsed.report.ok:
        return ()
    return parsed.document.environments or (None,)


def _chosen(parsed: Compilation | None, environment: str | None) -> Compilation | None:
    known = _environments(parsed)
    if parsed is None or not known:
        return None
    if known == (None,):
        environment = None
    elif environment not in known:
        return None
    compilation = in_environment(parsed, environment)
    run_passes(compilation, PASSES[1:2])
    return compilation


def _pair(base: Compilation | None, head: Compilation | None, environment: str | None) -> Pair:
    if base is not None and head is not None and _alike(base, head):
        run_passes(head, PASSES[2:])
        return Pair(environment, head, head, None)
    for side in (base, head):
        if side is not None:
            run_passes(side, PASSES[2:])
    plan = None
    if all(side is None or side.ok for side in (base, head)):
        plan = _plan(base, head)
    return Pair(environment, base, head, plan)


def _alike(base: Compilation, head: Compilation) -> bool:
    """Whether the same platform stands in both: the order of keys, comments and places make no difference."""
    if not (base.report.ok and head.report.ok) or base.document is None or head.document is None:
        return False
    if base.environment != head.environment:
        # Names in the cloud carry the environment.
        return False
    if _has_price_file(head):
        # The file may differ where its name does not, and policies may be about money.
        return False
    locks = [(side.lock.names_in(side.environment), side.lock.called_in(side.environment)) for side in (base, head)]
    same_lock = locks[0] == locks[1]
    return same_lock and _essence(base) == _essence(head)


def _has_price_file(compilation: Compilation) -> bool:
    assert compilation.document is not None
    cost = compilation.document.data.get("cost")
    return isinstance(cost, dict) and "prices" in cost


def _essence(compilation: Compilation) -> dict[str, object]:
    assert compilation.document is not None
    # The patch is applied already, and the files that a section comes from do not matter.
    found = {key: value for key, value in compilation.document.data.items() if key not in ("environments", "include")}
    environments = compilation.document.data.get("environments")
    own = environments.get(compilation.environment) if isinstance(environments, dict) else None
    rules = {key: value for key, value in own.items() if key != "patch"} if isinstance(own, dict) else {}
    return {**found, "rules of the environment": rules} if rules else found


def _plan(base: Compilation | None, head: Compilation | None) -> Plan:
    side = head or base
    assert side is not None
    before = base.program if base is not None else None
    after = head.program if head is not None else None
    if after is None:
        assert before is not None
        after = Program.of(before.platform, before.environment, ())
    return diff(before, after, side.providers.verdict, as_of=side.as_of, tool_version=VERSION, digests=(None, ""))
