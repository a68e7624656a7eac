"""Drift for a terminal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import groupby
from typing import Any, Final

from platformspec.diagnostics import dotted
from platformspec.drift.deviation import HIDDEN, OWNERS, Deviation, Owner
from platformspec.drift.origin import lines
from platformspec.drift.outcome import Outcome
from platformspec.plan import words
from platformspec.plan.change import ABSENT

LEFT_ALONE: Final[dict[Owner, str]] = {
    "person": "Added by people, and left alone",
    "autoscaler": "Set by autoscalers",
    "controller": "Set by controllers, or left to others",
    "cloud": "Chosen by the cloud",
}
# A cluster of many nodes must not bury what matters.
MOST_LINES: Final = 20


def render(outcome: Outcome) -> str:
    """What the spec owns in full, then what is left alone, then what to do."""
    return "\n".join(_lines(outcome)) + "\n"


def _lines(outcome: Outcome) -> Iterator[str]:
    environment = f" ({outcome.environment})" if outcome.environment else ""
    yield f"Drift of {outcome.platform}{environment}, compared with {outcome.applied_by}"
    yield ""
    if not outcome.of_the_spec:
        yield "No drift: everything that the spec owns is as it was applied."
    for one in outcome.delivered:
        yield f"Not looked at: cluster {one.cluster}; {one.engine} compares it with {one.repository}, and sets it back."
    for resource, group in groupby(outcome.of_the_spec, key=lambda one: one.resource):
        yield from _resource(resource, list(group), outcome)
    for owner in OWNERS[1:]:
        found = [one for one in outcome.deviations if one.owner == owner]
        if not found:
            continue
        yield ""
        yield f"{LEFT_ALONE[owner]}:"
        yield from (f"  {_left_alone(one)}" for one in found[:MOST_LINES])
        if len(found) > MOST_LINES:
            yield f"  and {len(found) - MOST_LINES} more; --json has all of them"
    yield ""
    yield f"Total: {_counts(outcome)}."
    if outcome.adoptions is not None:
        yield from _adoptions(outcome)
    if outcome.remaining:
        yield f"To set {'the rest' if outcome.patch else 'it'} back: {outcome.restore}"
        if outcome.adoptions is None and any(one.what == "changed" for one in outcome.remaining):
            yield "To keep it: the same command with --adopt shows what platform.yaml can say of it"


def _resource(resource: str, group: list[Deviation], outcome: Outcome) -> Iterator[str]:
    yield resource
    for one in group:
        who = f", by {_writer(one)}" if one.writer else ""
        again = "; to set it back, Terraform replaces it" if one.replaces else ""
        if one.what == "gone":
            yield f"  - is gone{who}"
        elif one.what == "made anew":
            yield f"  ! somebody deleted it and made it anew: uid {one.applied} -> {one.live}{who}"
        else:
            yield f"  ~ {dotted(one.path)}: {_value(one.applied)} -> {_value(one.live)}{who}{again}"
        if places := lines(one, outcome.document):
            yield "      from " + ", ".join(f"{span.file}:{span.line}" for span in places)


def _left_alone(one: Deviation) -> str:
    who = f", by {_writer(one)}" if one.writer else ""
    if not one.path:
        return f"{one.resource}{who}"
    was = "" if one.applied is ABSENT else f"{_value(one.applied)} -> "
    return f"{one.resource}  {dotted(one.path)}: {was}{_value(one.live)}{who}"


def _writer(one: Deviation) -> str:
    assert one.writer is not None
    return _printable(one.writer.manager) + (f" at {one.writer.time}" if one.writer.time else "")


def _value(value: Any) -> str:
    return "nothing" if value is ABSENT else "(sensitive)" if value is HIDDEN else words.text(value)


def _printable(text: str) -> str:
    return "".join(char for char in text if char.isprintable())


def _adoptions(outcome: Outcome) -> Iterator[str]:
    refused = [one for one in outcome.adoptions or () if one.edit is None]
    if outcome.patch:
        yield ""
        yield "To keep what is live:"
        yield outcome.patch.rstrip("\n")
    if refused:
        yield ""
        yield "The file cannot take over:"
        for one in refused:
            yield f"  {one.deviation.resource} {dotted(one.deviation.path)}".rstrip() + f": {one.refused}"
    yield ""


def _counts(outcome: Outcome) -> str:
    counts = Counter(one.owner for one in outcome.deviations)
    spec = words.plural(counts["spec"], "deviation") + " from the spec"
    rest = sum(counts.values()) - counts["spec"]
    return f"{spec}, {rest} left alone" if rest else spec
