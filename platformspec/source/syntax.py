"""The parser's complaints, in the words of somebody who writes YAML and does not parse it."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from yaml import YAMLError
from yaml.error import Mark, MarkedYAMLError

from platformspec.diagnostics import Code, Report, Span
from platformspec.diagnostics.diagnostic import Related
from platformspec.source.text import split_lines

SYNTAX = Code(
    "PS101",
    "YAML that cannot be read",
    explain="The file does not follow the grammar of YAML from this place on, so what comes after it was not "
    "looked at. The mistake is often on the line above: a bracket or quote that was not closed, or a "
    "line indented unlike its neighbours.",
)
TAB = Code(
    "PS103",
    "a tab in the indentation",
    explain="YAML is indented with spaces, because a tab is as wide as each editor likes.",
)


TOO_DEEP = Code(
    "PS114",
    "values that are nested too deeply",
    explain="Nothing in a platform is nested a hundred levels deep.",
)
MOST_LEVELS: Final = 100


class _Words(NamedTuple):
    problem: str  # how libyaml's problem begins
    context: str  # a part of libyaml's context, "" for any
    message: str
    help: str


# The texts of libyaml 0.2.5, src/scanner.c and src/parser.c; the first line that fits is taken.
_WORDS: Final = tuple(
    _Words(*row)
    for row in (
        (
            "mapping values are not allowed",
            "",
            "there is a second : where a value is expected",
            'put the value in quotes if ": " belongs to it, or indent this line like its neighbours',
        ),
        (
            "could not find expected ':'",
            "",
            "a key has no : after it",
            "write key: value with a space after the colon, and text of several lines after | on the line of its key",
        ),
        (
            "block sequence entries are not allowed",
            "",
            "a list item cannot begin here",
            "begin the list on a line of its own below its key, each item after a -",
        ),
        ("mapping keys are not allowed", "", "a key cannot begin here", "begin the key on a line of its own"),
        (
            "did not find expected alphabetic or numeric character",
            "alias",
            "* begins an alias, and no name follows it",
            'put the text in quotes, as in "*.example.com"',
        ),
        (
            "did not find expected alphabetic or numeric character",
            "anchor",
            "& begins an anchor, and no name follows it",
            "put the text in quotes",
        ),
        (
            "found unknown escape character",
            "",
            "there is no such escape in double quotes",
            r"write \\ for a backslash, or use single quotes",
        ),
        (
            "did not find expected hexdecimal number",
            "",
            "an escape lacks hexadecimal digits",
            r"write \xNN, \uNNNN or \UNNNNNNNN, or \\ for a backslash",
        ),
        (
            "found invalid Unicode character escape code",
            "",
            "an escape names no character",
            "write the code of a character",
        ),
        ("found unexpected end of stream", "quoted", "a quote is not closed", "close the quote that was opened here"),
        (
            "found unexpected document indicator",
            "quoted",
            "a quote is not closed",
            "close the quote that was opened above",
        ),
        (
            "did not find expected ',' or ']'",
            "",
            "a list in [ ] is not closed, or lacks a comma",
            "write a comma between two items and ] at the end",
        ),
        (
            "did not find expected ',' or '}'",
            "",
            "a mapping in { } is not closed, or lacks a comma",
            "write a comma between two entries and } at the end",
        ),
        (
            "did not find expected '-' indicator",
            "",
            "this line does not belong to the list above it",
            "indent it like the - of its neighbours, or further if it belongs to the item above",
        ),
        (
            "did not find expected key",
            "",
            "this line does not continue the mapping above it",
            "indent it like its neighbours; text after a closing quote or bracket belongs inside",
        ),
        (
            "found character that cannot start any token",
            "",
            "a value cannot begin with this character",
            "put the text in quotes",
        ),
        (
            "did not find expected node content",
            "",
            "a value is missing here",
            "write a value, or put the text in quotes if the character belongs to it",
        ),
        (
            "did not find expected comment or line break",
            "block scalar",
            "text follows | or > on the same line",
            "begin the text on the next line, or put it in quotes",
        ),
        (
            "found an indentation indicator equal to 0",
            "",
            "the indentation after | or > cannot be 0",
            "leave the number out",
        ),
        (
            "found undefined tag handle",
            "",
            "a tag is used that is not defined",
            "remove the tag; text that begins with ! goes in quotes",
        ),
        ("", "tag", "! begins a tag, and no name follows it", "put the text in quotes"),
        (
            "",
            "directive",
            "% at the start of a line begins a directive that cannot be read",
            "remove the line, or put the text in quotes",
        ),
        (
            "found incompatible YAML document",
            "",
            "the file asks for another version of YAML",
            "remove the line that begins with %YAML",
        ),
        (
            "did not find expected <document start>",
            "",
            "something follows the end of the document",
            "indent the line like the first one, or remove what stands above it",
        ),
        ("found unexpected ':'", "", "a : cannot stand here", "put the text in quotes"),
    )
)
_OPENED: Final = {
    "while parsing a flow sequence": "the list was opened here",
    "while parsing a flow mapping": "the mapping was opened here",
    "while scanning a quoted scalar": "the quote was opened here",
    "while parsing a block mapping": "the mapping begins here",
    "while parsing a block collection": "the list begins here",
    "while scanning a simple key": "the key begins here",
}
_TAB_INDENT: Final = re.compile(r" *(\t)")


def report_syntax(error: YAMLError, text: str, file: str, report: Report) -> None:
    """Report what PyYAML raised, at the place that it names, with the place where the broken thing began."""
    if not isinstance(error, MarkedYAMLError) or error.problem_mark is None:
        report.error(
            SYNTAX, "the file is not YAML", at=Span(file, 1, 1, 1, 1), help="check that it is the platform file"
        )
        return
    lines = split_lines(text)
    problem, context = error.problem or "", error.context or ""
    if problem.startswith("exceeded max"):
        # libyaml looks up to 1024 characters ahead for a key, so its own limit can come before ours is seen.
        report.error(
            TOO_DEEP,
            f"values are nested more than {MOST_LEVELS} levels deep",
            at=_at(file, error.problem_mark, lines),
            help="write it with fewer levels",
        )
        return
    tab = _tab(lines, error.problem_mark.line)
    if tab is not None or "tab character" in problem:
        at = tab or _at(file, error.problem_mark, lines)
        report.error(
            TAB,
            "the line is indented with a tab",
            at=Span(file, at.line, at.column, at.line, at.column + 1),
            help="indent with spaces",
        )
        return
    message, help = next(
        (words.message, words.help)
        for words in (
            *_WORDS,
            _Words(
                "", "", "this cannot be read as YAML", "compare it with the lines around it, or put the text in quotes"
            ),
        )
        if problem.startswith(words.problem) and words.context in context
    )
    at = _at(file, error.problem_mark, lines)
    found = lines[at.line - 1][at.column - 1 : at.column]
    if problem.startswith("found character that cannot start"):
        message = f"a value cannot begin with {found}"
    if problem.startswith("did not find expected key") and found == ":":
        message, help = "there is no key before the :", "write a key before it, or put the text in quotes"
    if problem.startswith("did not find expected node content") and not "".join(lines[at.line - 1 :])[at.column - 1 :]:
        message, help = (
            "the file ends where a value is expected",
            "write the value, and close what was opened before it",
        )
    related: tuple[Related, ...] = ()
    opened = _OPENED.get(context)
    if opened and error.context_mark is not None and error.context_mark.index != error.problem_mark.index:
        related = (Related(opened, _at(file, error.context_mark, lines)),)
    report.error(SYNTAX, message, at=at, help=help, related=related)


def _at(file: str, mark: Mark, lines: list[str]) -> Span:
    """The character at the mark. libyaml puts the end of a text on a line of its own, which the text need not have."""
    line, column = mark.line + 1, mark.column + 1
    if line > len(lines):
        line, column = len(lines), len(lines[-1]) + 1
    return Span(file, line, column, line, column + 1)


def _tab(lines: list[str], line: int) -> Span | None:
    """The first tab in the indentation of the line, or of the line above, where the parser often still stands."""
    for number in (line, line - 1):
        match = _TAB_INDENT.match(lines[number]) if 0 <= number < len(lines) else None
        if match is not None:
            return Span("", number + 1, match.start(1) + 1, number + 1, match.end(1) + 1)
    return None
