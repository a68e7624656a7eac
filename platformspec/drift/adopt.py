"""Find the edits of the platform file that say what somebody changed. Nothing is written.

The IR names the values of the file that an attribute was made from. Each is tried with the live value, and the platform is compiled again: an edit is right
if it makes exactly what is live and nothing that is not. Where two are, a person has to choose.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from platformspec.diagnostics import Failure, Path, dotted
from platformspec.drift.deviation import HIDDEN, Deviation
from platformspec.drift.differences import differences
from platformspec.drift.origin import sources
from platformspec.drift.outcome import Adoption, Edit
from platformspec.ir.expr import Json, Yaml, folded
from platformspec.ir.node import Node
from platformspec.ir.program import Program
from platformspec.plan.change import ABSENT
from platformspec.source import Document
from platformspec.source.edit import in_flow
from platformspec.source.edited import set_value
from platformspec.source.patch_path import read_path

# What the file says besides declarations is read for names everywhere: no drift is a wish to change it.
NEVER_EDITED: Final = frozenset({"apiVersion", "kind", "metadata", "environments", "include", "policies", "waivers"})


@dataclass(frozen=True)
class Compiled:
    """A platform without errors. `document`: with the environment's patch."""

    document: Document
    program: Program


Recompile = Callable[[Mapping[str, str]], Compiled | None]
"""Texts of changed files -> what they compile to; None where they have an error."""


@dataclass
class _Work:
    """The platform as edited so far."""

    now: Compiled
    environment: str | None
    file: str
    recompile: Recompile
    texts: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class _Try:
    edit: Edit
    text: str
    made: Compiled
    says: frozenset[tuple[str, Path]]


def adopt(
    deviations: Sequence[Deviation], compiled: Compiled, environment: str | None, file: str, recompile: Recompile
) -> tuple[tuple[Adoption, ...], dict[str, str]]:
    """What becomes of each deviation of the spec, and the new texts by file. `file`: the platform file."""
    work = _Work(compiled, environment, file, recompile)
    spec = [one for one in deviations if one.owner == "spec"]
    found: dict[int, Adoption] = {}
    for at, one in enumerate(spec):
        if at in found:
            continue
        refused = _refused(one, work.now.program)
        right, near = ([], "") if refused else _tries(one, spec, work)
        if len(right) != 1:
            found[at] = Adoption(one, refused=refused or _undecided(one, right, near))
            continue
        (only,) = right
        work.texts[only.edit.file] = only.text
        work.now = only.made
        for other, deviation in enumerate(spec):
            if (deviation.resource, deviation.path) in only.says:
                found[other] = Adoption(deviation, only.edit)
    return tuple(found[at] for at in sorted(found)), work.texts


def _refused(one: Deviation, program: Program) -> str:
    """Why no edit of the file can say this; empty where one may."""
    if one.what != "changed":
        return "what is gone or was made anew is set back by apply, or removed from the file by you"
    if HIDDEN in (one.applied, one.live):
        return "the value is sensitive, and is not written into a file"
    if one.live is ABSENT:
        return "the value was removed, and the file has no word for that"
    assert one.node is not None
    node = program.nodes.get(one.resource)
    if node is None:
        return "the file no longer declares it"
    said = _at(_plain(node), one.path)
    if _same(said, one.live):
        return "the file says so already; apply it"
    if said != _at(_plain(one.node), one.path):
        return "the file says something else than what was applied; apply or take back that change first"
    return ""


def _undecided(one: Deviation, right: Sequence[_Try], near: str) -> str:
    if right:
        return f"several values would do it: {', '.join(sorted(dotted(item.edit.path) for item in right))}; choose one"
    if near:
        return near
    named = [dotted(path) for path in sources(one) if path]
    return (
        f"no value of {', '.join(named)} alone makes it so"
        if named
        else "no value of the file makes it: platformspec does"
    )


def _tries(one: Deviation, spec: Sequence[Deviation], work: _Work) -> tuple[list[_Try], str]:
    """The edits that make what is live and nothing else; and what is wrong with one that makes more."""
    right: list[_Try] = []
    near = ""
    for path in sources(one):
        if not path or path[0] in NEVER_EDITED:
            continue
        for value in _values(one, _at(work.now.document.data, path)):
            attempt = _try(path, value, spec, work)
            if attempt is None or (one.resource, one.path) not in attempt[0].says:
                continue
            if attempt[1]:
                near = f"{dotted(path)}: {in_flow(value)} would do it, and would change {attempt[1]} as well"
            else:
                right.append(attempt[0])
    return right, near


def _values(one: Deviation, said: Any) -> Iterator[Any]:
    """What the file may say where it says `said` now: the live value, or what is live of a text that `said` is a part of."""
    if type(said) is type(one.live) or said is ABSENT or (_is_number(said) and _is_number(one.live)):
        yield one.live
    if said is ABSENT and isinstance(one.live, str) and one.live.isdecimal():
        yield int(one.live)
    if isinstance(said, bool) or not isinstance(said, (str, int)):
        return
    if not isinstance(one.applied, str) or not isinstance(one.live, str) or one.applied.count(str(said)) != 1:
        return
    before, _, after = one.applied.partition(str(said))
    rest = one.live.removeprefix(before).removesuffix(after)
    if f"{before}{rest}{after}" != one.live or not rest:
        return
    if isinstance(said, int):
        if rest.isdecimal():
            yield int(rest)
    elif before or after:
        yield rest


def _try(path: Path, value: Any, spec: Sequence[Deviation], work: _Work) -> tuple[_Try, str] | None:
    """What an edit makes of the platform, and what it changes besides; None where it cannot be made, or is a mistake."""
    place, written = _place(path, value, work)
    document = work.now.document
    span = document.span(place)
    file = span.file if span is not None else work.file
    try:
        text = set_value(document.texts[file], place, written)
    except Failure:
        return None
    made = work.recompile({**work.texts, file: text})
    if made is None:
        return None
    live = {(one.resource, one.path): one.live for one in spec}
    says: set[tuple[str, Path]] = set()
    more = ""
    for id, at, is_said in _changes(work.now.program, made.program):
        if (id, at) in live and _same(is_said, live[id, at]):
            says.add((id, at))
        else:
            more = more or f"{id} {dotted(at)}".rstrip()
    before = _at(document.data, path)
    edit = Edit(file, place, "nothing" if before is ABSENT else in_flow(before), in_flow(value))
    return _Try(edit, text, made, frozenset(says)), more


def _place(path: Path, value: Any, work: _Work) -> tuple[Path, Any]:
    """Where the value is written: in the environment's own patch where there are environments, for nobody looked at the others."""
    if work.environment is None:
        return path, value
    above = ("environments", work.environment, "patch")
    patch = _at(work.now.document.data, above)
    for key in patch if isinstance(patch, dict) else ():
        patched = read_path(key)
        if path[: len(patched)] == patched:
            return (*above, key, *path[len(patched) :]), value
    # The parent of what is patched must be there.
    length = next(
        n for n in range(1, len(path) + 1) if n == len(path) or _at(work.now.document.data, path[:n]) is ABSENT
    )
    for part in reversed(path[length:]):
        value = {part: value}
    return (*above, dotted(path[:length])), value


def _changes(before: Program, after: Program) -> Iterator[tuple[str, Path, Any]]:
    """(id, attribute, new value) of everything that differs; of a node that comes or goes, the id alone."""
    for id in sorted({*before.nodes, *after.nodes}):
        was, now = before.nodes.get(id), after.nodes.get(id)
        if was is None or now is None or _frame(was) != _frame(now):
            yield id, (), ABSENT
        else:
            yield from ((id, path, said) for path, _, said in differences(_plain(was), _plain(now)))


def _frame(node: Node) -> tuple[Any, ...]:
    return (node.type, node.stack, node.placement, node.lifecycle)


def _plain(node: Node) -> Any:
    return _without_trees(folded(dict(node.attrs)))


def _without_trees(value: Any) -> Any:
    if isinstance(value, (Json, Yaml)):
        return _without_trees(value.tree)
    if isinstance(value, dict):
        return {key: _without_trees(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_without_trees(item) for item in value]
    return value


def _at(value: Any, path: Path) -> Any:
    for part in path:
        try:
            value = value[part]
        except (KeyError, IndexError, TypeError):
            return ABSENT
    return value


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _same(said: Any, live: Any) -> bool:
    """Terraform's state and the API server may hold a number as text."""
    return bool(said == live) or (_is_number(said) and isinstance(live, str) and str(said) == live)
