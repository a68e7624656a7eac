"""A compiled folder as a whole: every object by itself, and the references between them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from tests.oracle import references, selections
from tests.oracle.folder import EXISTING_ANNOTATION, Folder, Placed, read
from tests.oracle.oracle import Oracle, default_oracle
from tests.oracle.problem import Problem


def check_folder(
    path: Path, oracle: Oracle | None = None, existing: Iterable[str] = (), brought_labels: Iterable[str] = ()
) -> list[Problem]:
    """Check all `*.yaml` below a folder that holds what one cluster gets.

    `existing` names what the cluster has already (charts, Terraform), in the form of EXISTING_ANNOTATION with the
    namespace spelled out. `brought_labels` are label keys of pods that others bring: a selector that asks for one need match
    nothing in the folder. Findings come sorted; the path of each begins with the file's, relative to the folder.
    """
    judge = oracle or default_oracle()
    found, placed = read(path)
    sound: list[Placed] = []
    for one in placed:
        problems = judge.problems(one.obj)
        found.extend(one.problem(problem.path, problem.message) for problem in problems)
        if isinstance(one.obj.get("metadata"), Mapping) and isinstance(one.obj.get("kind"), str):
            sound.append(one)
    found.extend(_identity_problems(sound, judge))
    folder = Folder(tuple(sound), frozenset(_declared(sound, existing)), frozenset(brought_labels))
    for check in (*references.CHECKS, *selections.CHECKS):
        found.extend(check(folder))
    return sorted(set(found))


def _identity_problems(objects: list[Placed], judge: Oracle) -> Iterator[Problem]:
    first: dict[tuple[str, str, str, str], str] = {}
    for one in objects:
        group = str(one.obj.get("apiVersion", "")).rpartition("/")[0]
        identity = (group, one.kind, one.namespace, one.name)
        if identity in first:
            yield one.problem("metadata.name", f"{one.kind} {one.name} stands in {first[identity]} too")
        first.setdefault(identity, one.file)
        if not one.namespace and isinstance(one.obj.get("apiVersion"), str) and judge.is_namespaced(one.obj):
            yield one.problem("metadata.namespace", "is absent: where it lands depends on who applies it")


def _declared(objects: list[Placed], existing: Iterable[str]) -> Iterator[tuple[str, str, str]]:
    for text in existing:
        kind, *rest = text.split("/")
        yield (kind, "/".join(rest[:-1]), rest[-1])
    for one in objects:
        annotations = one.obj["metadata"].get("annotations") or {}
        for text in str(annotations.get(EXISTING_ANNOTATION, "")).split(","):
            kind, *rest = text.strip().split("/")
            if len(rest) == 2:
                yield (kind, rest[0], rest[1])
            elif len(rest) == 1:
                yield (kind, one.namespace, rest[0])
                yield (kind, "", rest[0])
