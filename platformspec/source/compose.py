"""One YAML file to plain data, with the place of each key and value, over the events of libyaml.

Plain data is dict, list, str, int, float, bool and None. Mistakes in scalars, keys and tags are all reported in one
run; only a syntax error, or a file that is too deep or too large when expanded, stops the composition.
"""

from __future__ import annotations

import gc
from collections.abc import Callable
from typing import Any, Final, TypeAlias

from yaml import CSafeLoader, YAMLError
from yaml.error import Mark
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from platformspec.diagnostics import Code, Report, Span
from platformspec.diagnostics.diagnostic import Related
from platformspec.diagnostics.suggest import closest
from platformspec.source.places import Inside, Place, between, key_span
from platformspec.source.scalars import AMBIGUOUS, Misread, resolve
from platformspec.source.syntax import MOST_LEVELS, TOO_DEEP, report_syntax

DUPLICATE_KEY = Code(
    "PS102",
    "a key that is written twice",
    explain="A key names one thing. YAML readers keep the first or the last of two, so one of them would be "
    "ignored in silence.",
)
MERGE_KEY = Code(
    "PS104",
    "a merge key",
    explain="`<<` copies the keys of another mapping and is no longer part of YAML. Repeat the keys, use an "
    "alias for a whole value, or rely on a default.",
)
KEY_NOT_TEXT = Code(
    "PS106",
    "a key that is not text",
    explain="Keys are names. A number, true, false, null, a list or a mapping cannot be one; put it in quotes. "
    "This is also what an unquoted template such as {{ name }} looks like to YAML.",
)
TAG = Code(
    "PS107",
    "a YAML tag",
    explain="Tags such as !include or !!set change what a value is and differ between YAML readers. Plain text, "
    "numbers, true, false, null, lists and mappings are enough here.",
)
MORE_DOCUMENTS = Code(
    "PS108",
    "more than one document in a file",
    explain="`---` between two documents makes a stream; a platform is one document, and fragments are files of "
    "their own that `include` names.",
)
EMPTY = Code(
    "PS109",
    "an empty file",
    explain="The file has nothing but space and comments. The smallest platform has an apiVersion, a kind, a "
    "name and a model.",
)
ROOT_NOT_MAPPING = Code(
    "PS110",
    "a file that is not a mapping",
    explain="A platform file has sections (`models:`, `gateways:`) at its first level, not a list and not a text.",
)
TOO_MANY_ALIASES = Code(
    "PS115",
    "aliases that stand for too much",
    explain="Aliases of aliases multiply: a few lines can stand for billions of values. What all aliases of a "
    "file stand for is limited to 100,000 values.",
)
ALIAS_OF_ITSELF = Code(
    "PS116",
    "an alias inside the value that it stands for",
    explain="Such a value would be endless.",
)
UNKNOWN_ANCHOR = Code(
    "PS117",
    "an alias without its anchor",
    explain="`*name` stands for the value marked `&name` further up in the same file. Text that begins with "
    "`*`, such as a pattern of host names, is put in quotes.",
)

MOST_ALIASED: Final = 100_000

Data: TypeAlias = Any
# The stubs of PyYAML make every mark optional, and the C parser leaves none out: so events go without their types.
Event: TypeAlias = Any
_SCALAR: Final[Any] = ScalarEvent
_MAPPING_END: Final[Any] = MappingEndEvent
_SEQUENCE_END: Final[Any] = SequenceEndEvent

_UNRESOLVED: Final = object()
_UNFINISHED: Final = object()


class _Stopped(Exception):
    """Reported already, and going on would be slow or endless."""


def compose(text: str, file: str, report: Report) -> tuple[dict[str, Data], Place] | None:
    """The data of one file and the place of its root, or None if it has no mapping at its root."""
    collecting = gc.isenabled()
    gc.disable()  # Nothing of what is built here is garbage, and looking for some takes half of the time.
    try:
        return _Composer(text, file, report).document()
    except _Stopped:
        return None
    except YAMLError as error:
        report_syntax(error, text, file, report)
        return None
    finally:
        if collecting:
            gc.enable()


class _Composer:
    def __init__(self, text: str, file: str, report: Report) -> None:
        # Of the ways to get events, all else being equal, a generator costs 15% more.
        self._next: Callable[[], Event] = CSafeLoader(text).get_event
        self._file = file
        self._report = report
        self._known: dict[str, Data] = {}
        self._known_keys: set[str] = set()
        self._anchors: dict[str, tuple[Data, Place | None]] = {}
        self._sizes: dict[str, int] = {}
        self._aliased = 0

    def document(self) -> tuple[dict[str, Data], Place] | None:
        self._next()
        if not isinstance(self._next(), DocumentStartEvent):
            self._empty()
            return None
        root = self._next()
        data, place = self._node(root, 1)
        self._next()
        another = self._next()
        if isinstance(another, DocumentStartEvent):
            self._error(
                MORE_DOCUMENTS,
                "a second document begins here",
                another,
                "remove the ---, or put what follows in a file of its own and name it under include:",
            )
            return None
        if isinstance(data, dict):
            return data, place
        if data is None and isinstance(root, ScalarEvent) and not root.value:
            self._empty()
            return None
        what = "a list" if isinstance(data, list) else "a single value"
        self._error(ROOT_NOT_MAPPING, f"the file is {what}", root, "begin with sections, such as models: or gateways:")
        return None

    def _empty(self) -> None:
        self._report.error(
            EMPTY,
            f"{self._file} is empty",
            at=Span(self._file, 1, 1, 1, 1),
            help="begin with apiVersion: platformspec.dev/v1, or remove the file",
        )

    def _mapping(self, event: Event, depth: int) -> tuple[dict[str, Data], dict[str, Place], Mark]:
        following, file, known, known_keys = self._next, self._file, self._known, self._known_keys
        data: dict[str, Data] = {}
        places: dict[str, Place] = {}
        end = event.end_mark
        while True:
            at = following()
            if type(at) is _SCALAR and at.value in known_keys and at.anchor is None and at.tag is None:
                key: str | None = at.value
            elif type(at) is _MAPPING_END:
                return data, places, at.end_mark if event.flow_style else end
            else:
                key = self._key(at, depth)
            key_start, key_end = at.start_mark, at.end_mark
            at = following()
            if type(at) is _SCALAR and at.anchor is None and at.tag is None:
                value = at.value
                if not at.style:
                    text = value
                    value = known.get(text, _UNRESOLVED)
                    if value is _UNRESOLVED:
                        value = self._plain(text, at)
                end = at.end_mark
                place: Place = (file, key_start, key_end, at.start_mark, end, None)
            else:
                value, found = self._node(at, depth + 1)
                end = found[4]
                place = (file, key_start, key_end, *found[3:])
            if key is None:
                continue
            if key in data:
                self._duplicate(key, place, places[key])
                continue
            data[key] = value
            places[key] = place

    def _sequence(self, event: Event, depth: int) -> tuple[list[Data], list[Place], Mark]:
        following, file, known = self._next, self._file, self._known
        data: list[Data] = []
        places: list[Place] = []
        end = event.end_mark
        while True:
            at = following()
            if type(at) is _SCALAR and at.anchor is None and at.tag is None:
                value = at.value
                if not at.style:
                    text = value
                    value = known.get(text, _UNRESOLVED)
                    if value is _UNRESOLVED:
                        value = self._plain(text, at)
                end = at.end_mark
                place: Place = (file, None, None, at.start_mark, end, None)
            elif type(at) is _SEQUENCE_END:
                return data, places, at.end_mark if event.flow_style else end
            else:
                value, place = self._node(at, depth + 1)
                end = place[4]
            data.append(value)
            places.append(place)

    def _node(self, event: Event, depth: int) -> tuple[Data, Place]:
        """Any node, with its anchor and tag; the two loops above take the short way for plain scalars."""
        if isinstance(event, AliasEvent):
            return self._alias(event)
        if depth > MOST_LEVELS:
            self._error(
                TOO_DEEP, f"values are nested more than {MOST_LEVELS} levels deep", event, "write it with fewer levels"
            )
            raise _Stopped
        anchor = event.anchor
        if anchor is not None:
            self._anchors[anchor] = (_UNFINISHED, None)
            self._sizes.pop(anchor, None)
        if event.tag is not None:
            self._tag(event)
        data: Data
        content: Inside = None
        if isinstance(event, MappingStartEvent):
            data, content, end = self._mapping(event, depth)
        elif isinstance(event, SequenceStartEvent):
            data, content, end = self._sequence(event, depth)
        else:
            end = event.end_mark
            data = event.value if event.style or event.tag is not None else self._plain(event.value, event)
        place: Place = (self._file, None, None, event.start_mark, end, content)
        if anchor is not None:
            self._anchors[anchor] = (data, place)
        return data, place

    def _plain(self, text: str, event: Event) -> Data:
        value = resolve(text)
        if isinstance(value, Misread):
            self._error(value.code, value.message, event, value.help)
            return text
        self._known[text] = value
        return value

    def _key(self, event: Event, depth: int) -> str | None:
        """The text of a key that was not seen before, or None after reporting why there is none."""
        if type(event) is not _SCALAR:
            self._node(event, depth + 1)
            what = {AliasEvent: "an alias", MappingStartEvent: "a mapping", SequenceStartEvent: "a list"}[type(event)]
            self._error(
                KEY_NOT_TEXT, f"{what} is used as a key", event, "write the key out, in quotes if it has { [ or * in it"
            )
            return None
        if event.tag is not None:
            self._tag(event)
        text: str = event.value
        if event.anchor is not None:
            place: Place = (self._file, None, None, event.start_mark, event.end_mark, None)
            self._anchors[event.anchor] = (text, place)
            self._sizes.pop(event.anchor, None)
        if event.style:
            return text
        if text == "<<":
            self._error(MERGE_KEY, "<< merges another mapping into this one", event, "write its keys out here instead")
            return None
        value = resolve(text)
        # `on:` and `no:` are fine as keys, since a key is always text.
        if isinstance(value, Misread) and not (value.code is AMBIGUOUS and text.isalpha()):
            self._error(value.code, value.message, event, f'write the key as "{text}" in quotes')
            return text
        if not isinstance(value, str | Misread):
            what = "nothing" if not text else "null" if value is None else text
            self._error(
                KEY_NOT_TEXT,
                f"{what} is used as a key, and a key is text",
                event,
                f'write "{text or "name"}" in quotes',
            )
            return text or None
        self._known_keys.add(text)
        return text

    def _alias(self, event: Event) -> tuple[Data, Place]:
        name = event.anchor
        data, place = self._anchors.get(name, (None, None))
        if place is None:
            if data is _UNFINISHED:
                message, help = f"*{name} stands inside &{name}, the value that it stands for", "write the value out"
                self._error(ALIAS_OF_ITSELF, message, event, help)
            else:
                near = closest(name, self._anchors)
                help = f"did you mean *{near}?" if near else f'write "*{name}" in quotes if it is text'
                self._error(UNKNOWN_ANCHOR, f"*{name} has no &{name} above it", event, help)
            return None, (self._file, None, None, event.start_mark, event.end_mark, None)
        if name not in self._sizes:
            self._sizes[name] = _count(data, MOST_ALIASED)
        self._aliased += self._sizes[name]
        if self._aliased > MOST_ALIASED:
            message = f"the aliases up to here stand for more than {MOST_ALIASED:,} values"
            self._error(TOO_MANY_ALIASES, message, event, "write out what you need instead of aliases of aliases")
            raise _Stopped
        return data, (self._file, None, None, event.start_mark, event.end_mark, place[5])

    def _tag(self, event: Event) -> None:
        tag: str = event.tag.replace("tag:yaml.org,2002:", "!!")
        help = 'remove it; text goes in quotes, as in "text"'
        self._error(TAG, f"the tag {tag} changes what this value is", event, help)

    def _duplicate(self, key: str, second: Place, first: Place) -> None:
        self._report.error(
            DUPLICATE_KEY,
            f"{key} is written twice in the same mapping",
            at=key_span(second),
            help="remove one of the two, or give it another name",
            related=(Related("first written here", key_span(first)),),
        )

    def _error(self, code: Code, message: str, event: Event, help: str) -> None:
        self._report.error(code, message, at=between(self._file, event.start_mark, event.end_mark), help=help)


def _count(data: Data, enough: int) -> int:
    """How many values this stands for, aliases written out; counting ends soon after `enough`."""
    count = 0
    todo = [data]
    while todo and count <= enough:
        value = todo.pop()
        count += 1
        if isinstance(value, dict):
            todo.extend(value.values())
        elif isinstance(value, list):
            todo.extend(value)
    return count
