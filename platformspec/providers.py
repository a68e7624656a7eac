"""Provider plug-ins: entry points of the group `platformspec.providers` -> ProviderSet."""

from __future__ import annotations

import functools
from importlib.metadata import entry_points

from platformspec.lower.contract import PROVIDER_API, Provider, ProviderSet

GROUP = "platformspec.providers"


class ProviderProblem(Exception):
    """A plug-in that cannot be used; the message says which and why."""


@functools.cache
def installed_providers() -> ProviderSet:
    """All installed providers, sorted by name. Raises `ProviderProblem`."""
    found: dict[str, Provider] = {}
    for point in sorted(entry_points(group=GROUP), key=lambda point: point.name):
        try:
            provider = point.load()
        except Exception as error:
            raise ProviderProblem(f"the provider {point.name!r} ({point.value}) cannot be loaded: {error}") from error
        if not isinstance(provider, Provider):
            raise ProviderProblem(f"{point.value} is not a Provider")
        if provider.provider_api != PROVIDER_API:
            raise ProviderProblem(
                f"the provider {point.name!r} is written for provider API {provider.provider_api}, and this is {PROVIDER_API}"
            )
        found[point.name] = provider
    return ProviderSet(tuple(found.values()))
