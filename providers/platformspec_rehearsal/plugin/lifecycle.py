"""What happens to a managed resource: planned, created, read, changed, deleted, imported."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from platformspec_rehearsal.cloud.account import Account
from platformspec_rehearsal.cloud.lookups import ON_TRUST
from platformspec_rehearsal.cloud.resources import complete, entry, id_of, key_of, region_of, words
from platformspec_rehearsal.plugin.schema import is_write_only
from platformspec_rehearsal.plugin.values import UNKNOWN, Path, Schema, has_unknown, is_unknown, values_at, visit

EMPTY_BLOCKS: Final[Mapping[str, Any]] = {"struct": None, "map": {}, "list": [], "set": [], "one": []}


class Refused(Exception):
    """What the cloud answers instead of doing it."""


@dataclass(frozen=True)
class Planned:
    """The values after the change, and the attributes that make it a replacement."""

    state: dict[str, Any]
    replaced_by: tuple[str, ...] = ()


@dataclass(frozen=True)
class Cloud:
    """One configured provider: an account in a region, and what the provider's block adds to every resource."""

    account: Account
    default_tags: Mapping[str, str]
    # type -> attributes whose change replaces the resource.
    replacement: Mapping[str, tuple[str, ...]]
    certificate: str

    def plan(self, type: str, schema: Schema, prior: dict[str, Any] | None, proposed: dict[str, Any]) -> Planned:
        """What will be there after the change; values that the cloud will choose are unknown."""
        replaced_by: tuple[str, ...] = ()
        if prior is not None:
            changed = {name for name in proposed if proposed[name] != prior.get(name)} - {"tags_all"}
            replaced_by = tuple(name for name in self.replacement.get(type, ()) if name in changed)
            if self.account.there_before(type, id_of(type, prior, self.account)) is not None:
                # Nobody told what it has here, so it is taken to have what it is given.
                replaced_by = tuple(name for name in replaced_by if not _nothing(prior.get(name)))
        self._own_values(type, schema, proposed)
        if prior is None:
            visit(schema, proposed, _unknown_where_computed)
        elif proposed != prior:
            for name in entry(type).get("updates", ()):
                proposed[name] = UNKNOWN
            if entry(type).get("counts_versions"):
                proposed["latest_version"] = UNKNOWN
                if proposed.get("update_default_version"):
                    proposed["default_version"] = UNKNOWN
            visit(schema, proposed, _unknown_in_new_blocks)
        return Planned(proposed, replaced_by)

    def _own_values(self, type: str, schema: Schema, proposed: dict[str, Any]) -> None:
        for name in schema["a"]:
            if is_write_only(name, schema["a"]):
                proposed[name] = None
        if "region" in schema["a"] and proposed.get("region") is None:
            proposed["region"] = self.account.region
        if "tags_all" in schema["a"]:
            tags = proposed.get("tags")
            proposed["tags_all"] = UNKNOWN if has_unknown(tags) else {**self.default_tags, **(tags or {})}

    def create(self, type: str, schema: Schema, planned: dict[str, Any]) -> dict[str, Any]:
        """The created resource. Raises `Refused` where there is one like it already."""
        with self.account.pretence.writing():
            state = complete(type, schema, planned, self.account, self.certificate)
            key, region = key_of(type, state), region_of(type, state)
            if self.account.retained(type, region, key) and "retained_conflict" in entry(type):
                raise Refused(words(type, entry(type)["retained_conflict"], state, self.account))
            if not entry(type).get("adopted") and self.account.find(type, region, key) is not None:
                conflict = entry(type).get("conflict", "EntityAlreadyExists: it already exists")
                raise Refused(f"{words(type, conflict, state, self.account)} ({key})")
            self.account.keep(type, region, key, state)
            self.account.pretence.did("create", type, id_of(type, state, self.account))
        return state

    def update(self, type: str, schema: Schema, prior: dict[str, Any], planned: dict[str, Any]) -> dict[str, Any]:
        """The changed resource. Raises `Refused` where it is gone."""
        with self.account.pretence.writing():
            if entry(type).get("counts_versions"):
                for name in ("latest_version", "default_version"):
                    if is_unknown(planned.get(name)):
                        planned[name] = prior["latest_version"] + 1
            state = complete(type, schema, planned, self.account, self.certificate)
            key, region = key_of(type, prior), region_of(type, prior)
            if self.account.find(type, region, key) is None:
                raise Refused(f"NotFound: {key} does not exist")
            self.account.drop(type, region, key)
            self.account.keep(type, region, key_of(type, state), state)
            self.account.pretence.did("update", type, id_of(type, state, self.account))
        return state

    def delete(self, type: str, prior: dict[str, Any]) -> None:
        """Delete the resource; one that is gone already is no mistake. Raises `Refused` where the cloud protects it."""
        facts = entry(type)
        with self.account.pretence.writing():
            key, region = key_of(type, prior), region_of(type, prior)
            there = self.account.find(type, region, key)
            if there is None:
                return
            self._refuse_deletion(type, there)
            self.account.drop(type, region, key)
            self.account.pretence.did("delete", type, id_of(type, prior, self.account))
            if "retained" in facts and there.get(facts.get("retained_days", "")) != 0:
                self.account.retain(type, region, key, words(type, facts["retained"], there, self.account))
            if facts.get("final_snapshot") and not there.get("skip_final_snapshot"):
                name = there["final_snapshot_identifier"]
                self.account.retain(type, region, key, f"the final snapshot {name} of {key} stays until it is deleted")

    def _refuse_deletion(self, type: str, there: Mapping[str, Any]) -> None:
        facts = entry(type)
        if there.get(facts.get("protected_by", "")):
            raise Refused(f"InvalidParameterException: cannot delete {there['id']} while {facts['protected_by']} is on")
        if (
            facts.get("final_snapshot")
            and not there.get("skip_final_snapshot")
            and not there.get("final_snapshot_identifier")
        ):
            raise Refused("final_snapshot_identifier is required when skip_final_snapshot is false")
        own = there.get(facts.get("key_attribute", "id"))
        for other, path, answer in facts.get("needed_by", ()):
            if any(_mentions(values_at(state, tuple(path.split("."))), own) for state in self.account.all(other)):
                raise Refused(words(type, answer, there, self.account))

    def read(self, type: str, current: Mapping[str, Any]) -> dict[str, Any] | None:
        """The resource as it is now; None where it is gone."""
        return self.account.find(type, region_of(type, current), key_of(type, current))

    def imported(self, type: str, schema: Schema, id: str) -> dict[str, Any] | None:
        """The resource that an import of the id means; None where there is none."""
        found = self.account.by_id(type, id)
        template = entry(type).get("import_id")
        if found is None and template is not None:
            found = next(
                (state for state in self.account.all(type) if words(type, template, state, self.account) == id), None
            )
        return found if found is not None else self._there_before(type, schema, id)

    def _there_before(self, type: str, schema: Schema, id: str) -> dict[str, Any] | None:
        arguments = self.account.there_before(type, id)
        if arguments is None:
            return None
        with self.account.pretence.writing():
            # Blocks of its arguments are left to the first change: they say nothing of what it is.
            state = {name: arguments.get(name) for name in schema["a"]}
            state |= {name: EMPTY_BLOCKS[mode] for name, (mode, _, _) in schema["b"].items()}
            if "import_id" not in entry(type) and "id" in schema["a"]:
                state["id"] = id
            self._own_values(type, schema, state)
            visit(schema, state, _unknown_where_computed)
            state = complete(type, schema, state, self.account, self.certificate)
            self.account.keep(type, region_of(type, state), key_of(type, state), state)
            self.account.pretence.note(ON_TRUST, f"{type} {id}")
        return state


def _nothing(value: Any) -> bool:
    return value is None or value in ([], {}, "")


def _unknown_where_computed(path: Path, attribute: list[Any], value: Any) -> Any:
    return UNKNOWN if value is None and "c" in attribute[1] else value


def _unknown_in_new_blocks(path: Path, attribute: list[Any], value: Any) -> Any:
    return _unknown_where_computed(path, attribute, value) if len(path) > 1 else value


def _mentions(values: list[Any], own: Any) -> bool:
    return any(own in value if isinstance(value, list) else value == own for value in values)
