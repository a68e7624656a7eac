"""One emulated cluster: what its API does with an object."""

from __future__ import annotations

import copy
import json
import pathlib
from collections.abc import Iterator, Mapping
from typing import Any, Final

from platformspec_rehearsal.cloud.lookups import ON_TRUST
from platformspec_rehearsal.cluster import controllers
from platformspec_rehearsal.cluster.answer import Failure
from platformspec_rehearsal.cluster.charts import Definitions, all_groups, brought_groups, groups_of, is_known
from platformspec_rehearsal.cluster.checks import check, check_change, check_names
from platformspec_rehearsal.cluster.kinds import Kind, Kinds, custom_kinds, known_versions
from platformspec_rehearsal.cluster.objects import Key, Object, Objects, key_of
from platformspec_rehearsal.cluster.ownership import Manager, apply, now, update
from platformspec_rehearsal.cluster.shape import with_defaults
from platformspec_rehearsal.pretence import Pretence
from platformspec_rehearsal.summary import BY_SCHEMA, BY_SHAPE, CLUSTER, CONTROL_PLANE, UNKNOWN_CHARTS

CRD_GROUP: Final = "apiextensions.k8s.io"
CRDS: Final = "customresourcedefinitions"


class Cluster:
    """A cluster by its name in the platform. Its version, and the kinds that charts brought, follow from the account."""

    def __init__(self, name: str, pretence: Pretence, crds: pathlib.Path | None) -> None:
        self.name = name
        self.pretence = pretence
        self.definitions = Definitions(crds)
        self.objects = Objects(name, pretence)
        self.kinds = Kinds(known_versions()[-1])
        self.adopted = False
        self._seen = -1
        for namespace in controllers.SYSTEM_NAMESPACES:
            controllers.make_namespace(self.objects, namespace)
        self.refresh()

    def refresh(self) -> None:
        """Take in what happened in the account: an upgrade, charts, the end of the cluster."""
        position = self.pretence.rows("select coalesce(max(position), 0) from done")[0][0]
        if position == self._seen:
            return
        self._seen = position
        mine = self._in_account()
        topic = f"{CONTROL_PLANE}{self.name}"
        if mine is None and self.pretence.noted(topic):
            self.objects.clear()
            self.pretence.database.execute("delete from noted where topic = ?", (topic,))
            self.kinds = Kinds(self.kinds.version)
            for namespace in controllers.SYSTEM_NAMESPACES:
                controllers.make_namespace(self.objects, namespace)
            return
        if mine is not None:
            self.pretence.note(topic, mine["name"])
        self.kinds = Kinds(_nearest(str((mine or {}).get("version") or "")))
        for key, definition in list(self.objects.every(CRD_GROUP, CRDS)):
            if key[3] not in self._by_chart():
                for kind in custom_kinds(definition):
                    self.kinds.add(kind)
        for kind in self.definitions.kinds_of(brought_groups()):
            self.kinds.add(kind)
        self.adopted = mine is None
        if self.adopted:
            # A cluster that nobody made here has what its owner installed, and nobody here can know what that is.
            for kind in self.definitions.kinds_of({*all_groups(), *self.definitions.by_group}):
                self.kinds.add(kind)
        for release in self._releases(mine):
            self._install(release)

    def _in_account(self) -> Mapping[str, Any] | None:
        states = [
            json.loads(row[0]) for row in self.pretence.rows("select state from resources where type = ?", CLUSTER)
        ]
        named = [s for s in states if s["name"] == self.name or s["name"].endswith(f"-{self.name}")]
        found = named or states
        return found[0] if len(found) == 1 else None

    def _releases(self, mine: Mapping[str, Any] | None) -> Iterator[Mapping[str, Any]]:
        rows = self.pretence.rows("select account, state from resources where type = 'helm_release' order by key")
        for host, state in rows:
            # A release whose provider names no cluster of the account is taken to be in this one.
            if mine is None or host in ("", mine["endpoint"]):
                yield json.loads(state)

    def _by_chart(self) -> set[str]:
        return set(self.pretence.noted(f"definitions from charts in {self.name}"))

    def _install(self, release: Mapping[str, Any]) -> None:
        namespace = release.get("namespace") or "default"
        if release.get("create_namespace"):
            controllers.make_namespace(self.objects, namespace)
        if not is_known(release["chart"]):
            self.pretence.note(UNKNOWN_CHARTS, release["chart"])
        by_name: dict[str, list[Kind]] = {}
        for kind in self.definitions.kinds_of(groups_of(release["chart"])):
            self.kinds.add(kind)
            by_name.setdefault(kind.full, []).append(kind)
        for name, versions in by_name.items():
            self.pretence.note(f"definitions from charts in {self.name}", name)
            self._show_definition(name, versions)

    def _show_definition(self, name: str, versions: list[Kind]) -> None:
        key: Key = (CRD_GROUP, CRDS, "", name)
        if self.objects.get(key) is not None:
            return
        kind = versions[0]
        definition: Object = {
            "apiVersion": f"{CRD_GROUP}/v1",
            "kind": "CustomResourceDefinition",
            "metadata": {"name": name},
            "spec": {
                "group": kind.group,
                "names": {"kind": kind.kind, "plural": kind.plural, "singular": kind.kind.lower()},
                "scope": "Namespaced" if kind.namespaced else "Cluster",
                "versions": [{"name": v.version, "served": True, "storage": v is versions[-1]} for v in versions],
            },
        }
        controllers.stamp(definition, None)
        _establish(definition)
        self.objects.put(key, definition)

    def get(self, kind: Kind, namespace: str, name: str) -> Object:
        """The object. Raises `Failure` (404)."""
        found = self._stored(kind, namespace, name)
        if found is None:
            raise Failure(404, "NotFound", f'{kind.full} "{name}" not found', _details(kind, name))
        return found

    def _stored(self, kind: Kind, namespace: str, name: str) -> Object | None:
        """As it is read from storage: a status may have been written when nobody knew the definition."""
        found = self.objects.get(key_of(kind, namespace, name))
        return None if found is None else controllers.known_status(found, self.kinds.shape(kind))

    def apply(
        self,
        kind: Kind,
        namespace: str,
        name: str,
        config: Object,
        by: Manager,
        *,
        force: bool,
        strict: bool,
        dry_run: bool,
    ) -> Object:
        """Server-side apply."""
        if config.get("metadata", {}).get("managedFields"):
            raise Failure(400, "BadRequest", "metadata.managedFields must be nil")
        self._need_namespace(kind, namespace)
        _place(config, kind, namespace, name)
        old = self._stored(kind, namespace, name)
        check_names(config, kind, self.kinds, strict=strict)
        wanted_version = config["metadata"].pop("resourceVersion", None)
        wanted_uid = config["metadata"].get("uid")
        if old is None and (wanted_version or wanted_uid):
            raise Failure(
                409,
                "Conflict",
                f'Operation cannot be fulfilled on {kind.full} "{name}": it does not exist',
                _details(kind, name),
            )
        if old is not None and wanted_version not in (None, old["metadata"]["resourceVersion"]):
            raise self._modified(kind, name)
        result = apply(old, config, self.kinds.shape(kind), by, force=force)
        return self._write(kind, namespace, name, old, result, strict=strict, dry_run=dry_run)

    def create(self, kind: Kind, namespace: str, obj: Object, by: Manager, *, strict: bool, dry_run: bool) -> Object:
        """POST. Raises `Failure` (409) where there is one."""
        self._need_namespace(kind, namespace)
        metadata = obj.setdefault("metadata", {})
        if not metadata.get("name"):
            metadata["name"] = f"{metadata.get('generateName', '')}{self.objects.version:05x}"
        name = metadata["name"]
        _place(obj, kind, namespace, name)
        if self.objects.get(key_of(kind, namespace, name)) is not None:
            raise Failure(409, "AlreadyExists", f'{kind.full} "{name}" already exists', _details(kind, name))
        metadata.pop("resourceVersion", None)
        return self._write(
            kind, namespace, name, None, update(None, obj, self.kinds.shape(kind), by), strict=strict, dry_run=dry_run
        )

    def replace(
        self, kind: Kind, namespace: str, name: str, obj: Object, by: Manager, *, strict: bool, dry_run: bool
    ) -> Object:
        """PUT, or the outcome of a patch. Raises `Failure` (404, or 409 for an old resourceVersion)."""
        old = self.get(kind, namespace, name)
        _place(obj, kind, namespace, name)
        if obj["metadata"].get("resourceVersion") not in (None, "", old["metadata"]["resourceVersion"]):
            raise self._modified(kind, name)
        if by.subresource == "status":
            obj = {**copy.deepcopy(old), "status": obj.get("status") or {}}
        elif "status" in old:
            obj["status"] = old["status"]
        else:
            obj.pop("status", None)
        return self._write(
            kind, namespace, name, old, update(old, obj, self.kinds.shape(kind), by), strict=strict, dry_run=dry_run
        )

    def _write(
        self, kind: Kind, namespace: str, name: str, old: Object | None, new: Object, *, strict: bool, dry_run: bool
    ) -> Object:
        new = with_defaults(new, self.kinds.shape(kind))
        new["apiVersion"], new["kind"] = kind.api_version, kind.kind
        check(new, kind, self.kinds, strict=strict)
        if old is not None:
            check_change(old, new, kind)
        controllers.stamp(new, old)
        if old is None:
            controllers.assign(new, kind)
        elif _same(old, new):
            return old
        if dry_run:
            return new
        self.pretence.note(
            BY_SCHEMA if kind.definition or kind.schema else BY_SHAPE, f"{kind.kind} ({kind.api_version})"
        )
        if self.adopted and kind.definition is None:
            self.pretence.note(ON_TRUST, f"{kind.kind} ({kind.api_version}) in cluster {self.name}")
        # A status that somebody wrote stays; else the kind's controller would write one.
        if old is None or old.get("status") == new.get("status"):
            controllers.pretend_status(new, kind, self.kinds.shape(kind))
        if kind.kind == "CustomResourceDefinition":
            _establish(new)
            for custom in custom_kinds(new):
                self.kinds.add(custom)
        key = key_of(kind, namespace, name)
        if new["metadata"].get("deletionTimestamp") and not new["metadata"].get("finalizers"):
            self._gone(key)
            return new
        self.objects.put(key, new)
        if kind.key == "/Namespace" and old is None:
            controllers.furnish_namespace(self.objects, name)
        return new

    def delete(self, kind: Kind, namespace: str, name: str, *, uid: str | None, dry_run: bool) -> Object:
        """DELETE. An object with finalizers stays, marked, until they are taken away."""
        obj = self.get(kind, namespace, name)
        if uid not in (None, obj["metadata"]["uid"]):
            text = f'Operation cannot be fulfilled on {kind.full} "{name}": the UID in the precondition does not match'
            raise Failure(409, "Conflict", text, _details(kind, name))
        if dry_run:
            return obj
        key = key_of(kind, namespace, name)
        if obj["metadata"].get("finalizers"):
            marked = copy.deepcopy(obj)
            marked["metadata"].setdefault("deletionTimestamp", now())
            self.objects.put(key, marked)
            return marked
        self._gone(key)
        return obj

    def _gone(self, key: Key) -> None:
        obj = self.objects.get(key)
        assert obj is not None
        self.objects.drop(key)
        if key[:2] == (CRD_GROUP, CRDS):
            group, plural = obj["spec"]["group"], obj["spec"]["names"]["plural"]
            self.kinds.forget(group, plural)
            for other, _ in list(self.objects.every(group, plural)):
                self.objects.drop(other)
        controllers.collect(self.objects, obj, key)

    def _need_namespace(self, kind: Kind, namespace: str) -> None:
        if not kind.namespaced:
            return
        found = self.objects.get((*controllers.NAMESPACE, namespace))
        if found is None:
            raise Failure(
                404, "NotFound", f'namespaces "{namespace}" not found', {"name": namespace, "kind": "namespaces"}
            )
        if found["metadata"].get("deletionTimestamp"):
            text = f"{kind.full} is forbidden: unable to create new content in namespace {namespace} because it is being terminated"
            raise Failure(403, "Forbidden", text)

    @staticmethod
    def _modified(kind: Kind, name: str) -> Failure:
        text = "the object has been modified; please apply your changes to the latest version and try again"
        return Failure(
            409, "Conflict", f'Operation cannot be fulfilled on {kind.full} "{name}": {text}', _details(kind, name)
        )


def _details(kind: Kind, name: str) -> dict[str, str]:
    return {"name": name, "group": kind.group, "kind": kind.plural}


def _place(obj: Object, kind: Kind, namespace: str, name: str) -> None:
    metadata = obj.setdefault("metadata", {})
    if metadata.get("name") not in (None, name):
        text = f"the name of the object ({metadata['name']}) does not match the name on the URL ({name})"
        raise Failure(400, "BadRequest", text)
    metadata["name"] = name
    if kind.namespaced:
        if metadata.get("namespace") not in (None, "", namespace):
            text = "the namespace of the provided object does not match the namespace sent on the request"
            raise Failure(400, "BadRequest", text)
        metadata["namespace"] = namespace


def _establish(definition: Object) -> None:
    definition["status"] = {
        "acceptedNames": definition["spec"]["names"],
        "storedVersions": [v["name"] for v in definition["spec"]["versions"] if v.get("storage")],
        "conditions": [
            {
                "type": type,
                "status": "True",
                "reason": "Rehearsed",
                "message": "",
                "lastTransitionTime": now(),
            }
            for type in ("NamesAccepted", "Established")
        ],
    }


def _same(old: Object, new: Object) -> bool:
    def comparable(obj: Object) -> Object:
        metadata = {
            name: value for name, value in obj["metadata"].items() if name not in ("resourceVersion", "managedFields")
        }
        owners = [
            {name: value for name, value in entry.items() if name != "time"}
            for entry in obj["metadata"].get("managedFields") or ()
        ]
        return {**obj, "metadata": {**metadata, "managedFields": owners}}

    return comparable(old) == comparable(new)


def _nearest(version: str) -> str:
    """The version itself, or the newest known one where it is not known."""
    return version if version in known_versions() else known_versions()[-1]
