"""A rehearsed apply is killed before, during and after each of its steps, and resumed: it ends where an undisturbed one ends."""

from __future__ import annotations

import json
import os
import pathlib
import signal
from collections.abc import Callable, Iterator
from typing import Any, Final

import pytest

from platformspec.cli import exit
from platformspec.providers import installed_providers
from tests.apply.conftest import Undisturbed
from tests.support.processes import in_group, kill_group, needs_proc, until
from tests.support.rehearsed import needs_kubectl, needs_terraform
from tests.support.rehearsed_apply import Platform, differences, ended

pytestmark = [needs_terraform, needs_kubectl, needs_proc]
# Stack -> what it is creating when the kill comes, and how many of them at once: of a type whose names are ours, and of one
# whose names the cloud chooses.
CREATED: Final = {
    "network": {"ours": ("aws_cloudwatch_log_group", 1), "theirs": ("aws_subnet", 9)},
    "cluster": {"ours": ("aws_eks_cluster", 1), "theirs": ("aws_launch_template", 1)},
    "data": {"ours": ("aws_rds_cluster", 1), "theirs": ("aws_security_group", 2)},
    "identity": {"ours": ("aws_iam_role", 4), "theirs": ("aws_vpc_security_group_ingress_rule", 3)},
    "addons": {"ours": ("helm_release", 1), "theirs": ("aws_eks_pod_identity_association", 4)},
}
# Step in a cluster -> the request in which kubectl is when it is killed: its kind, and whether it is answered already.
ASKED: Final = {
    "manifests main": {
        "before": ("Namespace", "apply", "before"),
        "during": ("Deployment", "apply", "after"),
        "after": ("ScaledObject", "apply", "after"),
    },
    "ready main": {
        "before": ("Namespace", "read", "before"),
        "during": ("Deployment", "read", "before"),
        "after": ("ScaledObject", "read", "after"),
    },
}
STACKS: Final = tuple(f"stack {name}" for name in CREATED)
STEPS: Final = (*STACKS, *ASKED)
MOMENTS: Final = {
    "self": ("before", "during, theirs", "after"),
    "group": ("before", "during, ours", "during, theirs", "after"),
    # Before: it plans. During: it is asked to create. After: it has created, and nobody heard of it.
    "provider": ("before", "during, ours", "during, theirs", "after, ours", "after, theirs"),
}
# Long enough to be killed in, and not waited for by those who are killed.
HELD_SECONDS: Final = 60
# Whoever is not killed goes on with its work, and is waited for.
SPARED_SECONDS: Final = 3
QUICK: Final = {("stack addons", "group", "during, ours"), ("manifests main", "self", "during")}


def cases() -> Iterator[Any]:
    for step in STEPS:
        for whom, moments in MOMENTS.items():
            for moment in moments if step in STACKS else ("before", "during", "after"):
                marks = [] if (step, whom, moment) in QUICK else [pytest.mark.slow, pytest.mark.matrix]
                yield pytest.param(step, whom, moment, id=f"{step}-{whom}-{moment}", marks=marks)


@pytest.mark.parametrize(("step", "whom", "moment"), list(cases()))
def test_killed_at_a_step(
    step: str,
    whom: str,
    moment: str,
    tmp_path: pathlib.Path,
    undisturbed: Undisturbed,
    record_property: Callable[[str, object], None],
) -> None:
    if step == "stack network" and moment == "before" and whom != "provider":
        platform, more = undisturbed.platform.again(tmp_path), []
    else:
        platform, more = undisturbed.before[step].copied(tmp_path), ["--resume"]
    if whom == "provider":
        kill_the_provider(platform, step, moment, more)
    elif moment.startswith("during"):
        kill_at_work(platform, step, whom, moment, more)
    else:
        kill_at_an_event(platform, step, whom, moment, more)
    how = platform.resumed()
    assert list(differences(undisturbed.end, platform.end())) == []
    record_property("count", f"killed: {whom}, {moment.split(',')[0]}")
    record_property("count", f"ended: {how}")


def kill_at_an_event(platform: Platform, step: str, whom: str, moment: str, more: list[str]) -> None:
    """It kills itself as soon as it has told that the step begins, or is done."""
    event = f"step {step} {'begins' if moment == 'before' else 'done'}"
    with platform.start(*more, strike=(event, whom)) as process:
        assert ended(process).code == -signal.SIGKILL
        if whom == "group":
            until(lambda: not in_group(process.pid), "the group is gone")
    assert platform.journal()["run"] == "running"
    assert platform.journal()[step] == ("running" if moment == "before" else "done")


def kill_at_work(platform: Platform, step: str, whom: str, moment: str, more: list[str]) -> None:
    """The cloud has just created, or the cluster accepted, and does not answer yet."""
    type, op, when, number = request(step, moment)
    with platform.start(
        *more, *hold(platform, type, op, when, HELD_SECONDS if whom == "group" else SPARED_SECONDS)
    ) as process:
        until(lambda: held(platform) >= number, f"{type} is held")
        if whom == "group":
            kill_group(process.pid)
        else:
            process.kill()
        if step in STACKS:
            assert len(platform.orphans(type)) >= number
        assert process.wait() == -signal.SIGKILL
        if step in STACKS:
            folders = {other.folder.name for other in in_group(process.pid)}
            assert (step.removeprefix("stack ") in folders) == (whom == "self")
    assert platform.journal()["run"] == platform.journal()[step] == "running"


def kill_the_provider(platform: Platform, step: str, moment: str, more: list[str]) -> None:
    """The program that speaks with the cloud or the cluster is killed; the others see how they get along."""
    if step in STACKS:
        type, _, _, number = request(step, moment)
        op = "plan" if moment == "before" else "create"
        when = "after" if moment.startswith("after") else "before"
    else:
        (type, op, when), number = ASKED[step][moment], 1
    with platform.start(*more, *hold(platform, type, op, when, SPARED_SECONDS)) as process:
        until(lambda: held(platform) >= number, f"{type} is held")
        for provider in providers(process.pid, step, type):
            os.kill(provider, signal.SIGKILL)
        if when == "after" and step in STACKS:
            # A stack beside this one may have been answered meanwhile.
            assert platform.orphans(type)
        done = ended(process)
    assert done.code == exit.PARTIAL, done
    assert platform.journal()["run"] == platform.journal()[step] == "failed"


def request(step: str, moment: str) -> tuple[str, str, str, int]:
    """Type, operation and moment of what is held, and how many are held at once."""
    if step not in STACKS:
        return (*ASKED[step][moment], 1)
    named = moment.partition(", ")[2] or "theirs"
    type, number = CREATED[step.removeprefix("stack ")][named]
    return type, "create", "after", number


def providers(group: int, step: str, type: str) -> list[int]:
    """The processes that have the held request in their hands. Fails where there is none."""
    if step in STACKS:
        name, folder = type.partition("_")[0], step.removeprefix("stack ")
        mark = f"platformspec_rehearsal.plugin {name} "
        found = [p.pid for p in in_group(group) if mark in p.command and p.folder.name == folder]
    else:
        found = [p.pid for p in in_group(group) if pathlib.PurePath(p.command.split(" ")[0]).name == "kubectl"]
    assert found, "the provider is at work"
    return found


def hold(platform: Platform, type: str, op: str, when: str, seconds: float) -> list[str]:
    """Arguments by which these requests are not answered for a while."""
    rules = platform.path.parent / "rules.yaml"
    rules.write_text(json.dumps({"rules": [{"type": type, "op": op, "when": when, "sleep": seconds}]}))
    return ["--inject", str(rules)]


def held(platform: Platform) -> int:
    """How many requests have been held."""
    return int(platform.cloud("select coalesce(sum(times), 0) from occurrences where digest like 'rule %'")[0][0])


def test_the_table_says_whose_names_are_whose(undisturbed: Undisturbed) -> None:
    ours = installed_providers().acting.import_ids
    for stack, types in CREATED.items():
        there = {resource["type"] for resource in undisturbed.platform.states()[stack]["resources"]}
        assert {types["ours"][0], types["theirs"][0]} <= there
        assert types["ours"][0] in ours
        assert types["theirs"][0] not in ours
    assert set(undisturbed.began) == set(STEPS), "every step of the apply is in the matrix"
