"""What declarations were called before: `was`, and the names that earlier renames have left outside."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from platformspec.address import Address
from platformspec.diagnostics import Code, Path, Report
from platformspec.diagnostics.suggest import closest
from platformspec.graph.platform import Platform
from platformspec.ir.program import Program
from platformspec.kinds.base import NamedSpec
from platformspec.kinds.platform import KINDS, PlatformSpec

STILL_DECLARED = Code(
    "PS132",
    "an earlier name that another declaration has now",
    explain="`was` says what the declaration was called before, so that what exists is taken over. A name that is declared still, or "
    "again, belongs to that declaration. Rename one, apply it everywhere, then give the name away.",
)
TWO_HEIRS = Code(
    "PS133",
    "two declarations with one earlier name",
    explain="What exists under the earlier name can be taken over by one declaration only. Leave `was` with that one.",
)
WAS_ITSELF = Code(
    "PS134",
    "a declaration whose earlier name is its own",
    explain="`was` lists names that the declaration no longer has.",
)
NOTHING_TO_TAKE_OVER = Code(
    "PS135",
    "an earlier name that nothing has",
    explain="`was` says what a declaration was called, and neither under that name nor under the present one is there anything to take over. "
    "A slip of the pen there means that everything is made anew and the old is destroyed. `was` can be removed once the rename is "
    "applied in every environment: platform.lock remembers the names.",
)
NAME_IN_USE = Code(
    "PS136",
    "a name that the things of a renamed declaration still have",
    explain="A rename changes how the file calls a declaration; databases, roles, Deployments and the like keep the names that they were made "
    "with, as platform.lock says. A new declaration with the earlier name would want the same names for its own things.",
)


def former_names(spec: PlatformSpec) -> dict[Address, tuple[str, ...]]:
    """Address -> earlier names, the oldest first, of every declaration that says `was`."""
    return {
        Address(kind.name, name): declared.was
        for kind in KINDS
        for name, declared in getattr(spec, kind.section).items()
        if isinstance(declared, NamedSpec) and declared.was
    }


def check_renames(platform: Platform, report: Report) -> None:
    """Report earlier names that cannot be those of their declaration."""
    claimed: dict[Address, tuple[Address, Path]] = {}
    for address, name, path in _claims(platform.spec):
        old = Address(address.kind, name)
        section = path[0]
        if name == address.name:
            report.error(
                WAS_ITSELF, f"{address} says that it was called {name}, which it is", at=path, help="remove it"
            )
        elif name in getattr(platform.spec, str(section)):
            report.error(
                STILL_DECLARED,
                f"{address} was {name}, and {old} is declared",
                at=path,
                help=f"remove {name} from `was`, or rename {old} first, in a change of its own",
                related=((f"{old} is declared here", (section, name)),),
            )
        elif old in claimed:
            other, place = claimed[old]
            report.error(
                TWO_HEIRS,
                f"{address} and {other} were both {name}",
                at=path,
                help="leave it with the one that takes over what exists",
                related=((f"{other} says so here", place),),
            )
        claimed.setdefault(old, (address, path))
    for text, name in sorted(platform.called.items()):
        address = Address.parse(text)
        section = next(kind.section for kind in KINDS if kind.name == address.kind)
        declared = getattr(platform.spec, section)
        said = Address(address.kind, name) in claimed
        if address.name in declared and name != address.name and name in declared and not said:
            report.error(
                NAME_IN_USE,
                f"{Address(address.kind, name)} is new, and what {address} has made is still called {name}",
                at=(section, name),
                on_key=True,
                help="choose another name for the new one",
                related=((f"{address}, which was {name}, is declared here", (section, address.name)),),
            )


def check_claims(platform: Platform, before: Program, after: Program, report: Report) -> None:
    """Warn about earlier names that the program before does not know. Where nothing was applied there is nothing to take over."""
    there = {node.declaration.split("/", 1)[0] for node in before}
    made = {node.declaration.split("/", 1)[0] for node in after}
    for address, names in former_names(platform.spec).items():
        old = [str(Address(address.kind, name)) for name in names]
        if str(address) in there or str(address) not in made or there.intersection(old):
            continue
        known = sorted(name.split(".", 1)[1] for name in there if name.startswith(f"{address.kind}."))
        near = closest(names[-1], known)
        section = next(kind.section for kind in KINDS if kind.name == address.kind)
        report.warning(
            NOTHING_TO_TAKE_OVER,
            f"{address} was {' and '.join(names)}, and nothing is known of that name: {address} is made anew",
            at=(section, address.name, "was"),
            help=f"did you mean {near}?" if near else "remove `was`",
        )


def heir(platform: Platform, old: Address) -> Address | None:
    """The declaration that says that it was `old`."""
    return next((address for address, name, _ in _claims(platform.spec) if Address(address.kind, name) == old), None)


def former_addresses(spec: PlatformSpec) -> Mapping[str, tuple[str, ...]]:
    """The same as `former_names` in the words of the IR: address -> earlier addresses, the oldest first."""
    return {
        str(address): tuple(str(Address(address.kind, name)) for name in names)
        for address, names in former_names(spec).items()
    }


def _claims(spec: PlatformSpec) -> Iterator[tuple[Address, str, Path]]:
    sections = {kind.name: kind.section for kind in KINDS}
    for address, names in former_names(spec).items():
        for position, name in enumerate(names):
            yield address, name, (sections[address.kind], address.name, "was", position)
