"""What each resource type answers with once it exists: its id, its computed values, and what makes two of them the same.

The table is `data/resources.json`. Per type: `id` (template), `computed` (path -> template), `unique` (attributes that no two
share; else the id), `import_id` (where import takes another id), `conflict` (the service's words for a second one),
`needed_by` ([type, path, the service's words] of what must be gone before it), `protected_by` (argument that forbids deletion),
`retained` (what the service keeps after deletion; nothing where the argument that `retained_days` names is 0), `updates` (values that change with every update).
A type without an entry gets an id, an ARN and empty values.
"""

from __future__ import annotations

import functools
import json
import pathlib
from collections.abc import Callable, Mapping
from typing import Any, Final

from platformspec_rehearsal.cloud.account import Account
from platformspec_rehearsal.cloud.invent import fill, random_text, short_region, zone_id
from platformspec_rehearsal.plugin.values import Path, Schema, has_unknown, is_unknown, values_at, visit
from platformspec_rehearsal.pretence import as_json

DATA: Final = pathlib.Path(__file__).resolve().parents[1] / "data"
NO_ENTRY: Final[Mapping[str, Any]] = {"id": "{noun}-{hex17}", "computed": {"arn": "{generic_arn}"}}
EMPTY: Final = {"string": "", "number": 0, "bool": False}


@functools.cache
def table() -> Mapping[str, Mapping[str, Any]]:
    """type -> entry."""
    entries: Mapping[str, Mapping[str, Any]] = json.loads((DATA / "resources.json").read_text("utf-8"))["resources"]
    return entries


def entry(type: str) -> Mapping[str, Any]:
    """The entry of a type, or what stands for one."""
    return table().get(type, NO_ENTRY)


def key_of(type: str, state: Mapping[str, Any]) -> str:
    """What makes a resource unique in its region."""
    unique = entry(type).get("unique")
    if unique is None:
        return str(state["id"])
    return "/".join(str(state.get(name)) for name in unique if state.get(name) is not None)


def id_of(type: str, state: Mapping[str, Any], account: Account) -> str:
    """The id of a resource; of a type that has no attribute `id`, what its import takes."""
    facts = entry(type)
    return str(state["id"]) if "id" in state else words(type, facts.get("import_id", facts["id"]), state, account)


def region_of(type: str, state: Mapping[str, Any]) -> str:
    """The region a resource is in; "" where names are shared by all regions."""
    return "" if entry(type).get("key_scope") == "world" else str(state.get("region") or "")


def complete(type: str, schema: Schema, planned: dict[str, Any], account: Account, certificate: str) -> dict[str, Any]:
    """The planned values with everything filled in that was not known before."""
    state = json.loads(as_json(_without_unknown(planned)))
    asked = as_json(state)
    seed = f"{account.id} {account.region} {type} {asked}"
    seed += f" {account.pretence.count(seed)}"
    templates = {"id": entry(type)["id"], **entry(type)["computed"]}
    facts = _Facts(type, state, account, certificate)

    def value_at(path: str, kind: Any) -> Any:
        return _typed(fill(templates[path], seed, path, facts), kind)

    def known(name: str) -> Any:
        # A template may name values that have templates themselves: the ARN of a secret is its id.
        if name in templates and name in schema["a"]:
            state[name] = value_at(name, schema["a"][name][0])
        return state.get(name)

    facts.missing = known

    def settle(path: Path, attribute: list[Any], value: Any) -> Any:
        if not has_unknown(value):
            return value
        name = ".".join(path)
        if name in state:
            return state[name]
        if (type, name) in SPECIAL:
            return SPECIAL[type, name](state, seed)
        if name not in templates:
            return empty(attribute[0])
        found = value_at(name, attribute[0])
        if len(path) == 1:
            state[name] = found
        return found

    visit(schema, planned, settle)
    return planned


def _domain_validation(state: Mapping[str, Any], seed: str) -> list[dict[str, str]]:
    names = dict.fromkeys([state["domain_name"], *(state.get("subject_alternative_names") or ())])
    return [
        {
            "domain_name": name,
            "resource_record_name": f"_{random_text('hex', 32, seed, name)}.{name.removeprefix('*.')}.",
            "resource_record_type": "CNAME",
            "resource_record_value": f"_{random_text('hex', 32, seed, name, 'to')}.acm-validations.aws.",
        }
        for name in names
    ]


# (type, attribute) -> function of the known values and the seed, for what no template can say.
SPECIAL: Final[dict[tuple[str, str], Callable[[Mapping[str, Any], str], Any]]] = {
    ("aws_acm_certificate", "domain_validation_options"): _domain_validation,
    ("aws_acm_certificate", "subject_alternative_names"): lambda state, seed: [state["domain_name"]],
}


class _Facts:
    """Looks up the `{names}` of templates: the resource's own values, then what is known of the account."""

    def __init__(self, type: str, state: dict[str, Any], account: Account, certificate: str) -> None:
        self.type, self.state, self.account, self.certificate = type, state, account, certificate
        self.missing: Callable[[str], Any] = lambda name: None

    def __call__(self, name: str) -> Any:
        found = self.state.get(name)
        if found is not None:
            return found
        known = ACCOUNT_FACTS.get(name)
        if known is not None:
            return known(self)
        if "." in name:
            role, attribute = name.split(".", 1)
            other = RELATED[role](self)
            return other.get(attribute) if other else None
        return self.missing(name)

    @property
    def noun(self) -> str:
        return self.type.split("_", 1)[1].replace("_", "-")

    def find(self, type: str, **wanted: Any) -> dict[str, Any] | None:
        matching = (s for s in self.account.all(type) if all(s.get(key) == value for key, value in wanted.items()))
        return next(matching, None)

    def template(self) -> dict[str, Any] | None:
        ids = values_at(self.state, ("launch_template", "id"))
        names = values_at(self.state, ("launch_template", "name"))
        if ids and ids[0]:
            return self.find("aws_launch_template", id=ids[0])
        return self.find("aws_launch_template", name=names[0]) if names else None


ACCOUNT_FACTS: Final[dict[str, Callable[[_Facts], Any]]] = {
    "account": lambda f: f.account.id,
    "region": lambda f: f.account.region,
    "partition": lambda f: f.account.partition,
    "domain": lambda f: f.account.domain,
    "region_short": lambda f: short_region(f.account.region),
    "zone_id": lambda f: zone_id(f.state.get("availability_zone") or f"{f.account.region}a"),
    "path_or_slash": lambda f: f.state.get("path") or "/",
    "certificate": lambda f: f.certificate,
    "noun": lambda f: f.noun,
    "generic_arn": lambda f: (
        f"arn:{f.account.partition}:{f.type.split('_')[1]}:{f.account.region}:{f.account.id}:{f('id')}"
    ),
    "destination": lambda f: next(
        (f.state[n] for n in ("destination_cidr_block", "destination_ipv6_cidr_block") if f.state.get(n)), ""
    ),
    "next_version": lambda f: (
        1
        + max(
            (
                int(other["version"])
                for other in f.account.all(f.type)
                if other.get("guardrail_arn") == f.state.get("guardrail_arn")
            ),
            default=0,
        )
    ),
    "recovery_days": lambda f: days if (days := f.state.get("recovery_window_in_days")) is not None else 30,
}
RELATED: Final[dict[str, Callable[[_Facts], Any]]] = {
    "cluster": lambda f: f.find("aws_eks_cluster", name=f.state.get("cluster_name")),
    "cluster_state": lambda f: f.find("aws_rds_cluster", cluster_identifier=f.state.get("cluster_identifier")),
    "template": lambda f: f.template(),
}


def words(type: str, text: str, state: Mapping[str, Any], account: Account) -> str:
    """One of the service's sentences from the table, with this resource's values."""
    return str(fill(text, "", "", _Facts(type, dict(state), account, "")))


def empty(type: Any) -> Any:
    """What an API answers where there is nothing: empty text, zero, false, no entries."""
    if isinstance(type, str):
        return EMPTY.get(type, "")
    if type[0] == "object" and type[1] == "struct":
        members = {name: empty(kind) for name, (kind, _) in type[2]["a"].items()}
        return members | {name: empty(["object", mode, inner]) for name, (mode, _, inner) in type[2]["b"].items()}
    return {} if type[0] == "map" or (type[0] == "object" and type[1] == "map") else []


def _typed(value: Any, type: Any) -> Any:
    """A value of the table in the shape of its attribute: members that the table leaves out are empty."""
    if isinstance(type, list) and type[0] == "object":
        if isinstance(value, list):
            return [_typed(item, ["object", "struct", type[2]]) for item in value]
        if isinstance(value, dict):
            filled = empty(["object", "struct", type[2]])
            kinds = {name: kind for name, (kind, _) in type[2]["a"].items()}
            return filled | {name: _typed(item, kinds.get(name)) for name, item in value.items() if name in filled}
    return value


def _without_unknown(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_unknown(item) for key, item in value.items() if not is_unknown(item)}
    if isinstance(value, list):
        return [_without_unknown(item) for item in value if not is_unknown(item)]
    return value
