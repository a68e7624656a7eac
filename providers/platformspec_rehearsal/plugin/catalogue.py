"""What a rehearsal prepares once and every provider process reads: schemas, replacement, certificate.

A provider process is started for every command of terraform and so must not import the compiler. What it needs of the other
providers' data is therefore written into the rehearsal's folder.
"""

from __future__ import annotations

import base64
import functools
import json
import pathlib
import zlib
from collections.abc import Mapping
from typing import Any, Final

from platformspec_rehearsal.plugin.schema import provider_schema

SCHEMAS: Final = "schemas.bin"
INDEX: Final = "schemas.json"
REPLACEMENT: Final = "replacement.json"
CERTIFICATE: Final = "certificate.pem"


class StoredCatalogue:
    """Reads what `store` wrote."""

    def __init__(self, folder: pathlib.Path) -> None:
        self.folder = folder

    @functools.cached_property
    def _index(self) -> Mapping[str, list[int]]:
        index: Mapping[str, list[int]] = json.loads((self.folder / INDEX).read_text("utf-8"))
        return index

    @functools.cached_property
    def _packed(self) -> bytes:
        return (self.folder / SCHEMAS).read_bytes()

    @functools.cached_property
    def replacement(self) -> Mapping[str, tuple[str, ...]]:
        """type -> attributes whose change replaces the resource."""
        table = json.loads((self.folder / REPLACEMENT).read_text("utf-8"))
        return {type: tuple(names) for type, names in table.items()}

    @functools.cached_property
    def certificate(self) -> str:
        """The rehearsal's certificate as clusters show theirs: PEM in base64."""
        return base64.b64encode((self.folder / CERTIFICATE).read_bytes()).decode()

    @functools.cache  # noqa: B019 - one catalogue lives as long as the process
    def schema(self, kind: str, type: str) -> dict[str, Any]:
        """The schema of a resource or data source. Raises `KeyError` for a type that there is not."""
        offset, length = self._index[f"{kind}.{type}"]
        schema: dict[str, Any] = json.loads(zlib.decompress(self._packed[offset : offset + length]))
        return schema

    def prepared_schema(self, provider: str) -> bytes:
        """The answer to GetProviderSchema."""
        return (self.folder / f"{provider}.schema").read_bytes()


def store(
    folder: pathlib.Path, catalogue: Any, replacement: Mapping[str, list[str]], providers: tuple[str, ...]
) -> None:
    """Write a catalogue of arguments and the table of what replaces, for provider processes to read."""
    (folder / SCHEMAS).write_bytes(catalogue.packed)
    (folder / INDEX).write_text(json.dumps(dict(catalogue.index)))
    (folder / REPLACEMENT).write_text(json.dumps(replacement))
    for provider in providers:
        (folder / f"{provider}.schema").write_bytes(provider_schema(catalogue, provider, catalogue.index))
