"""Platforms from plain data, for tests of single passes."""

from __future__ import annotations

import datetime
from typing import Any

from platformspec.diagnostics import Path, Report, Span
from platformspec.graph.platform import Platform
from platformspec.graph.platform_graph import PlatformGraph
from platformspec.graph.resolve import resolve
from platformspec.kinds.platform import PlatformSpec
from platformspec.lower.contract import Provider, ProviderSet
from platformspec.lower.lower import Lowered, lower

AS_OF = datetime.date(2026, 11, 23)


class PlainDocument:
    """Stands in for a parsed file: everything in the data counts as written."""

    def __init__(self, data: dict[str, Any]) -> None:
        self.data = data

    def span(self, path: Path) -> Span | None:
        return None

    key_span = span

    def written(self, path: Path) -> bool:
        here: Any = self.data
        for part in path:
            try:
                here = here[part]
            except (KeyError, IndexError, TypeError):
                return False
        return True

    def origin(self, path: Path) -> object:
        return "file"


def base(**sections: Any) -> dict[str, Any]:
    """The smallest platform, with further sections."""
    return {
        "apiVersion": "platformspec.dev/v1",
        "kind": "Platform",
        "metadata": {"name": "acme"},
        "cloud": {"account": "111122223333", "region": "eu-central-1"},
        **sections,
    }


def graph_of(data: dict[str, Any], environment: str | None = None) -> PlatformGraph:
    """Validate and resolve; the data must be right."""
    spec = PlatformSpec.model_validate(data, context={"profile": data.get("profile", "standard")})
    report = Report()
    graph = resolve(Platform(spec, PlainDocument(data), environment, AS_OF), report)
    assert graph is not None, [(d.message, d.help) for d in report]
    return graph


def lowered(data: dict[str, Any], *providers: Provider) -> Lowered:
    """Lower with these providers; the data must be right."""
    report = Report()
    result = lower(graph_of(data), ProviderSet(providers), report)
    assert result is not None, [(d.code.id, d.message, d.help) for d in report]
    return result
