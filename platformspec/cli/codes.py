"""Every diagnostic code: importing all modules that define some."""

from __future__ import annotations

import importlib
import pkgutil

import platformspec
from platformspec.diagnostics import Code, all_codes
from platformspec.providers import installed_providers


def every_code() -> tuple[Code, ...]:
    """The codes of the compiler and of all installed providers, by id."""
    for module in pkgutil.walk_packages(platformspec.__path__, "platformspec."):
        if not module.name.endswith(".__main__"):
            importlib.import_module(module.name)
    installed_providers()
    return all_codes()
