"""A stage in a temporary folder."""

from __future__ import annotations

import pathlib
from collections.abc import Iterator

import pytest

from platformspec.diagnostics import Report
from platformspec.lower.stage import Stage
from platformspec.providers import installed_providers
from tests.oracle import definitions_folder


@pytest.fixture
def stage(tmp_path: pathlib.Path) -> Iterator[Stage]:
    report = Report()
    providers = installed_providers()
    rehearse = next(provider.rehearse for provider in providers.providers if provider.rehearse is not None)
    with rehearse(tmp_path / "rehearsal", providers, report, crds=definitions_folder()) as opened:
        assert opened is not None, list(report)
        yield opened
