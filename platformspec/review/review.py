"""A review: what a change of platform.yaml means, environment by environment. Pure, and in a stable order."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from platformspec.address import Address
from platformspec.checks import PolicyFinding
from platformspec.diagnostics import Diagnostic, dotted
from platformspec.driver import Compilation
from platformspec.graph.renames import check_claims
from platformspec.ir.expr import Attr, attrs_in
from platformspec.plan.change import ABSENT, Plan
from platformspec.plan.diff import NOT_CREATED
from platformspec.plan.words import plural
from platformspec.review.blast_radius import BlastRadius, blast_radius, owners
from platformspec.review.dangers import Danger, Situation, dangers
from platformspec.review.dangers.environments import environment_removed
from platformspec.review.differences import differences
from platformspec.review.effects import effects
from platformspec.review.former import in_words_of
from platformspec.review.intent import Intent, intents, renamed
from platformspec.review.money import CostDelta, cost_delta, sentence
from platformspec.review.permissions import PermissionDelta, permission_delta
from platformspec.review.sides import Pair
from platformspec.review.wording import listed
from platformspec.review.written import written

# With more titles than this the first line would be none.
MOST_TITLES = 3
MOST_TEXTS = 3
NO_EFFECT = "No effect"


@dataclass(frozen=True)
class EnvironmentReview:
    """What the change means in one environment. Where a revision does not compile there are errors and no plan."""

    environment: str | None
    pair: Pair
    intents: tuple[Intent, ...] = ()
    dangers: tuple[Danger, ...] = ()
    effects: tuple[str, ...] = ()
    radius: BlastRadius = field(default_factory=lambda: BlastRadius((), (), (), ()))
    permissions: PermissionDelta = field(default_factory=lambda: PermissionDelta((), ()))
    cost: CostDelta | None = None
    approvals: tuple[PolicyFinding, ...] = ()
    """Findings of the head that somebody has to approve and that the base does not have."""
    warnings: tuple[Diagnostic, ...] = ()
    """Warnings of the head that the base does not have."""
    unknown: tuple[str, ...] = ()
    """What only an apply will show."""
    reviewers: tuple[tuple[str, str], ...] = ()
    """Who should look at it, and why."""
    base_errors: tuple[Diagnostic, ...] = ()
    head_errors: tuple[Diagnostic, ...] = ()

    @property
    def plan(self) -> Plan | None:
        return self.pair.plan

    @property
    def quiet(self) -> bool:
        """Whether there is nothing to say."""
        return not (
            self.intents
            or self.dangers
            or self.effects
            or self.approvals
            or self.warnings
            or self.base_errors
            or self.head_errors
        ) and not (self.plan is not None and self.plan.changes)


@dataclass(frozen=True)
class Group:
    """Environments in which the change means the same; `review` is that of the last of them."""

    environments: tuple[str, ...]
    review: EnvironmentReview


@dataclass(frozen=True)
class Review:
    """The whole review. `base` and `head` are how people call the revisions; `notes` are about the revisions themselves."""

    platform: str
    file: str
    base: str
    head: str
    environments: tuple[EnvironmentReview, ...]
    notes: tuple[Diagnostic, ...] = ()
    base_errors: tuple[Diagnostic, ...] = ()
    head_errors: tuple[Diagnostic, ...] = ()

    @property
    def groups(self) -> tuple[Group, ...]:
        """Environments folded into one where the change means the same; those without any effect are left out."""
        found: dict[object, list[EnvironmentReview]] = {}
        for review in self.environments:
            if not review.quiet:
                found.setdefault(_meaning(review), []).append(review)
        return tuple(
            Group(tuple(r.environment for r in reviews if r.environment is not None), reviews[-1])
            for reviews in found.values()
        )

    @property
    def dangers(self) -> tuple[Danger, ...]:
        """Dangers of all environments, each once."""
        return tuple(dict.fromkeys(danger for review in self.environments for danger in review.dangers))

    @property
    def broken(self) -> bool:
        """Whether the head does not compile, in any environment."""
        return bool(self.head_errors) or any(review.head_errors for review in self.environments)

    @property
    def headline(self) -> str:
        """The intent in one line: `chat-large: context 32k -> 64k in dev and prod`."""
        return _headline(self)

    @property
    def headline_says_all(self) -> bool:
        """Whether the first line names every intent, and each holds in every section."""
        if self.broken or any(environment.base_errors for environment in self.environments):
            return False
        titles: dict[str, set[str]] = {}
        for environment in self.environments:
            for intent in environment.intents:
                titles.setdefault(intent.title, set()).add(intent.text)
        short = len(titles) <= MOST_TITLES and all(len(texts) <= MOST_TEXTS for texts in titles.values())
        return short and len({tuple((i.title, i.text) for i in g.review.intents) for g in self.groups}) <= 1


def review(
    pairs: Sequence[Pair],
    *,
    file: str,
    base: str,
    head: str,
    notes: Sequence[Diagnostic] = (),
    base_errors: Sequence[Diagnostic] = (),
    head_errors: Sequence[Diagnostic] = (),
) -> Review:
    """What the pairs mean. Where nothing could be compared the errors say why."""
    names = [c.graph.platform.name for p in pairs for c in (p.head, p.base) if c is not None and c.graph is not None]
    several = any(pair.base is not None for pair in pairs) and any(pair.head is not None for pair in pairs)
    blind = bool(base_errors or head_errors)
    found = tuple(_alone(pair) if blind or pair.broken else _environment(pair, several) for pair in pairs)
    return Review(
        names[0] if names else file, file, base, head, found, tuple(notes), tuple(base_errors), tuple(head_errors)
    )


def _alone(pair: Pair) -> EnvironmentReview:
    """What can be said of each side where they cannot be compared."""
    base, head = pair.base, pair.head
    return EnvironmentReview(
        pair.environment,
        dataclasses.replace(pair, plan=None),
        written(base, head),
        effects=tuple(
            _compiles(name, side) for name, side in (("base", base), ("change", head)) if side is not None and side.ok
        ),
        warnings=_new_warnings(base if base is not None and base.ok else None, head),
        base_errors=base.report.errors if base is not None and base is not head else (),
        head_errors=head.report.errors if head is not None else (),
    )


def _compiles(name: str, side: Compilation) -> str:
    """What one side of a broken pair is."""
    assert side.program is not None
    created = sum(not isinstance(node, NOT_CREATED) for node in side.program)
    cost = f", likely ${side.estimate.total.likely:,.0f} a month" if side.estimate is not None else ""
    return f"the {name} compiles: {plural(created, 'resource')}{cost}"


def _environment(pair: Pair, several: bool) -> EnvironmentReview:
    base, head = pair.base, pair.head
    if pair.same:
        return EnvironmentReview(pair.environment, pair)
    if base is None or head is None:
        return _one_sided(pair, several)
    assert pair.plan is not None
    plan = pair.plan
    if base.program is not None and head.program is not None and head.graph is not None:
        check_claims(head.graph.platform, base.program, head.program, head.report)
    base, renames = in_words_of(base, head)
    pair = dataclasses.replace(pair, base=base)
    changed = differences(base, head)
    wanted = intents(base, head, changed, renames, plan)
    situation = Situation(pair.environment, base, head, plan, changed, renamed(changed), head.providers.stakes)
    found = dangers(situation)
    addresses = _addresses(wanted)
    radius = blast_radius(base, head, addresses)
    approvals = _approvals(base, head)
    cost = cost_delta(base.estimate, head.estimate)
    return EnvironmentReview(
        pair.environment,
        pair,
        _dangerous_first(wanted, found),
        found,
        (*effects(situation, radius), *([sentence(cost)] if cost is not None else [])),
        radius,
        permission_delta(base.program, head.program),
        cost,
        approvals,
        _new_warnings(base, head),
        _unknown(plan),
        _reviewers(base, head, addresses, approvals, found),
    )


def _one_sided(pair: Pair, several: bool) -> EnvironmentReview:
    """An environment, or a whole platform, that only one revision has."""
    side = pair.head or pair.base
    assert side is not None
    assert side.graph is not None
    new = pair.head is not None
    kind, name = (
        ("environment", pair.environment) if several and pair.environment else ("platform", side.graph.platform.name)
    )
    address = Address("platform", "main")
    text = "added" if new else "removed"
    path = ("environments", pair.environment) if pair.environment else ()
    intent = Intent(address, f"{kind} {name}", text, path, removed=not new)
    gone = () if new else (environment_removed(pair, intent.title),)
    approvals = _approvals(None, pair.head) if pair.head is not None else ()
    cost = cost_delta(
        pair.base.estimate if pair.base is not None else None, pair.head.estimate if pair.head is not None else None
    )
    return EnvironmentReview(
        pair.environment,
        pair,
        (intent,),
        gone,
        permissions=permission_delta(
            pair.base.program if pair.base else None, pair.head.program if pair.head else None
        ),
        effects=(sentence(cost),) if cost is not None else (),
        cost=cost,
        approvals=approvals,
        warnings=_new_warnings(None, pair.head),
        unknown=_unknown(pair.plan) if pair.plan is not None and new else (),
        reviewers=_reviewers(pair.base, pair.head, [address], approvals, gone),
    )


def _addresses(wanted: Iterable[Intent]) -> list[Address]:
    return sorted({intent.address for intent in wanted}, key=str)


def _dangerous_first(wanted: tuple[Intent, ...], found: tuple[Danger, ...]) -> tuple[Intent, ...]:
    causes = {danger.diagnostic.path for danger in found}
    addresses = {danger.address for danger in found}

    def rank(intent: Intent) -> tuple[bool, bool]:
        is_cause = any(path[: len(intent.path)] == intent.path for path in causes if intent.path)
        return not is_cause, intent.address not in addresses

    return tuple(sorted(wanted, key=rank))


def _approvals(base: Compilation | None, head: Compilation) -> tuple[PolicyFinding, ...]:
    before = {f.message for f in base.findings} if base is not None else set()
    return tuple(f for f in head.findings if f.level == "approve" and f.message not in before)


def _new_warnings(base: Compilation | None, head: Compilation | None) -> tuple[Diagnostic, ...]:
    if head is None:
        return ()
    before = {(w.code.id, w.message) for w in base.report.warnings} if base is not None else set()
    return tuple(w for w in head.report.warnings if (w.code.id, w.message) not in before)


def _unknown(plan: Plan) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for change in plan.changes:
        if change.action == "delete":
            continue
        if change.action == "import":
            found[f"{change.id}: what {change.imported} is like today, and so what of it changes"] = None
        if not change.certain and change.reason:
            found[f"{change.id}: {change.reason}"] = None
        for attribute in change.attributes:
            if attribute.after is ABSENT:
                continue
            for late in _late(attribute.after):
                found[f"{change.id}: {dotted(attribute.path)} is {late.path} of {late.node}"] = None
    return tuple(found)


def _late(value: object) -> Iterator[Attr]:
    return (attr for attr in attrs_in(value) if attr.known is None)  # type: ignore[arg-type]


def _reviewers(
    base: Compilation | None,
    head: Compilation | None,
    addresses: list[Address],
    approvals: tuple[PolicyFinding, ...],
    found: tuple[Danger, ...],
) -> tuple[tuple[str, str], ...]:
    reasons: dict[str, list[str]] = {}
    touched = sorted({*addresses, *(danger.address for danger in found)}, key=str)
    for owner, owned in owners(base, head, touched).items():
        shown = owned if len(owned) <= MOST_TITLES else [*owned[:MOST_TITLES], f"{len(owned) - MOST_TITLES} more"]
        reasons.setdefault(owner, []).append(f"owns {listed(shown)}")
    for finding in approvals:
        for approver in finding.approvers:
            reasons.setdefault(approver, []).append(f"approves policy {finding.policy}")
    return tuple((name, "; ".join(dict.fromkeys(why))) for name, why in sorted(reasons.items()))


def _meaning(review: EnvironmentReview) -> object:
    """Equal where the change means the same. Names that carry the environment are left out."""
    plan = review.plan
    return (
        tuple((i.title, i.text) for i in review.intents),
        tuple((d.diagnostic.code.id, d.diagnostic.message) for d in review.dangers),
        review.effects,
        tuple((c.action, c.id) for c in plan.changes) if plan is not None else None,
        tuple(f.message for f in review.approvals),
        tuple((w.code.id, w.message) for w in review.warnings),
        tuple(d.message for d in review.base_errors),
        tuple(d.message for d in review.head_errors),
    )


def _headline(r: Review) -> str:
    if r.head_errors or any(e.head_errors for e in r.environments):
        broken = [e.environment for e in r.environments if e.head_errors and e.environment]
        return "The change does not compile" + (f" in {listed(broken)}" if broken else "")
    if r.base_errors or any(e.base_errors for e in r.environments):
        return f"{r.base} cannot be read or does not compile: there is nothing to compare with"
    by_text: dict[tuple[str, str], list[str]] = {}
    for environment in r.environments:
        for intent in environment.intents:
            named = "" if intent.title.startswith("environment ") else environment.environment or ""
            by_text.setdefault((intent.title, intent.text), []).append(named)
    if not by_text:
        changed = any(e.plan is not None and e.plan.changes for e in r.environments)
        return "Only generated files change" if changed else NO_EFFECT
    titles: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for (title, text), names in by_text.items():
        titles.setdefault((title, tuple(name for name in names if name)), []).append(text)
    shown = list(titles.items())[:MOST_TITLES]
    places = sorted({where for (_, where), _ in shown})
    parts = []
    for (title, where), texts in shown:
        part = f"{title}: {_some(texts)}"
        parts.append(part + (f" in {listed(list(where))}" if where and len(places) > 1 else ""))
    line = "; ".join(parts)
    if len(titles) > MOST_TITLES:
        line += f"; and {len(titles) - MOST_TITLES} more"
    return line + (f" in {listed(list(places[0]))}" if len(places) == 1 and places[0] else "")


def _some(texts: list[str]) -> str:
    if len(texts) <= MOST_TEXTS:
        return ", ".join(texts)
    return ", ".join(texts[:MOST_TEXTS]) + f" and {len(texts) - MOST_TEXTS} more"
