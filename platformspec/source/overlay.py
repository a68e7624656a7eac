"""Environments: one named set of changes laid over the base.

A patch is a map of dotted paths to values. A value replaces what is there and never merges with it; null removes. The
result shares every untouched part with the base.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from platformspec.diagnostics import Code, Path, Report, Span, dotted
from platformspec.diagnostics.diagnostic import Related
from platformspec.diagnostics.suggest import closest
from platformspec.source import places
from platformspec.source.document import Document, Origin
from platformspec.source.patch_path import PathNotRead, read_path
from platformspec.source.places import Place, inside, key_span, with_inside, with_key

CHOOSE_ENVIRONMENT = Code(
    "PS140",
    "no environment was chosen",
    explain="A platform with environments is never compiled without one, since what is common to all of them is "
    "not meant to exist by itself.",
)
UNKNOWN_ENVIRONMENT = Code(
    "PS141",
    "an environment that the platform does not have",
    explain="Environments are the names under `environments:`.",
)
NO_ENVIRONMENTS = Code(
    "PS142",
    "an environment of a platform without environments",
    explain="The platform has no section `environments:`, so there is nothing to choose from.",
)
PATH_NOT_READ = Code(
    "PS143",
    "a patch path that cannot be read",
    explain='A path has names with dots between them. A name with a dot is in quotes (metadata.labels."a.b"), a '
    "position in a list in brackets, counted from 0 (targets[0]).",
)
NO_PARENT = Code(
    "PS144",
    "a patch path that leads nowhere",
    explain="All of a path but its last name exists in the base. To add more than one level, patch the level "
    "that exists with a mapping.",
)
NOTHING_TO_REMOVE = Code(
    "PS145",
    "a patch that removes what is not there",
    explain="null removes a value of the base. Removing nothing usually means that the name is misspelt or "
    "changed in the base.",
)
OVERLAP = Code(
    "PS146",
    "two patches of the same value",
    explain="When one path contains another the result would depend on their order.",
)
NOT_PATCHABLE = Code(
    "PS147",
    "a patch of what environments cannot change",
    explain="`environments` and `include` are read before any environment is chosen.",
)

# So many names still help; a list of thousands does not.
MOST_LISTED = 12

_BEFORE_PATCHES = frozenset({"environments", "include"})

Container: TypeAlias = dict[str, Any] | list[Any]


@dataclass(frozen=True, slots=True)
class _Patch:
    path: Path
    value: Any
    place: Place

    @property
    def at(self) -> Span:
        return key_span(self.place)


def apply_environment(document: Document, environment: str | None, report: Report) -> Document:
    """The document with the patch of one environment; unchanged after a mistake, which is reported.

    What is under `environments` stays in the data. A malformed section is left to the validation of its kind.
    """
    environments = document.data.get("environments")
    names = sorted(environments) if isinstance(environments, dict) else []
    if not names:
        if environment is not None and not environments:
            report.error(
                NO_ENVIRONMENTS,
                f"the platform has no environments, and {environment} was asked for",
                at=document.span(()) if "environments" not in document.data else document.key_span(("environments",)),
                help=f"leave out --env {environment}, or add environments: {{{environment}: {{patch: {{}}}}}}",
            )
        return document
    at = document.key_span(("environments",))
    if environment is None:
        message = f"the platform has {len(names)} environment{'s' if len(names) > 1 else ''}, and none was chosen"
        report.error(CHOOSE_ENVIRONMENT, message, at=at, help=f"choose one with --env: {_listed(names)}")
        return document
    if environment not in names:
        report.error(
            UNKNOWN_ENVIRONMENT,
            f"the platform has no environment {environment}",
            at=at,
            help=_instead(environment, names, "choose one of"),
        )
        return document
    patches = _patches(document, environment, report)
    if patches is None or not _disjoint(patches, report):
        return document
    fits = [_fits(document, patch, report) for patch in patches]
    if not all(fits):
        return document
    return _apply(document, environment, patches)


def _patches(document: Document, environment: str, report: Report) -> list[_Patch] | None:
    """The patches as written, or None after reporting a path that cannot be read."""
    chosen = document.data["environments"][environment]
    written = chosen.get("patch") if isinstance(chosen, dict) else None
    if not isinstance(written, dict):
        return []
    patches = []
    ok = True
    where = places.nearest(document.place, ("environments", environment, "patch"))[0]
    for text, value in written.items():
        place = inside(where, text) or where
        try:
            path = read_path(text)
        except PathNotRead as problem:
            report.error(PATH_NOT_READ, f"{text} is not a path: {problem.fact}", at=key_span(place), help=problem.help)
            ok = False
            continue
        if path[0] in _BEFORE_PATCHES:
            message = f"{path[0]} cannot be patched, it is read before an environment is chosen"
            report.error(NOT_PATCHABLE, message, at=key_span(place), help="remove this line")
            ok = False
            continue
        patches.append(_Patch(path, value, place))
    return patches if ok else None


def _disjoint(patches: list[_Patch], report: Report) -> bool:
    """Whether no path contains another, `models."a"` being the same as `models.a`."""
    first: dict[Path, _Patch] = {}
    ok = True
    for patch in sorted(patches, key=lambda patch: len(patch.path)):
        other = next(
            (first[patch.path[:end]] for end in range(1, len(patch.path) + 1) if patch.path[:end] in first), None
        )
        if other is None:
            first[patch.path] = patch
            continue
        ok = False
        same = other.path == patch.path
        message = (
            f"{dotted(patch.path)} is patched twice" if same else f"{dotted(patch.path)} is inside {dotted(other.path)}"
        )
        report.error(
            OVERLAP,
            message if same else f"{message}, which is patched too",
            at=patch.at,
            help="remove one of the two" if same else f"write it inside the value of {dotted(other.path)}",
            related=(Related("the other patch", other.at),),
        )
    return ok


def _fits(document: Document, patch: _Patch, report: Report) -> bool:
    """Whether the base has the parent of the path, and the value itself where it is removed or is in a list."""
    value: Any = document.data
    for depth, part in enumerate(patch.path):
        reached, last = dotted(patch.path[:depth]), depth == len(patch.path) - 1
        if isinstance(value, dict) and isinstance(part, str):
            if part in value:
                value = value[part]
                continue
            if last and patch.value is not None:
                return True
            code, verb = (NOTHING_TO_REMOVE, "removed") if last else (NO_PARENT, "patched")
            message = f"{dotted(patch.path)} cannot be {verb}: {reached or 'the platform'} has no {part}"
            help = _instead(part, sorted(value), f"{reached or 'the platform'} has")
        elif isinstance(value, list) and isinstance(part, int):
            if part < len(value):
                value = value[part]
                continue
            code = NOTHING_TO_REMOVE if last and patch.value is None else NO_PARENT
            message = f"{reached} has no position [{part}]"
            help = f"its positions are [0] to [{len(value) - 1}]; patch {reached} itself to write a longer list"
            if not value:
                help = f"it is empty; patch {reached} itself to write a longer list"
        elif isinstance(value, list):
            code, message = NO_PARENT, f"{reached} is a list and has no {part}"
            help = f"write a position, as in {reached}[0]"
        elif isinstance(value, dict):
            code, message = NO_PARENT, f"{reached or 'the platform'} is a mapping and has no position [{part}]"
            help = _instead("", sorted(value), "write one of its names:")
        else:
            shown = "empty" if value is None else "a single value"
            code, message = NO_PARENT, f"{dotted(patch.path)} cannot be patched: {reached} is {shown}"
            help = f"patch {reached} itself with a mapping"
        report.error(code, message, at=patch.at, help=help)
        return False
    return True


def _instead(word: str, names: list[str], lead: str) -> str:
    near = closest(word, names)
    return f"did you mean {near}? {lead} {_listed(names)}" if near else f"{lead} {_listed(names)}"


def _listed(names: list[str]) -> str:
    if not names:
        return "nothing"
    more = len(names) - MOST_LISTED
    return ", ".join(names[:MOST_LISTED]) + (f" and {more} more" if more > 0 else "")


def _apply(document: Document, environment: str, patches: list[_Patch]) -> Document:
    data = dict(document.data)
    root = with_inside(document.place, dict(document.place[5]) if isinstance(document.place[5], dict) else {})
    copies: dict[Path, tuple[Container, Place]] = {(): (data, root)}
    # Positions are those of the base, so what is removed from a list is removed from its end on.
    order = sorted(
        patches, key=lambda patch: [part if isinstance(part, int) else -1 for part in patch.path], reverse=True
    )
    for patch in [patch for patch in patches if patch.value is not None]:
        _put(_own(copies, patch.path[:-1]), patch.path[-1], patch)
    for patch in [patch for patch in order if patch.value is None]:
        _remove(_own(copies, patch.path[:-1]), patch.path[-1])
    origin: Origin = ("environment", environment)
    return replace(
        document, data=data, place=root, origins={**document.origins, **{patch.path: origin for patch in patches}}
    )


def _own(copies: dict[Path, tuple[Container, Place]], path: Path) -> tuple[Container, Place]:
    """The container at the path, copied once together with the containers on the way to it."""
    if path not in copies:
        parent, parent_place = _own(copies, path[:-1])
        part: Any = path[-1]
        value: Container = parent[part].copy()
        place = inside(parent_place, part) or parent_place
        place = with_inside(place, place[5].copy() if isinstance(place[5], dict | list) else None)
        parent[part] = value
        siblings: Any = parent_place[5]
        siblings[part] = place
        copies[path] = (value, place)
    return copies[path]


def _put(target: tuple[Container, Place], part: Any, patch: _Patch) -> None:
    container, place = target
    siblings: Any = place[5]
    container[part] = patch.value
    siblings[part] = patch.place if isinstance(container, dict) else with_key(patch.place, patch.place)


def _remove(target: tuple[Container, Place], part: Any) -> None:
    container, place = target
    siblings: Any = place[5]
    del container[part]
    del siblings[part]
