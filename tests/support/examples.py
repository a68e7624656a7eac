"""The examples of the repository, compiled on the day that tests pin."""

from __future__ import annotations

import datetime
import functools
import pathlib
from dataclasses import dataclass

import yaml

from platformspec.diagnostics.render import full
from platformspec.driver import Compilation, compile_platform
from platformspec.providers import installed_providers
from platformspec.source.tree import Folder, SourceTree

ROOT = pathlib.Path(__file__).resolve().parents[2]
AS_OF = datetime.date(2026, 11, 23)


@dataclass(frozen=True)
class Case:
    """An example in one of its environments."""

    example: str
    environment: str | None

    @property
    def name(self) -> str:
        return self.example if self.environment is None else f"{self.example}-{self.environment}"

    @property
    def file(self) -> str:
        return f"examples/{self.example}/platform.yaml"

    def __str__(self) -> str:
        return self.name


def cases() -> list[Case]:
    """Every example in each of its environments, sorted."""
    found: list[Case] = []
    for file in sorted(ROOT.glob("examples/*/platform.yaml")):
        environments = (yaml.safe_load(file.read_text("utf-8")) or {}).get("environments") or {None: {}}
        found += [Case(file.parent.name, environment) for environment in sorted(environments, key=str)]
    return found


def compile_case(case: Case, tree: SourceTree | None = None) -> Compilation:
    """The example must compile."""
    compilation = compile_platform(
        tree or Folder(ROOT), case.file, environment=case.environment, as_of=AS_OF, providers=installed_providers()
    )
    texts = compilation.document.texts if compilation.document is not None else {}
    assert compilation.ok, "\n" + full.render(list(compilation.report), texts)
    return compilation


@functools.cache
def compiled(case: Case) -> Compilation:
    """The example, compiled once in a test run."""
    return compile_case(case)
