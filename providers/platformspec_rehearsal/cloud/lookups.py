"""Data sources and ephemeral resources: what the pretend account answers when it is asked.

A data source that names a resource of the account gets that resource's values. One that the account does not have is taken to
exist, because a rehearsal cannot know what the real account holds; the summary says which were taken on trust.
"""

from __future__ import annotations

import secrets
import string
from collections.abc import Callable, Mapping
from typing import Any, Final

from platformspec_rehearsal.cloud.account import Account
from platformspec_rehearsal.cloud.invent import fill, zone_id
from platformspec_rehearsal.cloud.resources import NO_ENTRY, empty, table, words
from platformspec_rehearsal.plugin.values import Path, Schema, visit
from platformspec_rehearsal.pretence import as_json

ON_TRUST: Final = "taken to exist"
Answer = Callable[[Account, Mapping[str, Any]], Mapping[str, Any]]


def _zones(account: Account, asked: Mapping[str, Any]) -> Mapping[str, Any]:
    names = [account.region + letter for letter in "abc"]
    return {
        "id": account.region,
        "names": names,
        "zone_ids": [zone_id(name) for name in names],
        "group_names": [account.region],
    }


def _identity(account: Account, asked: Mapping[str, Any]) -> Mapping[str, Any]:
    return {
        "id": account.id,
        "account_id": account.id,
        "user_id": "AROAREHEARSAL:rehearsal",
        "arn": f"arn:{account.partition}:sts::{account.id}:assumed-role/rehearsal/rehearsal",
    }


def _session(account: Account, asked: Mapping[str, Any]) -> Mapping[str, Any]:
    arn = str(asked["arn"])
    if ":assumed-role/" not in arn:
        return {"id": arn, "issuer_arn": arn, "issuer_id": "", "issuer_name": "", "session_name": ""}
    role, _, session = arn.partition(":assumed-role/")[2].partition("/")
    return {
        "id": arn,
        "issuer_arn": f"arn:{account.partition}:iam::{account.id}:role/{role}",
        "issuer_id": "AROAREHEARSAL",
        "issuer_name": role,
        "session_name": session,
    }


def _partition(account: Account, asked: Mapping[str, Any]) -> Mapping[str, Any]:
    reverse = ".".join(reversed(account.domain.split(".")))
    return {
        "id": account.partition,
        "partition": account.partition,
        "dns_suffix": account.domain,
        "reverse_dns_prefix": reverse,
    }


def _region(account: Account, asked: Mapping[str, Any]) -> Mapping[str, Any]:
    name = asked.get("region") or account.region
    return {"id": name, "name": name, "region": name, "endpoint": f"ec2.{name}.{account.domain}"}


def _addon_version(account: Account, asked: Mapping[str, Any]) -> Mapping[str, Any]:
    # Which versions there are depends on the day and is not known here; the form is that of EKS.
    return {"id": asked["addon_name"], "version": "v1.0.0-eksbuild.1"}


ANSWERS: Final[Mapping[str, Answer]] = {
    "aws_availability_zones": _zones,
    "aws_caller_identity": _identity,
    "aws_iam_session_context": _session,
    "aws_partition": _partition,
    "aws_region": _region,
    "aws_eks_addon_version": _addon_version,
}


def look_up(type: str, schema: Schema, asked: dict[str, Any], account: Account) -> dict[str, Any]:
    """What a data source answers."""
    found: Mapping[str, Any]
    if type in ANSWERS:
        found = ANSWERS[type](account, asked)
    else:
        found = _resource(type, asked, account) or _on_trust(type, asked, account)
    if "region" in schema["a"] and asked.get("region") is None:
        asked["region"] = account.region

    def answer(path: Path, attribute: list[Any], value: Any) -> Any:
        if value is not None or "c" not in attribute[1]:
            return value
        known = found.get(path[0]) if len(path) == 1 else None
        return empty(attribute[0]) if known is None else known

    visit(schema, asked, answer)
    return asked


def _resource(type: str, asked: Mapping[str, Any], account: Account) -> Mapping[str, Any] | None:
    wanted = {key: value for key, value in asked.items() if isinstance(value, str)}
    if not wanted:
        return None
    matching = (s for s in account.all(type) if all(s.get(key) == value for key, value in wanted.items()))
    return next(matching, None)


def _on_trust(type: str, asked: Mapping[str, Any], account: Account) -> Mapping[str, Any]:
    named = {key: value for key, value in asked.items() if value not in (None, [], {})}
    account.pretence.note(ON_TRUST, f"{type} {as_json(named)}")
    entry = table().get(type, NO_ENTRY)
    state = dict(named)
    seed = f"{account.id} {account.region} {type} {as_json(named)}"
    for name, template in (("id", entry["id"]), *entry["computed"].items()):
        if name not in state and "." not in name:
            state[name] = fill(template, seed, name, lambda key: words(type, f"{{{key}}}", state, account))
    return state


def random_password(asked: Mapping[str, Any]) -> str:
    """A password as Secrets Manager's GetRandomPassword makes it, from the arguments of the ephemeral resource."""
    alphabet = "".join(
        letters
        for argument, letters in (
            ("exclude_lowercase", string.ascii_lowercase),
            ("exclude_uppercase", string.ascii_uppercase),
            ("exclude_numbers", string.digits),
            ("exclude_punctuation", string.punctuation),
        )
        if not asked.get(argument)
    )
    alphabet += " " if asked.get("include_space") else ""
    left = [letter for letter in alphabet if letter not in (asked.get("exclude_characters") or "")]
    return "".join(secrets.choice(left) for _ in range(int(asked.get("password_length") or 32)))
