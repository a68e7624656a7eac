"""Open a stage: everything a rehearsal needs, in one folder that lasts."""

from __future__ import annotations

import contextlib
import dataclasses
import importlib.util
import json
import pathlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from platformspec.sdk import Code, Document, Existing, ProviderSet, Report, Stage, Summary
from platformspec_rehearsal.pretence import TAKEN_OVER, Pretence, as_json
from platformspec_rehearsal.rules_file import read_rules

EXTRA_MISSING = Code(
    "PS750",
    "the packages for a rehearsal are not installed",
    explain="A rehearsal speaks the protocols of terraform and kubectl, for which it needs packages that nothing else in "
    "platformspec needs. They come with the extra `rehearsal`.",
)
NEEDED: Final = ("grpc", "google.protobuf", "msgpack", "cryptography", "kubernetes_validate")


@dataclass(frozen=True)
class OpenStage:
    """A `Stage`: files in a folder, and an emulated Kubernetes API while it is open."""

    folder: pathlib.Path
    environment: Mapping[str, str]
    pretence: Pretence
    api: str

    def kubeconfig(self, cluster: str) -> pathlib.Path:
        """The file through which kubectl reaches this cluster."""
        file = self.folder / f"kubeconfig-{cluster}.json"
        file.write_text(
            json.dumps(
                {
                    "apiVersion": "v1",
                    "kind": "Config",
                    "clusters": [{"name": cluster, "cluster": {"server": f"{self.api}/clusters/{cluster}"}}],
                    "users": [{"name": "rehearsal", "user": {}}],
                    "contexts": [{"name": cluster, "context": {"cluster": cluster, "user": "rehearsal"}}],
                    "current-context": cluster,
                }
            )
        )
        return file

    def expect(self, existing: Iterable[Existing]) -> None:
        """Remember what an import finds. A provider adds it to the account when it is asked for."""
        for one in existing:
            self.pretence.note(TAKEN_OVER, as_json(dataclasses.asdict(one)))

    def summary(self) -> Summary:
        """What exists now, and what was and was not checked."""
        from platformspec_rehearsal.summary import summarise

        return summarise(self.pretence)


@contextlib.contextmanager
def rehearse(
    folder: pathlib.Path,
    providers: ProviderSet,
    report: Report,
    *,
    inject: Document | None = None,
    crds: pathlib.Path | None = None,
) -> Iterator[Stage | None]:
    """Open a stage in the folder. See `Rehearse`."""
    missing = [name for name in NEEDED if not _installed(name)]
    if missing:
        report.error(
            EXTRA_MISSING,
            f"the rehearsal needs {', '.join(missing)}",
            help="pip install 'platformspec[rehearsal]'",
        )
        yield None
        return
    rules = read_rules(inject, report) if inject is not None else []
    if not report.ok:
        yield None
        return
    # These need what was just looked for.
    from platformspec_rehearsal.certificate import make_certificate
    from platformspec_rehearsal.cluster.server import serving
    from platformspec_rehearsal.inject import FILE as RULES
    from platformspec_rehearsal.mirror import environment, make_mirror
    from platformspec_rehearsal.plugin.__main__ import PRIVATE_KEY
    from platformspec_rehearsal.plugin.catalogue import CERTIFICATE, store

    folder = folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / RULES).write_text(json.dumps(rules))
    if not (folder / CERTIFICATE).exists():
        make_certificate(folder / CERTIFICATE, folder / PRIVATE_KEY)
    for provider in providers.providers:
        if provider.catalogue is not None:
            versions = provider.catalogue.versions
            store(folder, provider.catalogue, _replacement(providers, provider.catalogue), tuple(versions))
            sources = {name: needed["source"] for name, needed in provider.required_providers.items()}
            make_mirror(folder, sources, versions)
    with contextlib.closing(Pretence(folder)) as pretence, serving(folder, pretence, crds) as api:
        yield OpenStage(folder, environment(folder), pretence, api)


def _installed(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:
        return False


def _replacement(providers: ProviderSet, catalogue: Any) -> dict[str, list[str]]:
    table: dict[str, list[str]] = {}
    for key in catalogue.index:
        kind, _, type = key.partition(".")
        if kind != "resource":
            continue
        schema = catalogue.schema(kind, type)
        names = [name for name in (*schema["a"], *schema["b"]) if providers.verdict(type, (name,)).replaces]
        if names:
            table[type] = names
    return table
