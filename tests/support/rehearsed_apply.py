"""A rehearsed apply of a whole platform in a folder of its own: start it, disturb it, resume it, and see where it ended."""

from __future__ import annotations

import json
import os
import pathlib
import re
import shutil
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Any, Final

from platformspec_rehearsal.mirror import environment as simulated
from platformspec_rehearsal.plugin.__main__ import PRIVATE_KEY
from platformspec_rehearsal.plugin.catalogue import CERTIFICATE

from tests.support.examples import ROOT

EXAMPLE: Final = "rag-assistant"
# Two undisturbed runs differ in these, and so may a disturbed one; in nothing else.
UIDS: Final = frozenset({"uid"})
SERIALS: Final = frozenset({"serial", "lineage", "resourceVersion"})
TIMES: Final = frozenset(
    {
        *("create_date", "created_at", "modified_at", "associated_at"),
        *("creationTimestamp", "time", "lastTransitionTime"),
    }
)
# The cluster chooses them at random.
ADDRESSES: Final = frozenset({"clusterIP", "clusterIPs"})
EXCEPTED: Final = UIDS | SERIALS | TIMES | ADDRESSES
# A reference to an argument of another resource.
REFERENCE: Final = re.compile(r"\$\{(\w+)\.([\w-]+)\.(\w+)\}")
PERHAPS_CREATED: Final = "PS727"
STATE_UNREADABLE: Final = "PS726"
NOTHING_TO_RESUME: Final = "PS709"
# As in the message of PS727: an address, and its tags where it has some.
IN_DOUBT: Final = re.compile(r"\b((?:aws|helm)_\w+\.[\w-]+)(?: \(tags ([^)]*)\))?")


@dataclass(frozen=True)
class Platform:
    """The example in a folder, with everything that applies leave there. `cache` is that of the compiler."""

    path: pathlib.Path
    cache: pathlib.Path

    @classmethod
    def fresh(cls, folder: pathlib.Path, cache: pathlib.Path) -> Platform:
        """Nothing is applied yet."""
        made = cls(folder / "platform", cache)
        shutil.copytree(ROOT / "examples" / EXAMPLE, made.path, ignore=shutil.ignore_patterns(".platformspec"))
        return made

    def again(self, folder: pathlib.Path) -> Platform:
        """One to which nothing is applied, and whose simulated cluster will have the same certificate as this one."""
        made = Platform.fresh(folder, self.cache)
        made.stage.mkdir(parents=True)
        for name in (CERTIFICATE, PRIVATE_KEY):
            shutil.copy2(self.stage / name, made.stage / name)
        return made

    def copied(self, folder: pathlib.Path) -> Platform:
        """All of it, somewhere else."""
        return Platform(shutil.copytree(self.path, folder / "platform", symlinks=True), self.cache)

    @property
    def place(self) -> pathlib.Path:
        """Where the record is, terraform works, and logs are."""
        return self.path / ".platformspec/rag/_/rehearsal"

    @property
    def stage(self) -> pathlib.Path:
        """The simulated cloud and cluster."""
        return self.place / "stage"

    def start(self, *more: str, strike: tuple[str, str] | None = None) -> subprocess.Popen[str]:
        """Begin to apply, in a process group of its own. `strike`: (event, whom) of `rehearsed_victim`."""
        program = ["-m", "tests.support.rehearsed_victim", *strike] if strike else ["-m", "platformspec"]
        command = ["apply", str(self.path), "--rehearse", "--auto-approve", "--json", *more]
        return subprocess.Popen(
            [sys.executable, *program, *command],
            cwd=ROOT,
            env={**os.environ, "XDG_CACHE_HOME": str(self.cache)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def apply(self, *more: str) -> Ended:
        """Apply to the end."""
        return ended(self.start(*more))

    def record(self, query: str) -> list[tuple[Any, ...]]:
        """Rows of the record."""
        return rows(self.place / "record.sqlite", query)

    def cloud(self, query: str) -> list[tuple[Any, ...]]:
        """Rows of the file that holds the simulated cloud and cluster."""
        return rows(self.stage / "pretence.sqlite", query)

    def states(self) -> dict[str, Any]:
        """Terraform's state of every stack that has one; it makes an empty file before it has anything to write."""
        files = (self.place / "terraform/state").glob("*.tfstate")
        return {file.stem: json.loads(text) for file in files if (text := file.read_text())}

    def orphans(self, type: str = "%") -> list[tuple[str, dict[str, Any]]]:
        """(type, resource) of what exists in the cloud and stands in no state."""
        known = Counter(
            (resource["type"], instance["attributes"]["id"])
            for state in self.states().values()
            for resource in state["resources"]
            for instance in resource["instances"]
            if resource["mode"] == "managed"
        )
        there = [
            (t, json.loads(s))
            for t, s in self.cloud(f"select type, state from resources where type like '{type}' order by type, key")
        ]
        return [(t, state) for t, state in there if (t, state["id"]) not in known]

    def journal(self) -> dict[str, str]:
        """Step -> status, of the last run; the run's own under "run"."""
        if not (self.place / "record.sqlite").exists():
            return {}
        last = self.record("select id, status from runs order by id desc limit 1")
        steps = self.record(f"select name, status from steps where run = {last[0][0]}") if last else []
        return {"run": last[0][1], **dict(steps)} if last else {}

    def resumed(self) -> str:
        """Go on until all is done, as the messages say; returns how. Fails where that does not help."""
        done, how = self.apply("--resume"), "resumed"
        if NOTHING_TO_RESUME in done.err:
            how = "was done" if self.journal() else "had not begun"
            if "platformspec unlock" in done.err:
                unlock = [sys.executable, "-m", "platformspec", "unlock", str(self.path), "--rehearse"]
                subprocess.run(unlock, cwd=ROOT, capture_output=True, check=True)
            done = self.apply()
        if STATE_UNREADABLE in done.err:
            for command in re.findall(r"`((?:cp|mv) \S+ \S+)`", done.err):
                subprocess.run(command.split(), check=True)
            done, how = self.apply("--resume"), "a person restored a state"
        if PERHAPS_CREATED in done.err:
            before = self.cloud("select count(*) from done where op = 'create'")
            done = self.apply("--resume")
            assert PERHAPS_CREATED in done.err, f"asking again changes nothing\n{done.err}"
            assert self.cloud("select count(*) from done where op = 'create'") == before
            imported = self._import_what_is_there(done.err)
            done = self.apply("--resume", "--create-again")
            how = f"a person looked for what is in doubt, and {'imported it' if imported else 'found nothing'}"
        assert done.code == 0, done.out[-2000:] + done.err
        return how

    def _import_what_is_there(self, message: str) -> int:
        """Do what the help of PS727 says: look for what is in doubt by its tags, and import it where it is there."""
        asked = re.findall(r"in stack (\w+) (.*)", message)
        questions = {found: stack for stack, text in asked for found in IN_DOUBT.findall(text)}
        assert questions, message
        imported = 0
        # What has no tags is told by what it belongs to, once that is imported.
        for (address, tags), stack in sorted(questions.items(), key=lambda question: not question[0][1]):
            wanted = dict(tag.split("=", 1) for tag in tags.split(", ")) if tags else {}
            there = [
                resource
                for _, resource in self.orphans(address.partition(".")[0])
                if wanted.items() <= (resource.get("tags") or {}).items() and self._is_meant(stack, address, resource)
            ]
            assert len(there) < 2, f"{address}: nothing tells which one it is"
            for resource in there:
                self.terraform(stack, "import", "-input=false", "-no-color", address, resource["id"])
                imported += 1
        return imported

    def terraform(self, stack: str, *arguments: str) -> None:
        """What a person does by hand."""
        done = subprocess.run(
            ["terraform", *arguments],
            cwd=self.place / "terraform/stacks" / stack,
            env={**os.environ, **simulated(self.stage)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr

    def _is_meant(self, stack: str, address: str, resource: Mapping[str, Any]) -> bool:
        """Whether the arguments of the declared resource, as far as they are known, are those of the one that exists."""
        type, name = address.split(".")
        declared = json.loads((self.place / f"terraform/stacks/{stack}/cdk.tf.json").read_text())["resource"][type][
            name
        ]
        known = {
            (one["type"], one["name"]): one["instances"][0]["attributes"]
            for one in self.states().get(stack, {"resources": ()})["resources"]
            if one["mode"] == "managed" and one["instances"]
        }
        for key, value in declared.items():
            if isinstance(value, str) and (reference := REFERENCE.fullmatch(value)):
                value = known.get((reference[1], reference[2]), {}).get(reference[3])
            if isinstance(value, str | int) and "${" not in str(value) and resource.get(key) not in (None, value):
                return False
        return True

    def end(self) -> dict[str, Any]:
        """Everything that an apply leaves: cloud, cluster, states and record, without what may differ."""
        runs = self.record("select command, status, head_digest, artifacts_digest from runs order by id")
        found = {
            "cloud": {f"{t} {r} {k}": json.loads(s) for t, r, k, s in self.cloud("select type, region, key, state from resources")},
            "retained": self.cloud("select type, region, key, why from retained order by 1, 2, 3"),
            "cluster": {
                " ".join(key): json.loads(o)
                for *key, o in self.cloud("select cluster, grp, plural, namespace, name, object from objects")
            },
            "created": dict(self.cloud("select type, count(*) from done where op = 'create' group by type")),
            "deleted": dict(self.cloud("select type, count(*) from done where op = 'delete' group by type")),
            "states": self.states(),
            "known": {
                id: more for id, *more in self.record("select id, stack, certainty, digest from nodes")
            },
            "last run": list(runs[-1]),
            "in doubt": self.record("select * from doubts"),
            "lock": self.record("select * from lock"),
        }  # fmt: skip
        return {name: without(value, EXCEPTED) for name, value in found.items()}


@dataclass(frozen=True)
class Ended:
    """How an apply ended. `out` has an event on a line."""

    code: int
    out: str
    err: str


def ended(process: subprocess.Popen[str]) -> Ended:
    """Wait until it has ended."""
    out, err = process.communicate()
    return Ended(process.returncode, out, err)


def rows(file: pathlib.Path, query: str) -> list[tuple[Any, ...]]:
    """Rows of a database, which is not made where it is not there.

    Opened for writing: who was killed within a transaction leaves it to the next reader to take it back.
    """
    with closing(sqlite3.connect(f"{file.as_uri()}?mode=rw", uri=True, timeout=30)) as database:
        return database.execute(query).fetchall()


def without(value: Any, names: frozenset[str]) -> Any:
    """The value with what stands under these names blanked; that something stands there still counts."""
    if isinstance(value, dict):
        return {key: "..." if key in names else without(item, names) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [without(item, names) for item in value]
    return value


def differences(wanted: Any, found: Any, at: str = "") -> Iterator[str]:
    """Where two values differ, as lines."""
    if isinstance(wanted, dict) and isinstance(found, dict):
        for key in sorted(wanted.keys() | found.keys()):
            if key not in found:
                yield f"{at}/{key} is missing"
            elif key not in wanted:
                yield f"{at}/{key} is there: {str(found[key])[:200]}"
            else:
                yield from differences(wanted[key], found[key], f"{at}/{key}")
    elif isinstance(wanted, list) and isinstance(found, list) and len(wanted) == len(found):
        for number, pair in enumerate(zip(wanted, found, strict=True)):
            yield from differences(*pair, f"{at}/{number}")
    elif wanted != found:
        yield f"{at} is {str(found)[:200]} and not {str(wanted)[:200]}"
