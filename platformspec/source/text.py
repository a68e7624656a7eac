"""From the bytes of a file to text that is safe to parse and to print."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from typing import Final

from platformspec.diagnostics import Code, Report, Span
from platformspec.source.tree import Refused, SourceTree

NOT_UTF_8 = Code(
    "PS111",
    "a file that is not UTF-8 text",
    explain="Files are UTF-8, with or without a byte order mark. Editors on Windows may save UTF-16 or a "
    "national encoding: choose UTF-8 when saving.",
)
CONTROL_CHARACTER = Code(
    "PS112",
    "a character that cannot be seen",
    explain="Control characters, and characters that reorder the text around them, make a file read differently "
    'from what it says. In a quoted value they can be written as an escape such as "\u202e".',
)
TOO_LARGE = Code(
    "PS113",
    "a file that is too large",
    explain="A platform file holds declarations, a few thousand lines at most; a file of more than 10 MB is "
    "something else. A large platform is split with `include`.",
)
MISSING = Code(
    "PS120",
    "a file that does not exist",
    explain="The platform file is looked up at the path given on the command line, from the current folder.",
)
IS_FOLDER = Code(
    "PS121",
    "a folder where a file is expected",
    explain="Name the platform file itself, not the folder that it is in; in `include`, name files or a pattern "
    "of files.",
)
UNREADABLE = Code(
    "PS122",
    "a file that may not be read",
    explain="The operating system refuses to open the file, usually because of its permissions.",
)

MOST_BYTES: Final = 10_000_000

_BYTE_ORDER_MARKS: Final = (
    (b"\xff\xfe\x00\x00", "UTF-32"),
    (b"\x00\x00\xfe\xff", "UTF-32"),
    (b"\xff\xfe", "UTF-16"),
    (b"\xfe\xff", "UTF-16"),
)
# All bytes but the ASCII control characters that have no place in a text.
_PLAIN_BYTES: Final = bytes(code for code in range(256) if code in b"\t\n\r" or (code >= 0x20 and code != 0x7F))
# Beyond YAML's own non-printable characters: U+0085, U+2028 and U+2029, line ends to some readers only, and the
# characters that reorder text (https://www.unicode.org/reports/tr9/), which make a review see another file.
_UNSEEN: Final = re.compile(
    "[^\t\n\r\x20-\x7e\xa0-\u2027\u202f-\u2065\u206a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
)
_LINE_END: Final = re.compile("\r\n|\n|\r")


def read_text(tree: SourceTree, file: str, report: Report, *, asked_at: Span | None = None) -> str | None:
    """The text of a file without its byte order mark; mistakes are reported at `asked_at` or in the file itself."""
    try:
        size = tree.size(file)
        if size > MOST_BYTES:
            report.error(
                TOO_LARGE,
                f"{file} has {size / 1_000_000:.1f} MB, at most {MOST_BYTES // 1_000_000} MB are read",
                at=asked_at or _start(file),
                help="name the platform file; split a large platform with include: [teams/*.yaml]",
            )
            return None
        data = tree.read(file)
    except Refused as refused:
        report.error(refused.code, refused.message, at=asked_at, help=refused.help)
        return None
    except (FileNotFoundError, NotADirectoryError):
        report.error(MISSING, f"{file} does not exist in {tree.label}", at=asked_at, help="name a file that exists")
        return None
    except IsADirectoryError:
        report.error(
            IS_FOLDER, f"{file} is a folder", at=asked_at, help=f"name a file in it, such as {file}/platform.yaml"
        )
        return None
    except OSError as error:
        reason = (error.strerror or "no reason given").lower()
        report.error(UNREADABLE, f"{file} cannot be read: {reason}", at=asked_at, help="let your user read the file")
        return None
    return _decode(data, file, report)


def split_lines(text: str) -> list[str]:
    """The lines as YAML counts them: `str.splitlines` would also end a line at form feeds and separators."""
    return _LINE_END.split(text)


def _start(file: str) -> Span:
    return Span(file, 1, 1, 1, 1)


def _decode(data: bytes, file: str, report: Report) -> str | None:
    for mark, encoding in _BYTE_ORDER_MARKS:
        if data.startswith(mark):
            report.error(NOT_UTF_8, f"{file} is {encoding} text", at=_start(file), help="save it as UTF-8")
            return None
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = split_lines(data[: error.start].decode("utf-8-sig"))
        at = Span(file, len(before), len(before[-1]) + 1, len(before), len(before[-1]) + 2)
        found = f"byte 0x{data[error.start]:02x} is not UTF-8 text"
        report.error(NOT_UTF_8, found, at=at, help="save the file as UTF-8; a platform file is text")
        return None
    if data.translate(None, _PLAIN_BYTES) or (not text.isascii() and _UNSEEN.search(text)):
        _report_unseen(text, file, report)
        return None
    return text


def _report_unseen(text: str, file: str, report: Report) -> None:
    for number, line in enumerate(split_lines(text), 1):
        match = _UNSEEN.search(line)
        if match is not None:
            point = ord(match[0])
            name = unicodedata.name(match[0], "NUL" if point == 0 else "control character").lower()
            escape = f"\\x{point:02x}" if point < 0x100 else f"\\u{point:04x}"
            report.error(
                CONTROL_CHARACTER,
                f"the line has U+{point:04X} ({name}), which cannot be seen",
                at=Span(file, number, match.start() + 1, number, match.end() + 1),
                help=f'remove it, or write "{escape}" in double quotes',
            )
            if point == 0:  # a binary file would have one on every line
                return


class Texts(Mapping[str, str]):
    """The text of the files of a tree, read when a diagnostic quotes them: also of files that did not parse."""

    def __init__(self, tree: SourceTree) -> None:
        self._tree = tree
        self._read: dict[str, str] = {}

    def __getitem__(self, file: str) -> str:
        if file not in self._read:
            try:
                if self._tree.size(file) > MOST_BYTES:
                    raise KeyError(file)
                self._read[file] = self._tree.read(file).decode("utf-8-sig", errors="replace")
            except (OSError, Refused) as error:
                raise KeyError(file) from error
        return self._read[file]

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._read))

    def __len__(self) -> int:
        return len(self._read)
