"""Options and settings of all tests."""

from __future__ import annotations

import os

import pytest
from hypothesis import settings

# Machines that run tests are noisy: a slow example is no failure.
settings.register_profile("platformspec", deadline=None)
settings.load_profile("platformspec")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="rewrite golden files; never on CI")


@pytest.fixture
def update_golden(request: pytest.FixtureRequest) -> bool:
    wanted = bool(request.config.getoption("--update-golden"))
    if wanted and os.environ.get("CI"):
        pytest.fail("--update-golden is for people who read the difference, not for CI")
    return wanted
