"""Applies two stacks, and kills itself, or its whole process group, at a chosen event. Run by test_kills.py."""

from __future__ import annotations

import os
import pathlib
import signal
import sys
import threading

from platformspec.apply.apply import Intent, apply
from platformspec.apply.events import Event
from platformspec.apply.lock import locked
from platformspec.apply.site import now
from platformspec.ir.program import Program
from tests.apply.bench import Bench, header, program, refers, thing

# Each creation leaves a line in a file, so that doing one twice is seen, and takes long enough to be interrupted.
COMMAND = "echo {0} >> {1}; sleep 0.3"


def platform(folder: pathlib.Path) -> Program:
    def made(id: str) -> dict[str, object]:
        return {"attrs": {"provisioner": [{"local-exec": {"command": COMMAND.format(id, folder / "created")}}]}}

    return program(
        thing("network.main/vpc", "network", **made("network.main/vpc")),
        thing("database.a/cluster", "data", refers("network.main/vpc"), **made("database.a/cluster")),
        thing("cluster.main/nodes", "cluster", refers("network.main/vpc"), **made("cluster.main/nodes")),
    )


def main(folder: pathlib.Path, at: int, group: bool) -> None:
    bench = Bench(folder)
    record = bench.record()
    site = bench.site(record)
    told = 0
    one_at_a_time = threading.Lock()

    def tell(event: Event) -> None:
        nonlocal told
        with one_at_a_time:
            told += 1
            print(told, event.kind, event.name, event.status, flush=True)
            if told == at:
                os.killpg(0, signal.SIGKILL) if group else os.kill(os.getpid(), signal.SIGKILL)

    site.tell = tell
    head = platform(folder)
    plan = bench.plan(record, head)
    with locked(record, "apply", now()):
        site.run = record.begin_run(header(plan), head)
        outcome = apply(site, Intent(head, plan))
    sys.exit(0 if outcome.complete else 1)


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3] == "group")
