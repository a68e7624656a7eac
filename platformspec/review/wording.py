"""What fields and values of the language are called in a sentence about a change."""

from __future__ import annotations

from typing import Any, Final

from pydantic import BaseModel

from platformspec.address import Address
from platformspec.diagnostics import Path
from platformspec.kinds.base import Ref, yaml_key
from platformspec.kinds.gateway import FallbackSpec
from platformspec.review.differences import ABSENT, Difference, is_section

LONGEST_VALUE: Final = 60
SHORT_REVISION: Final = 12

TITLES: Final = {
    "gpu_pool": "GPU pool {}",
    "model": "{}",
    "network": "network",
    "bucket": "model bucket",
    "platform": "platform",
    "cloud": "cloud",
    "observability": "observability",
}
"""Kind -> how a declaration of it is called; `<kind> <name>` where it is not here."""
CHILDREN: Final = {"gateway": "route", "vector_store": "collection"}

# The end of a field -> what it is called. The longest end that fits wins; otherwise the last key without its unit.
LABELS: Final[dict[Path, str]] = {
    ("context_tokens",): "context",
    ("scale", "min"): "replicas at least",
    ("scale", "max"): "replicas at most",
    ("nodes", "min"): "nodes at least",
    ("nodes", "max"): "nodes at most",
    ("system_nodes", "min"): "system nodes at least",
    ("system_nodes", "max"): "system nodes at most",
    ("hugging_face",): "weights",
    ("cidr",): "address range",
    ("backup", "keep_days"): "backups kept",
    ("logs", "keep_days"): "logs kept",
    ("keep_versions_days",): "old versions kept",
    ("expire_days",): "API keys end after",
    ("state", "bucket"): "state bucket",
    ("state", "prefix"): "state prefix",
    ("state", "region"): "state region",
    ("embed_with",): "embedded with",
    ("budget", "usd_per_month"): "budget",
    ("facts", "context_tokens"): "longest context",
    ("price", "input_usd_per_mtok"): "price of prompt tokens",
    ("price", "output_usd_per_mtok"): "price of generated tokens",
}
# Kind and field of lists that mean everything where they are left out.
EVERY: Final[dict[Path, str]] = {("gateway", "teams"): "every team"}
UNITS: Final = {"_gib": " GiB", "_seconds": " s", "_minutes": " min", "_days": " days"}
# Keys that say nothing without the key before them.
_VAGUE: Final = {
    "min",
    "max",
    "share",
    "mode",
    "ends",
    "zone",
    "reservation",
    "profile",
    "model",
    "provider",
    "name_in",
    "existing",
}
_NAMED_PARENTS: Final = {"allow": "accepted warning {}", "labels": "label {}", "gpu_quota": "quota of {} GPUs"}
_RULES: Final = {"allow", "deny", "equals", "max", "min"}


def title(address: Address) -> str:
    """`chat-large` for a model, `route main/chat`, `GPU pool l4`, `network`."""
    if address.child is not None:
        return f"{CHILDREN.get(address.kind, address.kind)} {address.name}/{address.child}"
    form = TITLES.get(address.kind, address.kind.replace("_", " ") + " {}")
    return form.format(address.name)


def label(address: Address, field: Path) -> str:
    """What the field is called."""
    names = tuple(str(part) for part in field)
    if address.kind == "policy" and len(names) == 2 and names[0] in _RULES:
        return " ".join(names)
    if len(names) >= 2 and names[-2] in _NAMED_PARENTS:
        return _NAMED_PARENTS[names[-2]].format(names[-1])
    for length in (2, 1):
        if names[-length:] in LABELS and len(names) >= length:
            return LABELS[names[-length:]]
    last = names[-1]
    for unit in UNITS:
        last = last.removesuffix(unit)
    words = last.replace("_", " ")
    return f"{names[-2].replace('_', ' ')} {words}" if len(names) > 1 and names[-1] in _VAGUE else words


def value_text(field: Path, value: Any) -> str:
    """A value with its unit, on one line, cut where it is long."""
    last = str(field[-1]) if field else ""
    text = _text(value)
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        if last == "context_tokens":
            text = _thousands(value)
        elif last == "usd_per_month":
            text = f"${value:,.0f} a month" if float(value).is_integer() else f"${value:,.2f} a month"
        else:
            text += next((words for unit, words in UNITS.items() if last.endswith(unit)), "")
    text = " ".join(text.split())
    return text if len(text) <= LONGEST_VALUE else text[: LONGEST_VALUE - 1] + "…"


def difference_text(difference: Difference) -> str:
    """`context 32k -> 64k`, `targets + fallback claude-eu`, `spot added`."""
    field, before, after = difference.field, difference.before, difference.after
    if len(field) == 2 and field[0] == "imports":
        return _import_text(str(field[1]), before, after)
    name = label(difference.address, field)
    if isinstance(before, tuple) and isinstance(after, tuple):
        every = EVERY.get((difference.address.kind, *field))
        if every is not None and not (before and after):
            one, other = (", ".join(_text(item) for item in side) or every for side in (before, after))
            return _cut(f"{name} {one} -> {other}")
        return f"{name} {list_change(before, after)}"
    gone, new = before is None or before is ABSENT, after is None or after is ABSENT
    if is_section(before) or is_section(after):
        if gone:
            return f"{name} added"
        return f"{name} removed" if new else f"{name} changed"
    if gone:
        return f"{name} added as {value_text(field, after)}"
    if new:
        return f"{name} {value_text(field, before)} removed"
    old_text, new_text = value_text(field, before), value_text(field, after)
    if field[-1:] == ("revision",) and old_text[:SHORT_REVISION] != new_text[:SHORT_REVISION]:
        old_text, new_text = old_text[:SHORT_REVISION], new_text[:SHORT_REVISION]
    return f"{name} {old_text} -> {new_text}"


def _import_text(role: str, before: Any, after: Any) -> str:
    if after is None or after is ABSENT:
        return f"no longer takes over {role}"
    taken = f"takes over {_text(after)} as its {role}"
    return taken if before is None or before is ABSENT else f"{taken}, not {_text(before)}"


def list_change(before: tuple[Any, ...], after: tuple[Any, ...]) -> str:
    """`+ a, - b`, or the new order."""
    old, new = [_text(item) for item in before], [_text(item) for item in after]
    added, removed = [item for item in new if item not in old], [item for item in old if item not in new]
    if not added and not removed:
        return "in another order: " + ", ".join(new)
    parts = [f"+ {item}" for item in added] + [f"- {item}" for item in removed]
    return _cut(", ".join(parts))


def listed(words: list[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}" if words else ""


def _cut(text: str) -> str:
    longest = 3 * LONGEST_VALUE
    text = " ".join(text.split())
    return text if len(text) <= longest else text[: longest - 1] + "…"


def _thousands(count: float) -> str:
    if count >= 1024 and count % 1024 == 0:
        return f"{int(count) // 1024}k"
    return f"{int(count) // 1000}k" if count >= 1000 and count % 1000 == 0 else f"{count:g}"


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, FallbackSpec):
        when = "" if value.when == ("unavailable",) else f" ({', '.join(value.when)})"
        return f"fallback {value.fallback.text}{when}"
    if isinstance(value, Ref):
        return value.text
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, BaseModel):
        fields = type(value).model_fields
        shown = {yaml_key(type(value), name): getattr(value, name) for name in fields}
        return ", ".join(f"{key} {_text(item)}" for key, item in shown.items() if item not in (None, (), {}))
    if isinstance(value, dict):
        return ", ".join(f"{key} {_text(item)}" for key, item in sorted(value.items()))
    if isinstance(value, (tuple, list)):
        return ", ".join(_text(item) for item in value) or "nothing"
    return "nothing" if value is None or value == "" else str(value)
