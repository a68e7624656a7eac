"""Options and settings of all tests."""

from __future__ import annotations

import os
from collections import Counter
from typing import Any

import pytest
from hypothesis import settings

# Machines that run tests are noisy: a slow example is no failure. A change is judged by the same examples each time; new ones
# are looked for with `--hypothesis-profile explore`.
settings.register_profile("platformspec", deadline=None, derandomize=True)
settings.register_profile("explore", deadline=None, max_examples=1000)
settings.load_profile("platformspec")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="rewrite golden files; never on CI")


@pytest.fixture
def update_golden(request: pytest.FixtureRequest) -> bool:
    wanted = bool(request.config.getoption("--update-golden"))
    if wanted and os.environ.get("CI"):
        pytest.fail("--update-golden is for people who read the difference, not for CI")
    return wanted


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Print what tests have counted: each property `count` is one of what it says."""
    reports = [report for key in ("passed", "failed") for report in terminalreporter.getreports(key)]
    counts = Counter(
        value
        for report in reports
        if report.when == "call"
        for name, value in report.user_properties
        if name == "count"
    )
    if counts:
        terminalreporter.section("counts")
    for what, number in sorted(counts.items()):
        terminalreporter.write_line(f"{number:4} {what}")
