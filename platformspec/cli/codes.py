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
        # The CDK starts Node when it is imported; its one importer defines no code.
        if not module.name.startswith("platformspec.emit.cdk"):
            importlib.import_module(module.name)
    installed_providers()
    return all_codes()
