"""The commands that the documentation shows."""

from __future__ import annotations

import pathlib
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass

from tests.support.examples import ROOT

PAGES = sorted([ROOT / "README.md", *ROOT.glob("docs/**/*.md"), *ROOT.glob("examples/*/README.md")])
_FENCE = re.compile(r"^```(\w*)$\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Shown:
    """One command line as a page shows it. `whole`: in a block, where it can be copied; else in the middle of a sentence."""

    page: str
    line: str
    whole: bool

    @property
    def words(self) -> list[str]:
        """Arguments, without the program's name, comments and redirections."""
        return shlex.split(re.split(r" [|>] ", self.line)[0], comments=True)[1:]


def fences(text: str, language: str) -> list[str]:
    """The fenced blocks with this language."""
    return [body for found, body in _FENCE.findall(text) if found == language]


def commands_of(page: pathlib.Path) -> Iterator[Shown]:
    """Every command of platformspec in blocks, indented code and sentences."""
    name, text = page.relative_to(ROOT).as_posix(), page.read_text("utf-8")
    for language, body in _FENCE.findall(text):
        prompt = "" if language == "sh" else r"\$ "
        for line in re.findall(rf"^{prompt}(platformspec .*)$", body, re.MULTILINE):
            yield Shown(name, line, True)
    prose = _FENCE.sub("", text)
    for line in re.findall(r"^    (platformspec .*)$", prose, re.MULTILINE):
        yield Shown(name, line, True)
    for line in re.findall(r"`(platformspec\s[^`]+)`", prose):
        yield Shown(name, " ".join(line.split()), False)
