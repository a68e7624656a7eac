"""Compare what exists with what was applied. Nothing is changed, in the cloud, the clusters or the states."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from platformspec.apply.record import Record
from platformspec.apply.site import Site
from platformspec.diagnostics import Code, Failure
from platformspec.drift.deviation import Deviation
from platformspec.drift.objects import cluster_drift
from platformspec.drift.stacks import stack_drift
from platformspec.ir.delivery import deliveries
from platformspec.ir.node import Manifest
from platformspec.ir.program import KUBERNETES_STACK, Program

UNFINISHED = Code(
    "PS770",
    "drift of an environment in which an apply did not finish",
    explain="Drift is the difference between what was applied and what exists. Where the last apply ended in the middle, what it has not done yet "
    "and what somebody else did look alike. An apply that only waits for workloads to become ready is no hindrance.",
)


def drift(site: Site, program: Program) -> tuple[Deviation, ...]:
    """Everything that differs, stacks first. `program`: what the record says exists. Raises `Failure`."""
    refuse_unfinished(site.record)
    here = site.looking()
    here.write(program)
    known = here.record.known()
    stacks = [name for wave in program.waves for name in wave if name != KUBERNETES_STACK]
    found: list[Deviation] = []
    with ThreadPoolExecutor(max_workers=here.limits.parallelism) as pool:
        for one in pool.map(lambda name: stack_drift(here, name, known), stacks):
            found += one
    clusters = {str(item.node.placement.cluster) for item in known.values() if isinstance(item.node, Manifest)}
    # An engine compares what it delivers all the time, and sets it back itself.
    for name in sorted(clusters - deliveries(program).keys()):
        found += cluster_drift(here, here.cluster(here, name), program, known)
    return tuple(found)


def refuse_unfinished(record: Record) -> None:
    """Raises `Failure` where the last run has left something half done."""
    runs = record.runs()
    if not runs or runs[-1].status == "complete":
        return
    steps = record.steps(runs[-1].id)
    open_steps = [step.name for step in steps if step.status != "done" and not step.name.startswith("ready ")]
    if open_steps or not steps:
        what = f": {', '.join(open_steps)}" if open_steps else ""
        raise Failure(
            UNFINISHED,
            f"run {runs[-1].id}, the last {runs[-1].command}, did not finish{what}",
            "platformspec apply --resume",
        )
