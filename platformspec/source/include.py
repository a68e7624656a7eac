"""`include: [teams/*.yaml]`: fragments of a platform, merged section by section.

Sections that are maps are merged by name, lists are appended, in the order of the patterns and then of the file names.
Nothing overrides anything: what is said twice is a mistake.
"""

from __future__ import annotations

import posixpath
from typing import Any, Final

from platformspec.diagnostics import Code, Report, Span
from platformspec.diagnostics.diagnostic import Related
from platformspec.source.compose import compose
from platformspec.source.places import Inside, Place, inside, key_span, value_span, with_inside
from platformspec.source.text import read_text
from platformspec.source.tree import Refused, SourceTree, relative

NOT_PATTERNS = Code(
    "PS124",
    "include is not a list of file patterns",
    explain="`include` lists paths or patterns relative to the platform file, such as [teams/*.yaml].",
)
NOTHING_MATCHES = Code(
    "PS125",
    "an include that matches no file",
    explain="An include that finds nothing is nearly always misspelt, and the declarations that it should bring "
    "would be missing.",
)
NESTED = Code(
    "PS126",
    "a fragment that includes",
    explain="Only the platform file itself includes others, so that its list is the whole list.",
)
INCLUDES_ITSELF = Code(
    "PS127",
    "a platform file that includes itself",
    explain="The pattern also fits the platform file. Keep the fragments in a folder of their own.",
)
SAID_TWICE = Code(
    "PS128",
    "something that two files declare",
    explain="Each declaration, and each section that holds settings instead of declarations, is in one file "
    "only; no file overrides another.",
)
UNLIKE_SECTIONS = Code(
    "PS129",
    "a section that is a list in one file and a mapping in another",
    explain="The parts of a section that is spread over files are merged, so they have the same form.",
)

# Settings of the whole platform: half of them in one file and half in another would help nobody.
WHOLE_SECTIONS: Final = frozenset({"apiVersion", "kind", "metadata", "profile", "cloud"})


def include_fragments(
    tree: SourceTree, file: str, data: dict[str, Any], place: Place, texts: dict[str, str], report: Report
) -> tuple[dict[str, Any], Place]:
    """The platform with its fragments; `texts` gains theirs. `include` leaves the data but keeps its place."""
    if "include" not in data:
        return data, place
    merged = {section: value for section, value in data.items() if section != "include"}
    sections: dict[str, Place] = dict(place[5]) if isinstance(place[5], dict) else {}
    for fragment, asked_at in _files(tree, file, data["include"], sections["include"], report):
        text = read_text(tree, fragment, report, asked_at=asked_at)
        composed = None if text is None else compose(text, fragment, report)
        if text is None or composed is None:
            continue
        texts[fragment] = text
        more, root = composed
        for section, value in more.items():
            found = inside(root, section)
            if found is None:
                continue
            if section == "include":
                report.error(
                    NESTED,
                    f"{fragment} is included by {file} and cannot include others",
                    at=key_span(found),
                    help=f"move its patterns to include: in {file}",
                )
                continue
            _merge(merged, sections, section, value, found, report)
    return merged, with_inside(place, sections)


def _files(tree: SourceTree, file: str, patterns: Any, place: Place, report: Report) -> list[tuple[str, Span]]:
    """The fragments that the patterns name, each once, with the place that names it."""
    if not isinstance(patterns, list):
        report.error(NOT_PATTERNS, "include is not a list", at=value_span(place), help="write include: [teams/*.yaml]")
        return []
    files: dict[str, Span] = {}
    for index, pattern in enumerate(patterns):
        item = inside(place, index)
        at = value_span(place if item is None else item)
        if not isinstance(pattern, str) or not pattern:
            report.error(
                NOT_PATTERNS, f"item {index + 1} of include is not a path", at=at, help="write include: [teams/*.yaml]"
            )
            continue
        try:
            found = _matches(tree, posixpath.dirname(file), pattern)
        except Refused as refused:
            report.error(refused.code, refused.message, at=at, help=refused.help)
            continue
        if not found:
            beside = posixpath.dirname(file) or tree.label
            report.error(
                NOTHING_MATCHES,
                f"{pattern} matches no file in {beside}",
                at=at,
                help="correct the path, or remove the line",
            )
        if file in found:
            report.error(
                INCLUDES_ITSELF,
                f"{pattern} also matches {file} itself",
                at=at,
                help="keep the fragments in a folder of their own, as in include: [teams/*.yaml]",
            )
        files |= {path: at for path in found if path != file and path not in files}
    return list(files.items())


def _matches(tree: SourceTree, folder: str, pattern: str) -> tuple[str, ...]:
    # Joined first, `../` could leave the platform's folder without leaving the tree.
    relative(pattern)
    path = posixpath.join(folder, pattern)
    return (path,) if tree.exists(path) else tree.glob(path)


def _merge(
    merged: dict[str, Any], sections: dict[str, Place], section: str, value: Any, found: Place, report: Report
) -> None:
    """Add one section of a fragment; the parts of other files are copied before they grow."""
    if section not in merged:
        merged[section] = value
        sections[section] = found
        return
    there, first = merged[section], sections[section]
    if section in WHOLE_SECTIONS or not isinstance(there, dict | list) or not isinstance(value, dict | list):
        _said_twice(section, found, first, report)
    elif isinstance(there, dict) and isinstance(value, dict):
        entries: dict[str, Place] = dict(first[5]) if isinstance(first[5], dict) else {}
        merged[section] = there = dict(there)
        for name, declaration in value.items():
            entry = inside(found, name)
            if name in there:
                _said_twice(f"{section}.{name}", entry or found, entries[name], report)
            elif entry is not None:
                there[name] = declaration
                entries[name] = entry
        sections[section] = with_inside(first, entries)
    elif isinstance(there, list) and isinstance(value, list):
        merged[section] = [*there, *value]
        sections[section] = with_inside(first, [*_items(first[5]), *_items(found[5])])
    else:
        kinds = ("a mapping", "a list") if isinstance(value, dict) else ("a list", "a mapping")
        report.error(
            UNLIKE_SECTIONS,
            f"{section} is {kinds[0]} here and {kinds[1]} in {first[0]}",
            at=key_span(found),
            help=f"write {kinds[1]} here too",
            related=(Related("first written here", key_span(first)),),
        )


def _items(content: Inside) -> list[Place]:
    return content if isinstance(content, list) else []


def _said_twice(what: str, second: Place, first: Place, report: Report) -> None:
    report.error(
        SAID_TWICE,
        f"{what} is in {second[0]} and also in {first[0]}",
        at=key_span(second),
        help="remove one of the two"
        if what in WHOLE_SECTIONS or "." not in what
        else "remove one of the two, or rename it",
        related=(Related("first written here", key_span(first)),),
    )
