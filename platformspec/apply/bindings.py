"""Fill the places of manifests that hold an output of a stack."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from platformspec.diagnostics import Code, Failure
from platformspec.emit.kubernetes import Binding

NO_OUTPUT = Code(
    "PS724",
    "an output that a manifest waits for is not there",
    explain="A field of a manifest holds a value that is known only once a stack is applied. The stack was applied, and its state does "
    "not have the output: somebody changed the state, or the stack was applied by other means from other files.",
)


def fill(
    manifest: Mapping[str, Any], bindings: Iterable[Binding], outputs: Callable[[str], Mapping[str, Any]]
) -> dict[str, Any]:
    """The manifest with every placeholder replaced. `outputs`: stack -> its outputs. Raises `Failure`."""
    filled: Any = _copy(manifest)
    for binding in bindings:
        values = outputs(binding.stack)
        if binding.output not in values:
            raise Failure(
                NO_OUTPUT,
                f"{binding.file} needs the output {binding.output} of stack {binding.stack}, which has none of that name",
                f"make stack {binding.stack} anew what it was: `platformspec apply`",
            )
        *parents, last = (part.replace("~1", "/").replace("~0", "~") for part in binding.json_pointer.split("/")[1:])
        place = filled
        for part in parents:
            place = place[int(part)] if isinstance(place, list) else place[part]
        place[int(last) if isinstance(place, list) else last] = values[binding.output]
    result: dict[str, Any] = filled
    return result


def read(rows: Iterable[Mapping[str, str]]) -> dict[str, list[Binding]]:
    """bindings.json by file."""
    found: dict[str, list[Binding]] = {}
    names = [field.name for field in dataclasses.fields(Binding)]
    for row in rows:
        found.setdefault(row["file"], []).append(Binding(**{name: row[name] for name in names}))
    return found


def _copy(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _copy(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_copy(item) for item in value]
    return value
