"""A review as findings by line, for annotations and code scanning."""

from __future__ import annotations

from platformspec.diagnostics import Diagnostic
from platformspec.review.review import Review


def findings(review: Review) -> list[Diagnostic]:
    """What keeps the head from compiling, dangers and new warnings, each once, in the order of their places."""
    found = [*review.notes, *review.head_errors]
    for environment in review.environments:
        found += [*environment.head_errors, *(danger.diagnostic for danger in environment.dangers)]
        found += environment.warnings
    return sorted(dict.fromkeys(found), key=lambda diagnostic: diagnostic.sort_key)
