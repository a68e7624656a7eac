"""Fields that make the platform weaker when they move in one direction: less redundancy, less capacity, less protection."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from platformspec.diagnostics import Code, Path
from platformspec.kinds.gateway import FallbackSpec
from platformspec.kinds.model import ModelSpec
from platformspec.review.dangers.danger import Danger, Situation
from platformspec.review.differences import ABSENT, Difference
from platformspec.review.wording import difference_text, title

LESS_REDUNDANCY = Code(
    "PS623",
    "a change takes redundancy away",
    explain="Fewer copies, zones or ways round are left when one fails or is taken back by the cloud. With one copy every failure, and every update, is an outage.",
)
LESS_PROTECTION = Code(
    "PS625",
    "a change takes protection away",
    explain="Something that prevents or mends mistakes becomes weaker or goes: protection against deletion, backups, logs, limits, keys that end, isolation of data.",
)
LESS_CAPACITY = Code(
    "PS633",
    "a change takes capacity away",
    explain="The largest number of replicas or nodes becomes smaller. What is above it now is stopped, and a peak that was answered yesterday may be refused.",
)


@dataclass(frozen=True, slots=True)
class _Weakening:
    """A field of a kind, when a change of it is a loss, and what is lost."""

    code: Code
    kind: str
    field: Path
    lost: Callable[[Any, Any], bool]
    because: str
    help: str


def _fewer(before: Any, after: Any) -> bool:
    # What is left out has no bound: None -> 3 is a loss of none of these.
    return _number(before) and _number(after) and after < before


def _off(before: Any, after: Any) -> bool:
    return before is True and after is False


def _gone(before: Any, after: Any) -> bool:
    return before not in (None, ABSENT, ()) and after in (None, ABSENT, ())


def _new(before: Any, after: Any) -> bool:
    return before in (None, ABSENT) and after not in (None, ABSENT)


def _more(before: Any, after: Any) -> bool:
    return _number(before) and _number(after) and after > before


def _number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _any_gone(before: Any, after: Any) -> bool:
    return isinstance(before, tuple) and isinstance(after, tuple) and bool(set(before) - set(after))


def _last_gone(before: Any, after: Any) -> bool:
    return isinstance(before, tuple) and bool(before) and after == ()


def _sooner(before: Any, after: Any) -> bool:
    # Days are written as 2027-03-31; without one there is no end.
    return isinstance(after, str) and (before is None or after < before)


def _lower(*order: str) -> Callable[[Any, Any], bool]:
    """A step down in an order, the lowest first."""
    return lambda before, after: before in order and after in order and order.index(after) < order.index(before)


def _from(value: Any) -> Callable[[Any, Any], bool]:
    return lambda before, after: before == value and after != value


_COPIES = "keep at least two, better three, where an outage hurts"
_KEEP = "leave it on where the data or the service matters"
_TABLE: Final = (
    _Weakening(LESS_REDUNDANCY, "model", ("scale", "min"), _fewer, "fewer replicas answer when one fails", _COPIES),
    _Weakening(LESS_REDUNDANCY, "gateway", ("scale", "min"), _fewer, "fewer replicas answer when one fails", _COPIES),
    _Weakening(LESS_REDUNDANCY, "database", ("replicas",), _fewer, "fewer readers can take over", _COPIES),
    _Weakening(LESS_REDUNDANCY, "cache", ("replicas",), _fewer, "fewer replicas can take over", _COPIES),
    _Weakening(LESS_REDUNDANCY, "vector_store", ("replicas",), _fewer, "fewer copies of the vectors are kept", _COPIES),
    _Weakening(LESS_REDUNDANCY, "network", ("zones",), _fewer, "the loss of a zone takes a larger part along", "keep three zones"),
    _Weakening(LESS_REDUNDANCY, "network", ("egress",), _from("nat_per_zone"), "the loss of one zone cuts all zones off the internet", "keep nat_per_zone in production"),
    _Weakening(LESS_REDUNDANCY, "cluster", ("system_nodes", "min"), _fewer, "fewer nodes carry the controllers", "keep one node per zone"),
    _Weakening(LESS_REDUNDANCY, "gpu_pool", ("capacity", "nodes", "min"), _fewer, "fewer nodes are always there", "keep as many as the replicas that must always answer need"),
    _Weakening(LESS_REDUNDANCY, "gpu_pool", ("capacity", "spot"), _new, "nodes may be taken back by the cloud with two minutes' notice", "keep a floor of on-demand nodes: on_demand_floor"),
    _Weakening(LESS_REDUNDANCY, "gpu_pool", ("capacity", "spot", "share"), _more, "more nodes may be taken back by the cloud with two minutes' notice", "keep a floor of on-demand nodes: on_demand_floor"),
    _Weakening(LESS_REDUNDANCY, "gpu_pool", ("capacity", "spot", "on_demand_floor"), _fewer, "fewer nodes are safe from being taken back", "keep as many as must always answer"),
    _Weakening(LESS_CAPACITY, "gpu_pool", ("capacity", "nodes", "max"), _fewer, "the pool carries fewer replicas at its largest", "check the peak that it has to carry"),
    _Weakening(LESS_CAPACITY, "gpu_pool", ("capacity", "block"), _gone, "the bought Capacity Block is no longer used", "check that on-demand capacity can be had"),
    _Weakening(LESS_CAPACITY, "model", ("scale", "max"), _fewer, "fewer replicas answer at a peak", "check the peak that it has to carry"),
    _Weakening(LESS_CAPACITY, "gateway", ("scale", "max"), _fewer, "fewer replicas answer at a peak", "check the peak that it has to carry"),
    _Weakening(LESS_CAPACITY, "cluster", ("system_nodes", "max"), _fewer, "the cluster carries less at its largest", "check the peak that it has to carry"),
    _Weakening(LESS_CAPACITY, "gpu_pool", ("capacity", "reservation"), _gone, "the reserved capacity is no longer used", "check that on-demand capacity can be had"),
    _Weakening(LESS_CAPACITY, "gpu_pool", ("capacity", "block", "ends"), _sooner, "its capacity ends sooner", "check what runs until then"),
    _Weakening(LESS_CAPACITY, "gpu_pool", ("capacity", "reservation", "ends"), _sooner, "its capacity ends sooner", "check what runs until then"),
    _Weakening(LESS_CAPACITY, "gpu_pool", ("sharing",), _new, "each replica gets a part of a GPU only", "measure it under load first"),
    _Weakening(LESS_CAPACITY, "gpu_pool", ("sharing", "replicas"), _more, "each replica gets a smaller part of a GPU", "measure it under load first"),
    _Weakening(LESS_CAPACITY, "gpu_pool", ("network",), _from("efa"), "nodes talk to each other over the ordinary network", "keep efa where a model spans nodes"),
    _Weakening(LESS_CAPACITY, "database", ("size",), _lower("small", "medium", "large"), "it carries less at its largest", "check the peak that it has to carry"),
    _Weakening(LESS_CAPACITY, "cache", ("size",), _lower("small", "medium", "large"), "it holds and carries less", "check the peak that it has to carry"),
    _Weakening(LESS_CAPACITY, "model", ("serve", "context_tokens"), _fewer, "longer requests are refused", "check how long requests are today"),
    _Weakening(LESS_CAPACITY, "model", ("serve", "concurrency"), _fewer, "each replica answers fewer requests at once, and others wait", "check the peak that it has to carry"),
    _Weakening(LESS_CAPACITY, "model", ("scale", "schedule"), _gone, "fewer replicas answer at these times", "check the peak that it has to carry"),
    _Weakening(LESS_CAPACITY, "route", ("limits", "tokens_per_minute"), _fewer, "callers are refused sooner", "tell those who call"),
    _Weakening(LESS_CAPACITY, "route", ("limits", "requests_per_minute"), _fewer, "callers are refused sooner", "tell those who call"),
    _Weakening(LESS_CAPACITY, "route", ("timeout_seconds",), _fewer, "answers that take longer are cut off", "check how long answers take today"),
    _Weakening(LESS_CAPACITY, "team", ("gpu_quota",), _fewer, "the team gets fewer GPUs, and what is above the quota cannot start again", "check what the team runs today"),
    _Weakening(LESS_PROTECTION, "", ("protect",), _off, "a change that destroys it is no longer refused", _KEEP),
    _Weakening(LESS_PROTECTION, "", ("deletion_protection",), _off, "the cloud no longer refuses to delete it", _KEEP),
    _Weakening(LESS_PROTECTION, "database", ("backup", "keep_days"), _fewer, "older backups are removed", "keep what your recovery plan needs"),
    _Weakening(LESS_PROTECTION, "bucket", ("keep_versions_days",), _fewer, "overwritten objects are gone sooner", "keep what your recovery plan needs"),
    _Weakening(LESS_PROTECTION, "network", ("flow_logs",), _off, "traffic is no longer recorded", "keep flow logs where somebody may have to investigate"),
    _Weakening(LESS_PROTECTION, "observability", ("logs", "keep_days"), _fewer, "older logs are removed", "keep what your auditors ask for"),
    _Weakening(LESS_PROTECTION, "gateway", ("auth", "jwt"), _gone, "callers are no longer known by their single sign-on", "keep one way to know callers"),
    _Weakening(LESS_PROTECTION, "gateway", ("auth", "api_keys"), _gone, "callers no longer have keys of their own", "keep one way to know callers"),
    _Weakening(LESS_PROTECTION, "gateway", ("auth", "api_keys", "expire_days"), _more, "a lost key works for longer", "keep it short enough"),
    _Weakening(LESS_PROTECTION, "gateway", ("cache",), _gone, "limits count for each replica by itself", "keep a cache where limits must hold"),
    _Weakening(LESS_PROTECTION, "route", ("limits", "tokens_per_minute"), _gone, "callers may use as much as they like", "keep a limit"),
    _Weakening(LESS_PROTECTION, "route", ("limits", "requests_per_minute"), _gone, "callers may ask as often as they like", "keep a limit"),
    _Weakening(LESS_PROTECTION, "route", ("guardrails",), _any_gone, "requests and answers are no longer judged by it", "ask who answers for what passes this route"),
    _Weakening(LESS_PROTECTION, "guardrail", ("checks",), _any_gone, "a part of what passes is no longer judged", "ask who answers for what passes its routes"),
    _Weakening(LESS_PROTECTION, "guardrail", ("entities",), _any_gone, "this data passes unseen", "ask who answers for the data"),
    _Weakening(LESS_PROTECTION, "guardrail", ("words",), _any_gone, "these words are no longer refused", "ask who wanted them refused"),
    _Weakening(LESS_PROTECTION, "guardrail", ("action",), _from("block"), "texts with such data are answered, with the data masked", "ask who answers for the data"),
    _Weakening(LESS_PROTECTION, "guardrail", ("profanity",), _off, "profanities are no longer refused", "ask who wanted them refused"),
    _Weakening(LESS_PROTECTION, "team", ("budget",), _gone, "nobody is told when the team spends too much", "keep a budget"),
    _Weakening(LESS_PROTECTION, "team", ("data_class",), _lower("public", "internal", "restricted"), "the team's data counts as less sensitive", "ask who answers for the data"),
    _Weakening(LESS_PROTECTION, "team", ("budget", "notify"), _last_gone, "nobody is told when the team spends too much", "keep somebody who is told"),
    _Weakening(LESS_PROTECTION, "network", ("private_endpoints",), _any_gone, "what is sent to these services leaves the VPC, over the NAT gateways", "keep them where data must not leave the network"),
    _Weakening(LESS_PROTECTION, "observability", ("retention_days",), _fewer, "older metrics are removed", "keep what your capacity planning needs"),
    _Weakening(LESS_PROTECTION, "observability", ("metrics",), _from("in_cluster"), "metrics until now are not moved", "keep the old ones for as long as somebody looks at them"),
    _Weakening(LESS_PROTECTION, "environment", ("approvals",), _fewer, "fewer people have to agree before something is applied", "let those who approved until now agree"),
    _Weakening(LESS_PROTECTION, "environment", ("freeze",), _any_gone, "changes are applied in times that were closed", "let those who answer for these times agree"),
)  # fmt: skip


def weaker(s: Situation) -> Iterator[Danger]:
    """Every field of the table that moved in its direction, whoever set it, and lists that lost something."""
    for difference in s.differences:
        if not difference.field or _is_external(s, difference):
            continue
        kind = "route" if difference.address.kind == "gateway" and difference.address.child else difference.address.kind
        for rule in _TABLE:
            if rule.kind in ("", kind) and _fits(rule, difference) and rule.lost(difference.before, difference.after):
                yield _danger(s, rule.code, difference, rule.because, rule.help)
        if kind == "team" and difference.field[:1] == ("gpu_quota",) and difference.after is ABSENT:
            yield _quota_gone(s, difference)
        if kind == "route" and difference.field == ("targets",):
            yield from _targets(s, difference)
        if kind == "guardrail" and _passes(difference):
            because = "what it refused may pass"
            yield _danger(s, LESS_PROTECTION, difference, because, "ask who answers for what passes its routes")
        if kind == "route" and difference.field == ("requires",) and set(difference.before) - set(difference.after):
            because = "targets no longer have to be able to do it"
            yield _danger(s, LESS_PROTECTION, difference, because, "keep what callers rely on")


def _is_external(s: Situation, difference: Difference) -> bool:
    """Whether it is about how a model is served that is served by others now."""
    declaration = s.head.graph.declarations.get(difference.address) if s.head.graph is not None else None
    return declaration is not None and isinstance(declaration.spec, ModelSpec) and declaration.spec.external is not None


def _fits(rule: _Weakening, difference: Difference) -> bool:
    quota = rule.field == ("gpu_quota",) and difference.field[:1] == ("gpu_quota",)
    return difference.field == rule.field or (quota and rule.lost is _fewer)


def _passes(difference: Difference) -> bool:
    """Whether a filter or a topic of a guardrail goes, or a filter becomes weaker."""
    if len(difference.field) != 2 or difference.field[0] not in ("content", "topics"):
        return False
    return difference.after is ABSENT or _lower("low", "medium", "high")(difference.before, difference.after)


def _quota_gone(s: Situation, difference: Difference) -> Danger:
    """A quota names all GPUs that a team may hold; without any entry there is no bound."""
    team = s.head.spec.teams.get(difference.address.name) if s.head.spec is not None else None
    if team is not None and team.gpu_quota:
        return _danger(s, LESS_CAPACITY, difference, "the team may hold none of them", "check what the team runs today")
    return _danger(s, LESS_PROTECTION, difference, "the team may take every GPU", "keep a quota")


def _targets(s: Situation, difference: Difference) -> Iterator[Danger]:
    fallbacks = [item for item in difference.before if isinstance(item, FallbackSpec)]
    kept = {item.fallback.address for item in difference.after if isinstance(item, FallbackSpec)}
    lost = [item for item in fallbacks if item.fallback.address not in kept]
    shared = [item for item in difference.before if not isinstance(item, FallbackSpec)]
    left = [item for item in difference.after if not isinstance(item, FallbackSpec)]
    if lost or (len(left) < len(shared)):
        yield _danger(s, LESS_REDUNDANCY, difference, "fewer models answer when one cannot", "keep a fallback")


def _danger(s: Situation, code: Code, difference: Difference, because: str, help: str) -> Danger:
    what = difference_text(difference)
    return s.danger(
        code, difference.address, f"{title(difference.address)}: {what}; {because}", help, path=difference.path
    )
