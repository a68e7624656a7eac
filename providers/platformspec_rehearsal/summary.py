"""What a rehearsal says in the end."""

from __future__ import annotations

import json
from collections import Counter
from typing import Final

from platformspec.sdk import Summary
from platformspec_rehearsal.cloud.lookups import ON_TRUST
from platformspec_rehearsal.cloud.rules import has_rules
from platformspec_rehearsal.pretence import Pretence

SIMULATED: Final = "Rehearsed: the cloud's and the cluster's behaviour is simulated, and no account was touched."
BY_SCHEMA: Final = "checked by schema"
BY_SHAPE: Final = "checked by shape"
SIMULATED_CLOUD: Final = "Rehearsed: the cloud's behaviour is simulated, and no account was touched."
UNKNOWN_CHARTS: Final = "unknown charts"
# Under this and a cluster's name is noted which one of the account it is.
CONTROL_PLANE: Final = "control plane of "
CLUSTER: Final = "aws_eks_cluster"


def summarise(pretence: Pretence, real: list[str] | None = None) -> Summary:
    """Read what exists, and what was noted on the way. `real`: what is said of real clusters, where there is no emulated one."""
    resources = Counter(dict(pretence.rows("select type, count(*) from resources group by type")))
    gone = _gone_clusters(pretence)
    stored = pretence.rows("select cluster, object from objects")
    objects = Counter(json.loads(object)["kind"] for cluster, object in stored if cluster not in gone)
    used = pretence.rows("select distinct type from done order by type")
    without_rules = tuple(type for (type,) in used if not has_rules(type))
    retained = tuple(row[0] for row in pretence.rows("select distinct why from retained order by why"))
    by_schema, by_shape = pretence.noted(BY_SCHEMA), pretence.noted(BY_SHAPE)
    on_trust = pretence.noted(ON_TRUST)
    there = f"Exists now: {sum(resources.values())} resources of {len(resources)} types"
    lines = [
        SIMULATED if real is None else SIMULATED_CLOUD,
        f"{there}, {sum(objects.values())} Kubernetes objects." if real is None else f"{there}.",
        *(real or ()),
        *_named("Checked by a schema", by_schema),
        *_named("Checked by shape alone (no definition given)", by_shape),
        *_named("Charts whose custom resources are not known", pretence.noted(UNKNOWN_CHARTS)),
        *_named("Values not checked, for no rules are known", without_rules),
        *_named("Taken to exist in the account", on_trust),
        *_named("Retained by the cloud", retained),
    ]
    return Summary(dict(resources), dict(objects), by_schema, by_shape, without_rules, on_trust, retained, tuple(lines))


def _gone_clusters(pretence: Pretence) -> set[str]:
    """Clusters whose control plane the account had and has no more: their objects went with it."""
    states = pretence.rows("select state from resources where type = ?", CLUSTER)
    planes = {json.loads(state)["name"] for (state,) in states}
    noted = pretence.rows("select topic, entry from noted where topic like ?", f"{CONTROL_PLANE}%")
    return {topic.removeprefix(CONTROL_PLANE) for topic, entry in noted if entry not in planes}


def _named(heading: str, entries: tuple[str, ...]) -> list[str]:
    return [f"{heading}: {', '.join(entries)}."] if entries else []
