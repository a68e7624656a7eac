"""A file as it is written: entries with their source text, comments and blank lines. Formatting and editing stand on it.

Only for text that `compose` has read without a mistake: one document, no tags, no merge keys.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from yaml import CSafeLoader, scan
from yaml.events import AliasEvent, MappingEndEvent, MappingStartEvent, ScalarEvent, SequenceEndEvent
from yaml.tokens import BlockEntryToken

from platformspec.diagnostics import Path

_COMMENT: Final = re.compile(r"#[^\r\n]*")
# The stubs of PyYAML make every mark optional, and the C parser leaves none out: so events go without their types.
_ENDS: Final[Any] = (MappingEndEvent, SequenceEndEvent)


@dataclass(slots=True)
class Comment:
    """A comment with its `#`. `blank_before`: an empty line stands above it."""

    text: str
    blank_before: bool = False


@dataclass(slots=True)
class Value:
    """What stands after a key or a dash.

    `kind`: scalar, alias, mapping or sequence. `text`: the source of a scalar or alias, with quotes. `style`: a scalar's
    quote or block indicator; for a collection "flow" or "block". `start`, `end`: offsets in the file.
    """

    kind: str
    start: int
    end: int
    style: str
    text: str = ""
    plain: str = ""
    """A scalar's text as YAML reads it, folded and without quotes."""
    anchor: str = ""
    entries: list[Entry] = field(default_factory=list)
    has_comments: bool = False
    """Comments stand inside a flow collection."""


@dataclass(slots=True)
class Entry:
    """A key with its value, or an item of a list (`key` empty). `start`: offset of the key, of the dash, or of the item."""

    start: int
    key: str
    name: str
    value: Value
    leading: list[Comment] = field(default_factory=list)
    trailing: str = ""
    blank_before: bool = False


@dataclass(slots=True)
class Layout:
    """A whole file. `tail`: comments after the last entry; `header`: whether the document began with `---`."""

    text: str
    root: Value
    tail: list[Comment]
    header: bool

    def value_at(self, path: Path) -> Value | None:
        """The value at a path, or None where nothing is written there. Aliases are not followed."""
        value = self.root
        for part in path:
            entry = entry_of(value, part)
            if entry is None:
                return None
            value = entry.value
        return value


def entry_of(value: Value, part: str | int) -> Entry | None:
    """The entry of a mapping by its key, or of a list by its position."""
    if isinstance(part, int):
        return value.entries[part] if value.kind == "sequence" and part < len(value.entries) else None
    return next((entry for entry in value.entries if entry.name == part), None) if value.kind == "mapping" else None


def read_layout(text: str) -> Layout:
    """The layout of a text that `compose` accepts."""
    dashes, comments = _tokens(text)
    reader = _Reader(text, dashes)
    root = reader.document()
    layout = Layout(text, root, [], reader.header)
    _place_comments(layout, comments)
    return layout


class _Reader:
    def __init__(self, text: str, dashes: list[int]) -> None:
        self._text = text
        self._dashes = dashes
        self._next: Callable[[], Any] = CSafeLoader(text).get_event
        self.header = False

    def document(self) -> Value:
        self._next()
        self.header = bool(self._next().explicit)
        return self._value(self._next())

    def _value(self, event: Any) -> Value:
        start, end = event.start_mark.index, event.end_mark.index
        if isinstance(event, AliasEvent):
            return Value("alias", start, end, "", self._text[start:end])
        anchor = f"&{event.anchor} " if event.anchor else ""
        if isinstance(event, ScalarEvent):
            source = self._text[start:end]
            body = source[len(anchor) :].lstrip() if anchor else source
            return Value("scalar", start, end, event.style or "", body.rstrip(), event.value, anchor)
        style = "flow" if event.flow_style else "block"
        entries: list[Entry] = []
        mapping = isinstance(event, MappingStartEvent)
        value = Value("mapping" if mapping else "sequence", start, end, style, anchor=anchor, entries=entries)
        part = self._next()
        while not isinstance(part, _ENDS):
            key = self._text[part.start_mark.index : part.end_mark.index].rstrip() if mapping else ""
            name = part.value if mapping else ""
            item = self._value(self._next() if mapping else part)
            begin = part.start_mark.index
            if not mapping and style == "block":
                begin = self._dashes[bisect_left(self._dashes, begin) - 1]
            entries.append(Entry(begin, key, name, item))
            part = self._next()
        # libyaml ends a block where the next token begins; what belongs to it ends with its last entry.
        value.end = part.end_mark.index if style == "flow" else entries[-1].value.end
        return value


def _place_comments(layout: Layout, comments: list[tuple[int, str]]) -> None:
    entries = list(_block_order(layout.root))
    starts = [entry.start for entry, _ in entries]
    waiting: list[tuple[int, Comment]] = []
    for index, text in comments:
        own_line = not layout.text[_line_start(layout.text, index) : index].strip()
        position = bisect_right(starts, index) - 1
        inside_flow = _enclosing_flow(layout.root, index)
        if inside_flow is not None:
            inside_flow.has_comments = True
        if own_line or position < 0:
            waiting.append((index, Comment(text, _blank_above(layout.text, index))))
            continue
        entry = _owner(entries, position, index)
        entry.trailing = f"{entry.trailing} {text}".strip()
    for entry, _ in entries:
        entry.blank_before = _blank_above(layout.text, entry.start)
    for index, comment in waiting:
        position = bisect_right(starts, index)
        target = entries[position][0].leading if position < len(entries) else layout.tail
        target.append(comment)


def _block_order(value: Value, flows: tuple[Value, ...] = ()) -> Iterator[tuple[Entry, tuple[Value, ...]]]:
    """Every entry in the order of the text, with the flow collections that it stands in."""
    inner = (*flows, value) if value.style == "flow" else flows
    for entry in value.entries:
        yield entry, inner
        yield from _block_order(entry.value, inner)


def _owner(entries: list[tuple[Entry, tuple[Value, ...]]], position: int, index: int) -> Entry:
    """The entry on whose line a comment ends: not one inside a flow collection that has been closed before."""
    while position > 0 and any(flow.end <= index for flow in entries[position][1]):
        position -= 1
    return entries[position][0]


def _enclosing_flow(value: Value, index: int) -> Value | None:
    found = None
    for entry in value.entries:
        if entry.value.entries and entry.value.start <= index < entry.value.end:
            inner = _enclosing_flow(entry.value, index)
            if entry.value.style == "flow":
                entry.value.has_comments = True
                found = entry.value
            found = inner or found
    return found


def _tokens(text: str) -> tuple[list[int], list[tuple[int, str]]]:
    """Offsets of the dashes of lists, and offset and text of each comment: what the scanner skips between two tokens."""
    dashes: list[int] = []
    comments: list[tuple[int, str]] = []
    end = 0
    token: Any  # the stubs of PyYAML make every mark optional, and the scanner leaves none out
    for token in scan(text, Loader=CSafeLoader):
        start = token.start_mark.index
        comments += ((match.start(), match[0].rstrip()) for match in _COMMENT.finditer(text, end, max(end, start)))
        end = max(end, token.end_mark.index)
        if isinstance(token, BlockEntryToken) and token.end_mark.index > start:
            dashes.append(start)
    return dashes, comments


def _line_start(text: str, index: int) -> int:
    return max(text.rfind("\n", 0, index), text.rfind("\r", 0, index)) + 1


def _blank_above(text: str, index: int) -> bool:
    start = _line_start(text, index)
    if start < 2 or text[start:index].strip(" -"):
        return False
    above = text[_line_start(text, start - 1) : start - 1]
    return not above.strip()
