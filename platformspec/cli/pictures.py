"""Pictures of compilations, as commands draw them."""

from __future__ import annotations

from platformspec.driver import Compilation
from platformspec.picture.assemble import assemble
from platformspec.picture.cards import Picture, compared
from platformspec.plan.diff import changed_declarations


def picture_of(compilation: Compilation) -> Picture:
    """The picture of a platform that compiles."""
    assert compilation.graph is not None
    assert compilation.program is not None
    assert compilation.document is not None
    return assemble(compilation.graph, compilation.program, compilation.document, compilation.providers.nouns)


def picture_between(base: Compilation, head: Compilation, name: str) -> Picture:
    """The head, with the colours of what differs from the base, which people call `name`."""
    assert base.program is not None
    assert head.program is not None
    changed = changed_declarations(base.program, head.program)
    return compared(picture_of(base), picture_of(head), changed, name)
