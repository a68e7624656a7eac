"""Each step of a rehearsed apply meets errors of the cloud, the cluster and the disk: resumed, it ends where an undisturbed one ends."""

from __future__ import annotations

import json
import pathlib
import shutil
from collections.abc import Callable, Mapping
from typing import Any, Final

import pytest

from platformspec.cli import exit
from tests.apply.conftest import Undisturbed
from tests.support.processes import needs_proc, until
from tests.support.rehearsed import needs_kubectl, needs_terraform
from tests.support.rehearsed_apply import Ended, Platform, differences, ended
from tests.support.small_disk import fill, small_disk

pytestmark = [needs_terraform, needs_kubectl, needs_proc, pytest.mark.slow, pytest.mark.matrix]
# Stack -> a type of which it creates something that has a name of ours, and one that the cloud names.
CREATED: Final = {
    "stack network": ("aws_cloudwatch_log_group", "aws_nat_gateway"),
    "stack cluster": ("aws_eks_cluster", "aws_launch_template"),
    "stack data": ("aws_rds_cluster", "aws_security_group"),
    "stack identity": ("aws_iam_role_policy", "aws_vpc_security_group_ingress_rule"),
    "stack addons": ("helm_release", "aws_eks_pod_identity_association"),
}
ASKED: Final = {"manifests main": "apply", "ready main": "read"}
# Error -> what the cloud does with the creation of something that has a name of ours (True) or of the cloud's (False).
CLOUD: Final[dict[str, tuple[bool, Mapping[str, Any]]]] = {
    "throttling": (False, {"error": "ThrottlingException: Rate exceeded"}),
    "timeout, nothing made": (False, {"error": "RequestTimeout: the request timed out"}),
    "timeout, made": (
        True,
        {"error": "timeout while waiting for state to become 'ACTIVE'", "when": "after", "times": 1},
    ),
    "conflict": (True, {"error": "ConflictException: another operation is in progress"}),
    "crash": (False, {"crash": True}),
}
# Error -> what the cluster does with a Deployment, and whether it goes away by itself.
CLUSTER: Final[dict[str, tuple[bool, Mapping[str, Any]]]] = {
    "throttling": (True, {"error": "TooManyRequests: please try again later", "times": 1}),
    "timeout, nothing made": (True, {"error": "Timeout: request did not complete within the allotted timeout", "times": 1}),
    "timeout, made": (True, {"error": "Timeout: request did not complete within the allotted timeout", "times": 1, "when": "after"}),
    "conflict": (False, {"error": 'Conflict: Apply failed with 1 conflict: conflict with "hpa": .spec.replicas', "times": 1}),
    "crash": (True, {"crash": True, "times": 1}),
    "crash, made": (True, {"crash": True, "times": 1, "when": "after"}),
}  # fmt: skip
# Protected by `deletion_protection` or `protect`: neither the cloud nor we let it be destroyed.
KEPT: Final = ("stack cluster", "stack data")
SECONDS_TO_FILL: Final = 3


def rehearsed(platform: Platform, rule: Mapping[str, Any]) -> Ended:
    """Go on with this rule; it must have made something happen."""
    rules = platform.path.parent / "rules.yaml"
    rules.write_text(json.dumps({"rules": [rule]}))
    done = platform.apply("--resume", "--inject", str(rules))
    assert met(platform), "the rule has met no step"
    return done


def met(platform: Platform) -> int:
    return int(platform.cloud("select count(*) from occurrences where digest like 'rule %'")[0][0])


@pytest.mark.parametrize("error", CLOUD)
@pytest.mark.parametrize("step", CREATED)
def test_the_cloud_answers_with_an_error(
    step: str,
    error: str,
    tmp_path: pathlib.Path,
    undisturbed: Undisturbed,
    record_property: Callable[[str, object], None],
) -> None:
    platform = undisturbed.before[step].copied(tmp_path)
    ours, effect = CLOUD[error]
    done = rehearsed(platform, {"type": CREATED[step][0 if ours else 1], "op": "create", **effect})
    assert done.code == exit.PARTIAL, done
    assert "PS716" in done.err
    assert platform.journal()[step] == "failed"
    how = platform.resumed()
    wanted = undisturbed.end
    if error == "timeout, made" and step not in KEPT:
        wanted = made_anew(wanted, CREATED[step][0])
    assert list(differences(wanted, platform.end())) == []
    record_property("count", f"error: {error}")
    record_property("count", f"ended: {how}")


def made_anew(end: dict[str, Any], type: str) -> dict[str, Any]:
    """An end for which terraform has deleted something whose creation was reported to have failed, and created it again."""
    created, deleted = end["created"], end["deleted"]
    return {
        **end,
        "created": {**created, type: created[type] + 1},
        "deleted": {**deleted, type: deleted.get(type, 0) + 1},
    }


@pytest.mark.parametrize("error", CLUSTER)
@pytest.mark.parametrize("step", ASKED)
def test_the_cluster_answers_with_an_error(
    step: str,
    error: str,
    tmp_path: pathlib.Path,
    undisturbed: Undisturbed,
    record_property: Callable[[str, object], None],
) -> None:
    platform = undisturbed.before[step].copied(tmp_path)
    passes, effect = CLUSTER[error]
    done = rehearsed(platform, {"type": "Deployment", "op": ASKED[step], **effect})
    if passes:
        assert done.code == exit.OK, done
    else:
        assert done.code == exit.PARTIAL, done
        assert platform.journal()[step] == "failed"
        platform.resumed()
    assert list(differences(undisturbed.end, platform.end())) == []
    record_property("count", f"error: {error}")
    record_property("count", f"ended: {'it passed' if passes else 'resumed'}")


@pytest.mark.parametrize("step", [*CREATED, *ASKED])
def test_the_disk_is_full(
    step: str, tmp_path: pathlib.Path, undisturbed: Undisturbed, record_property: Callable[[str, object], None]
) -> None:
    """Our files and terraform's are on it. The simulated cloud and cluster are elsewhere, as real ones would be."""
    before = undisturbed.before[step].copied(tmp_path)
    elsewhere, platform = tmp_path / "elsewhere", Platform(tmp_path / "on-it" / "platform", before.cache)
    platform.path.mkdir(parents=True)
    with small_disk(platform.path):
        shutil.copytree(before.path, platform.path, symlinks=True, dirs_exist_ok=True)
        shutil.move(platform.stage, elsewhere)
        platform.stage.symlink_to(elsewhere)
        kind, op = ("Deployment", ASKED[step]) if step in ASKED else (CREATED[step][1], "create")
        rules = tmp_path / "rules.yaml"
        rules.write_text(json.dumps({"rules": [{"type": kind, "op": op, "sleep": SECONDS_TO_FILL}]}))
        with platform.start("--resume", "--inject", str(rules)) as process:
            until(lambda: met(platform), f"{kind} is held")
            filler = fill(platform.path)
            done = ended(process)
        assert done.code == exit.PARTIAL, done
        assert "PS790" in done.err or "PS716" in done.err, done.err
        filler.unlink()
        how = platform.resumed()
        assert list(differences(undisturbed.end, platform.end())) == []
    record_property("count", "error: full disk")
    record_property("count", f"ended: {how}")
