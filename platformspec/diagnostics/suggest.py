"""Did you mean: the nearest of the words that would have been right."""

from __future__ import annotations

from collections.abc import Iterable

# At three edits the suggestion is more often wrong than right.
TOO_FAR = 3


def closest(word: str, candidates: Iterable[str]) -> str | None:
    """The candidate fewer than three edits away, and fewer edits than `word` has letters; ties go by the alphabet.

    >>> closest("h10", ["h100", "l40s"])
    'h100'
    """
    best: tuple[int, str] | None = None
    for candidate in candidates:
        distance = _edits(word.casefold(), candidate.casefold())
        if distance < min(TOO_FAR, len(word)) and (best is None or (distance, candidate) < best):
            best = (distance, candidate)
    return None if best is None else best[1]


def _edits(left: str, right: str) -> int:
    """Damerau-Levenshtein distance (optimal string alignment), or `TOO_FAR` once it cannot be less."""
    if abs(len(left) - len(right)) >= TOO_FAR:
        return TOO_FAR
    before: list[int] = []
    above = list(range(len(right) + 1))
    for row, letter in enumerate(left, 1):
        line = [row]
        for column, other in enumerate(right, 1):
            cost = min(above[column] + 1, line[-1] + 1, above[column - 1] + (letter != other))
            if row > 1 and column > 1 and letter == right[column - 2] and left[row - 2] == other:
                cost = min(cost, before[column - 2] + 1)
            line.append(cost)
        if min(line) >= TOO_FAR and min(above) >= TOO_FAR:
            return TOO_FAR
        before, above = above, line
    return min(above[-1], TOO_FAR)
