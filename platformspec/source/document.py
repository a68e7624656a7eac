"""A platform as plain data, and the way back from each value to its place in a file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal, TypeAlias

from platformspec.diagnostics import Path, Report, Span
from platformspec.source import places
from platformspec.source.compose import compose
from platformspec.source.include import include_fragments
from platformspec.source.places import Place
from platformspec.source.text import read_text
from platformspec.source.tree import SourceTree

Origin: TypeAlias = Literal["file"] | tuple[Literal["environment"], str]
"""Which layer wrote a value: the files themselves, or the environment of this name."""


@dataclass(frozen=True)
class Document:
    """Plain data with its places; a `Locator`. Nobody changes `data`: documents share parts with each other."""

    data: dict[str, Any]
    place: Place = field(repr=False)
    origins: Mapping[Path, Origin]
    """The paths that an environment wrote or removed, with all that is below them; everything else is of the file."""
    texts: Mapping[str, str] = field(repr=False)

    @property
    def environments(self) -> tuple[str, ...]:
        """Names of the environments that the files declare, in their order."""
        named = self.data.get("environments")
        return tuple(map(str, named)) if isinstance(named, dict) else ()

    def span(self, path: Path) -> Span | None:
        """The place of the value, or of its nearest ancestor that was written."""
        return places.value_span(places.nearest(self.place, path)[0])

    def key_span(self, path: Path) -> Span | None:
        """The place of the key, or of the nearest ancestor that was written; in a list the place of the value."""
        return places.key_span(places.nearest(self.place, path)[0])

    def written(self, path: Path) -> bool:
        """Whether the files or the environment say something at this very path."""
        return places.nearest(self.place, path)[1] == len(path)

    def origin(self, path: Path) -> Origin:
        """The layer that wrote the value, or removed it."""
        return next((self.origins[path[:end]] for end in range(len(path), 0, -1) if path[:end] in self.origins), "file")

    @cached_property
    def spans(self) -> dict[Path, Span]:
        """The place of every value. Made when first asked for, at some ten times the cost of parsing."""
        return {path: places.value_span(place) for path, place in places.walk(self.place)}

    @cached_property
    def key_spans(self) -> dict[Path, Span]:
        """The place of every key; positions of lists and the root have none."""
        return {path: places.key_span(place) for path, place in places.walk(self.place) if place[1] is not None}


def parse(tree: SourceTree, file: str, report: Report) -> Document | None:
    """Read the platform file and the fragments that it includes.

    None when there is nothing to go on with: the reason is on the report. A document may come with mistakes on the
    report too; then it is only good for more messages.
    """
    text = read_text(tree, file, report)
    if text is None:
        return None
    composed = compose(text, file, report)
    if composed is None:
        return None
    texts = {file: text}
    data, place = include_fragments(tree, file, *composed, texts, report)
    return Document(data, place, {}, texts)
