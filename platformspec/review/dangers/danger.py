"""What a rule about dangerous changes sees, and what it returns."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from platformspec.address import Address
from platformspec.diagnostics import Code, Diagnostic, Path, Related
from platformspec.driver import Compilation
from platformspec.ir.node import Node
from platformspec.lower.contract import Stake
from platformspec.plan import words
from platformspec.plan.change import Change, Plan
from platformspec.review.differences import Difference


@dataclass(frozen=True, slots=True)
class Danger:
    """A change that should not be merged without a second look."""

    address: Address
    diagnostic: Diagnostic


@dataclass(frozen=True)
class Situation:
    """One environment in which both revisions compile.

    `renames`: old address -> new one of declarations that differ in nothing else.
    """

    environment: str | None
    base: Compilation
    head: Compilation
    plan: Plan
    differences: tuple[Difference, ...]
    renames: Mapping[Address, Address]
    stakes: Mapping[str, Stake]

    def danger(
        self, code: Code, address: Address, message: str, help: str, *, path: Path = (), removed: bool = False
    ) -> Danger:
        """`path` is a place of the head; with `removed` one of the base, and the nearest place of the head stands for it."""
        span = self.head.document.key_span(path) if self.head.document is not None and path else None
        related: tuple[Related, ...] = ()
        if removed and self.base.document is not None and path:
            related = (Related("before the change it stood here", self.base.document.key_span(path)),)
        diagnostic = Diagnostic(code, message, span, help, related=related, severity="warning", path=path)
        return Danger(address, diagnostic)

    def noun(self, node: Node) -> str:
        """`Aurora cluster`."""
        return words.noun(node.type, self.head.providers.nouns)

    def cause(self, change: Change) -> Path:
        """The place that a changed resource comes from: what was written differently, where that is known."""
        sources = words.sources(change)
        changed = [d.path for d in self.differences]
        platform = (self.base if change.action == "delete" else self.head).graph
        for source in sources:
            causes = (source, *(platform.platform.causes_of(source) if platform is not None else ()))
            for cause in causes:
                if any(path and (path[: len(cause)] == cause or cause[: len(path)] == path) for path in changed):
                    return cause
        return sources[0] if sources else ()


Rule = Callable[[Situation], Iterator[Danger]]


def address_of(node: Node) -> Address:
    """The declaration that the node was lowered from; the platform where there is none."""
    try:
        return Address.parse(node.declaration).parent
    except ValueError:
        return Address("platform", "main")
