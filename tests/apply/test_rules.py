"""What must hold before anything is done: approvals, freeze windows, protection, and a saved plan."""

from __future__ import annotations

import datetime
import json
import pathlib
from typing import Any

import pytest

from platformspec.apply.announced import refuse_protected, refuse_unknown_permissions
from platformspec.apply.approvals import refuse_unapproved
from platformspec.apply.freeze import refuse_frozen
from platformspec.apply.record import Known
from platformspec.apply.saved_plan import refuse_other_plan
from platformspec.diagnostics import Failure
from tests.apply.bench import Bench, program, thing

BERLIN = "Fri 16:00-Mon 07:00 Europe/Berlin"


def at(text: str) -> datetime.datetime:
    return datetime.datetime.fromisoformat(text)


@pytest.mark.parametrize(
    ("moment", "frozen"),
    [
        ("2026-11-27T14:59:00+00:00", False),
        ("2026-11-27T15:00:00+00:00", True),
        ("2026-11-29T12:00:00+00:00", True),
        ("2026-11-30T05:59:00+00:00", True),
        ("2026-11-30T06:00:00+00:00", False),
        # In summer Berlin is two hours ahead of UTC.
        ("2026-07-03T14:00:00+00:00", True),
    ],
)
def test_a_freeze_window_over_the_weekend(moment: str, frozen: bool) -> None:
    if frozen:
        with pytest.raises(Failure, match="PS722"):
            refuse_frozen([BERLIN], at(moment))
    else:
        refuse_frozen([BERLIN], at(moment))


def test_a_window_inside_one_day_and_one_of_the_whole_week() -> None:
    refuse_frozen(["Mon 09:00-Mon 10:00 UTC"], at("2026-11-23T10:00:00+00:00"))
    with pytest.raises(Failure, match="it is Mon 09:30 in UTC") as caught:
        refuse_frozen(["Mon 09:00-Mon 10:00 UTC"], at("2026-11-23T09:30:00+00:00"))
    assert caught.value.diagnostic.help == "wait until Mon 10:00"
    with pytest.raises(Failure):
        refuse_frozen(["Mon 09:00-Mon 09:00 UTC"], at("2026-11-25T00:00:00+00:00"))


def test_people_who_must_approve() -> None:
    refuse_unapproved(0, (), (), "lea")
    refuse_unapproved(2, (), [("kim", ""), ("sam", "")], "lea")
    with pytest.raises(Failure, match="needs 2 approvals by others than lea, and has 1"):
        refuse_unapproved(2, (), [("kim", ""), ("kim", "finops"), ("lea", "")], "lea")


def test_a_policy_that_asks_for_a_role() -> None:
    roles = [("it costs more", ("finops", "cto"))]
    with pytest.raises(Failure, match="PS721.*finops or cto"):
        refuse_unapproved(0, roles, [("kim", "")], "lea")
    with pytest.raises(Failure):
        refuse_unapproved(0, roles, [("lea", "finops")], "lea")
    refuse_unapproved(0, roles, [("kim", "cto")], "lea")


GUARDS = {"terraform_data": {"deletion_protection": False}}


@pytest.mark.parametrize(
    ("before", "after", "refused"),
    [
        (thing("database.a/c", "data", lifecycle={"prevent_destroy": True}), None, True),
        (thing("database.a/c", "data", lifecycle={"prevent_destroy": True}), thing("database.a/c", "data", attrs={"triggers_replace": 1}), True),
        (thing("database.a/c", "data"), thing("database.a/c", "data", attrs={"triggers_replace": 1}, lifecycle={"prevent_destroy": True}), True),
        (thing("database.a/c", "data", lifecycle={"prevent_destroy": True}), thing("database.a/c", "data", "y"), False),
        (thing("database.a/c", "data", attrs={"deletion_protection": True}), None, True),
        (thing("database.a/c", "data", attrs={"deletion_protection": False}), None, False),
        (thing("database.a/c", "data"), None, False),
    ],
)  # fmt: skip
def test_protection(tmp_path: pathlib.Path, before: Any, after: Any, refused: bool) -> None:
    record = Bench(tmp_path).record()
    record.applied([before])
    plan = Bench(tmp_path).plan(record, program(*([after] if after is not None else [])))
    known = {before.id: Known(before, "applied", None)}
    if refused:
        with pytest.raises(Failure, match="PS715.*database.a"):
            refuse_protected(plan, known, GUARDS)
        refuse_protected(plan.within((), ""), known, GUARDS)
    else:
        refuse_protected(plan, known, GUARDS)


@pytest.mark.parametrize(
    ("id", "help"),
    [
        ("network.main/vpc", None),
        # As PS714 calls what only the state knows.
        ("terraform_data.somebody", None),
        ("network.old/vpc", "did you mean network.main/vpc?"),
        ("network.main/vcp", "did you mean network.main/vpc?"),
        ("network.main", "`platformspec show --resources` lists the ids"),
        ("somebody", "`platformspec show --resources` lists the ids"),
    ],
)
def test_a_permission_to_destroy_must_name_something(id: str, help: str | None) -> None:
    nodes, former = [thing("network.main/vpc", "network")], {"network.main": ("network.old",)}
    if help is None:
        refuse_unknown_permissions([id], nodes, former)
    else:
        with pytest.raises(Failure, match=f"PS772.*--allow-destroy {id} names no resource") as caught:
            refuse_unknown_permissions([id], nodes, former)
        assert caught.value.diagnostic.help == help


PLAN = {
    "tool_version": "1",
    "base_digest": "b",
    "head_digest": "h",
    "as_of": "2026-11-25",
    "until": None,
    "counts": {"create": 1},
}


@pytest.mark.parametrize(
    ("saved", "code"),
    [
        ({**PLAN, "as_of": "2026-11-24"}, None),
        # A plan that was looked at together with what ends until a day is the same plan.
        ({**PLAN, "until": "2027-04-01"}, None),
        ({**PLAN, "tool_version": "2"}, "PS711"),
        ({**PLAN, "head_digest": "x"}, "PS712"),
        ({**PLAN, "base_digest": None}, "PS712"),
        ({**PLAN, "counts": {"create": 0}}, "PS713"),
        ({**PLAN, "more": 1}, "PS713"),
        ({"counts": {}}, "PS710"),
        ([], "PS710"),
    ],
)
def test_a_saved_plan(tmp_path: pathlib.Path, saved: Any, code: str | None) -> None:
    file = tmp_path / "plan.json"
    file.write_text(json.dumps(saved))
    if code is None:
        refuse_other_plan(file, PLAN)
    else:
        with pytest.raises(Failure, match=code):
            refuse_other_plan(file, PLAN)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "cannot be read: No such file or directory"),
        (b"", "it is not JSON, or is cut short"),
        (json.dumps(PLAN).encode()[:40], "it is not JSON, or is cut short"),
        (b"\x7fELF\xd0", "it is not JSON, or is cut short"),
        (b"[1]", "it has no tool_version"),
        (b'{"tool_version": "1"}', "it has no base_digest"),
    ],
)
def test_a_file_that_is_no_saved_plan(tmp_path: pathlib.Path, content: bytes | None, said: str) -> None:
    file = tmp_path / "plan.json"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(Failure, match=f"PS710.*{said}"):
        refuse_other_plan(file, PLAN)
