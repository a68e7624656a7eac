"""The one way to write a platform file. Comments and quotes stay, the data stays, lines move.

- two spaces for each level, lists in mappings included; one space after a colon and before a trailing comment;
- a collection in brackets stays on its line, `{a: 1, b: [2, 3]}`; where it has comments inside, or is longer than
  `WIDTH`, it is opened one level;
- at most one empty line between entries, none at the start, one line end at the end of the file.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Final

from platformspec.source.layout import Comment, Entry, Value, read_layout

WIDTH: Final = 120
STEP: Final = "  "


def formatted(text: str) -> str:
    """The text in its canonical form, a fixed point of this function. For text that `compose` reads without a mistake."""
    layout = read_layout(text)
    lines = ["---"] if layout.header else []
    lines += _block(layout.root, "")
    lines += _comment_lines(layout.tail, "")
    return "\n".join(lines) + "\n"


def comments_of(text: str) -> list[str]:
    """Every comment, as formatting spells it, in the order of the text."""
    layout = read_layout(text)
    return [*_comments_in(layout.root), *(_spelled(comment.text) for comment in layout.tail)]


def _comments_in(value: Value) -> Iterator[str]:
    for entry in value.entries:
        yield from (_spelled(comment.text) for comment in entry.leading)
        if entry.trailing:
            yield _spelled(entry.trailing)
        yield from _comments_in(entry.value)


def _block(value: Value, indent: str) -> Iterator[str]:
    """Lines of a collection that has lines of its own."""
    for position, entry in enumerate(value.entries):
        above = [*_comment_lines(entry.leading, indent), *([""] if entry.blank_before else [])]
        yield from above[1:] if position == 0 and above and not above[0] else above
        yield from _entry(entry, indent, "-" if value.kind == "sequence" else f"{entry.key}:")


def _entry(entry: Entry, indent: str, head: str) -> Iterator[str]:
    value = entry.value
    trailing = f" {_spelled(entry.trailing)}" if entry.trailing else ""
    single = _single(value)
    room = WIDTH - len(indent) - len(head) - 1
    stays = value.style != "block" and not (value.style == "flow" and value.entries and _must_open(value, single, room))
    if value.kind == "scalar" and value.style in ("|", ">"):
        yield from _literal(value, f"{indent}{head}", indent)
    elif value.kind in ("scalar", "alias") or stays:
        yield f"{indent}{head} {single}".rstrip() + trailing
    elif head == "-" and value.kind == "mapping" and not value.anchor and not trailing and not value.entries[0].leading:
        first, *rest = _block(value, indent + STEP)
        yield f"{indent}- {first.lstrip()}"
        yield from rest
    else:
        yield f"{indent}{head} {value.anchor}".rstrip() + trailing
        yield from _block(value, indent + STEP)


def _must_open(value: Value, single: str, room: int) -> bool:
    return value.has_comments or len(single) > room


def _single(value: Value) -> str:
    """A value on one line."""
    if value.kind == "alias":
        return value.text
    if value.kind == "scalar":
        return f"{value.anchor}{_scalar(value)}".rstrip()
    parts = [
        f"{entry.key}: {_single(entry.value) or 'null'}" if value.kind == "mapping" else _single(entry.value) or "null"
        for entry in value.entries
    ]
    brackets = "{}" if value.kind == "mapping" else "[]"
    return f"{value.anchor}{brackets[0]}{', '.join(parts)}{brackets[1]}"


def _scalar(value: Value) -> str:
    if value.style not in ("|", ">") and "\n" not in value.text and "\r" not in value.text:
        return value.text
    if value.style == "" and "\n" not in value.plain:
        return value.plain
    return json.dumps(value.plain, ensure_ascii=False)


def _literal(value: Value, head: str, indent: str) -> Iterator[str]:
    header, *content = value.text.replace("\r\n", "\n").split("\n")
    if any(character.isdigit() for character in header.split("#")[0]):
        # An indentation that the header counts would count from another place now.
        yield f"{head} {value.anchor}{json.dumps(value.plain, ensure_ascii=False)}"
        return
    yield f"{head} {value.anchor}{header}".rstrip()
    depth = min((len(line) - len(line.lstrip(" ")) for line in content if line.strip()), default=0)
    for line in content:
        yield f"{indent}{STEP}{line[depth:]}" if line.strip() else ""


def _comment_lines(comments: list[Comment], indent: str) -> Iterator[str]:
    for comment in comments:
        if comment.blank_before:
            yield ""
        yield indent + _spelled(comment.text)


def _spelled(text: str) -> str:
    """`#text` as `# text`; `#!` and lines of `####` stay."""
    return f"# {text[1:]}" if len(text) > 1 and text[1] not in " #!:" else text
