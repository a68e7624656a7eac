"""Who is believed, and who sees what: identity providers, administrators, and services outside the platform."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from platformspec.address import Address
from platformspec.diagnostics import Code, Path
from platformspec.graph.platform_graph import PlatformGraph
from platformspec.kinds.gateway import RouteSpec
from platformspec.kinds.model import ModelSpec
from platformspec.kinds.vector_store import CollectionSpec
from platformspec.review.dangers.danger import Danger, Situation
from platformspec.review.differences import ABSENT, Difference
from platformspec.review.wording import difference_text, listed, title

TRUST = Code(
    "PS797",
    "others are trusted than before",
    explain="Another identity provider says who people are, other administrators are left, or prompts and vectors go to somebody who did not see them before. "
    "Nothing breaks at first, and that is why nobody notices: whoever answers for identities or for the data should agree.",
)
# Kind and beginning of a field that says whose word about people counts.
_IDENTITY: Final[tuple[tuple[str, Path], ...]] = (("cluster", ("single_sign_on",)), ("gateway", ("auth", "jwt")))


def trusted(s: Situation) -> Iterator[Danger]:
    """Identity providers, administrators, regions and owners that change; the fields of one provider count as one."""
    for kind, field in _IDENTITY:
        yield from _identity(s, kind, field)
    for difference in s.differences:
        address, field = difference.address, difference.field
        if address.kind == "cluster" and field == ("admins",):
            yield from _admins(s, difference)
        elif address.kind == "team" and field == ("groups",):
            yield from _groups(s, difference)
        elif address.kind == "model" and field == ("external", "inference_profile"):
            because = "prompts and answers are worked on in other regions"
            yield _danger(s, difference, because, "ask who answers for the data whether it may go there")
        elif address.kind == "vector_store" and address.child and field == ("owner",):
            yield from _owner(s, difference)
    yield from _outside(s)


def _danger(s: Situation, difference: Difference, because: str, help: str) -> Danger:
    message = f"{title(difference.address)}: {difference_text(difference)}; {because}"
    return s.danger(TRUST, difference.address, message, help, path=difference.path)


def _identity(s: Situation, kind: str, field: Path) -> Iterator[Danger]:
    by_address: dict[Address, list[Difference]] = {}
    for difference in s.differences:
        if difference.address.kind == kind and difference.field[: len(field)] == field:
            by_address.setdefault(difference.address, []).append(difference)
    for address, found in sorted(by_address.items(), key=lambda pair: str(pair[0])):
        first = found[0]
        if first.field == field and first.before in (None, ABSENT):
            because = "from now on it says who people are, and in which groups"
        elif first.field == field and first.after in (None, ABSENT):
            because = "people whom it named have no access any more"
        else:
            because = "other tokens, or other groups in them, are believed, and those of today may be refused"
        texts = ", ".join(difference_text(difference) for difference in found)
        yield s.danger(
            TRUST,
            address,
            f"{title(address)}: {texts}; {because}",
            "let whoever runs the identity provider agree, and try it with an account of each group",
            path=first.path,
        )


def _admins(s: Situation, difference: Difference) -> Iterator[Danger]:
    gone = [name for name in difference.before if name not in difference.after]
    if gone:
        left = listed([str(name) for name in difference.after]) or "whoever applies the platform"
        yield s.danger(
            TRUST,
            difference.address,
            f"{title(difference.address)}: {listed([str(name) for name in gone])} no longer administers it, and {left} does",
            "make sure that whoever applies the platform is among those who are left",
            path=difference.path,
        )


def _groups(s: Situation, difference: Difference) -> Iterator[Danger]:
    new = [str(name) for name in difference.after if name not in difference.before]
    if new:
        because = f"whoever is in {listed(new)} may do in the team's namespace what its members may"
        yield _danger(s, difference, because, "let the team agree")


def _owner(s: Situation, difference: Difference) -> Iterator[Danger]:
    if difference.before is None or (
        difference.after and s.renames.get(difference.before.address) == difference.after.address
    ):
        return
    after = f", and team {difference.after.address.name} reads and writes what it kept" if difference.after else ""
    because = f"team {difference.before.address.name} can no longer use it{after}"
    yield _danger(s, difference, because, "let both teams agree")


def _outside(s: Situation) -> Iterator[Danger]:
    """Routes and collections whose text goes to a service outside for the first time."""
    assert s.base.graph is not None
    assert s.head.graph is not None
    before = _sent_to(s.base.graph)
    for address, models in _sent_to(s.head.graph).items():
        if address not in before:
            continue
        new = sorted(set(models) - set(before[address]), key=str)
        # Who sends to one service already has decided about it; another model of the same one is no one else.
        if new and not before[address]:
            yield s.danger(
                TRUST,
                address,
                f"{title(address)}: what is sent to it now also goes outside the platform, to {listed([f'{name} ({models[name]})' for name in new])}",
                "ask who answers for the data whether it may go there",
                path=_place(s, address),
            )


def _sent_to(graph: PlatformGraph) -> dict[Address, dict[str, str]]:
    """Route or collection -> name and service of every external model that sees its text."""
    found: dict[Address, dict[str, str]] = {}
    for address, declaration in graph.declarations.items():
        children = declaration.spec.children() if hasattr(declaration.spec, "children") else {}
        for name in children:
            child = Address(address.kind, address.name, name)
            if not isinstance(children[name], (RouteSpec, CollectionSpec)):
                continue
            services: dict[str, str] = {}
            for edge in graph.edges_from(child):
                target = graph.declarations.get(edge.target)
                if edge.source == child and target is not None and isinstance(target.spec, ModelSpec):
                    external = target.spec.external
                    if external is not None:
                        services[edge.target.name] = _SERVICES.get(external.provider, external.provider)
            found[child] = services
    return found


_SERVICES: Final = {"bedrock": "Amazon Bedrock"}


def _place(s: Situation, address: Address) -> Path:
    return next((d.path for d in s.differences if d.address == address and d.field), ())
