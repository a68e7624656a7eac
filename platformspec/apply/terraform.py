"""Drive terraform in the folder of one stack: init, plan, apply, import, and read its state and outputs."""

from __future__ import annotations

import json
import pathlib
import re
import shutil
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from platformspec.apply.credentials import credentials_failure, region_failure
from platformspec.apply.kept_locks import file_of
from platformspec.apply.process import Program
from platformspec.apply.resuming import RESUME
from platformspec.apply.terraform_plan import ResourceChange, changes_of
from platformspec.diagnostics import Code, Failure

NO_BUCKET = Code(
    "PS704",
    "a bucket for the state that does not exist",
    explain="Terraform keeps its state in the bucket under cloud.state, and the bucket must be there before the first apply. "
    "`platformspec bootstrap` makes it; nothing else does so unasked.",
)
TERRAFORM_FAILED = Code(
    "PS716",
    "terraform ended with an error",
    explain="Terraform itself, its provider or the cloud refused something, and the message is theirs. What was created before the "
    "error is in Terraform's state and in the record. Once the cause is mended, `platformspec apply --resume` goes on.",
)
STATE_UNREADABLE = Code(
    "PS726",
    "a Terraform state that is damaged, missing or too old",
    explain="The record knows what was created in this stack, and the state does not agree: it is gone, cut short, another one, or older "
    "than the last apply left it. Applying on top of it would create everything a second time. Terraform keeps the state before the "
    "last in a file that ends in .backup; a bucket with versioning keeps every version.",
)

STATE_LOCKED = Code(
    "PS768",
    "a state that somebody else has locked",
    explain="Terraform locks the state of a stack while it works on it: with S3, by an object beside the state that ends in .tflock. Somebody runs "
    "terraform by hand, or a terraform was killed and could not release its lock. Nothing in this stack was changed.",
)

MAKE_BUCKET: Final = "`platformspec bootstrap` makes it; or correct cloud.state.bucket"
RESTORE: Final = "restore the state from its .backup file or from an earlier version in the bucket; nothing was changed"
# Terraform's own words for a state that it cannot make sense of.
UNREADABLE: Final = re.compile(
    r"Unsupported state file|state file could not be|does not have the expected content|[Ii]nvalid state"
)
# Terraform also says of other files that they do not exist.
MISSING_BUCKET: Final = re.compile(r'NoSuchBucket|S3 bucket "[^"]*" does not exist')
# What terraform says of the lock that keeps it out, once its lines are joined.
LOCKED: Final = re.compile(r"Error acquiring the state lock.*?Lock Info: *ID: (?P<id>\S+)(?P<rest>.*)")
LOCKED_BY: Final = re.compile(r"Operation: (?P<what>\S+) Who: (?P<who>.+?) Version: \S+ Created: (?P<since>\S+ \S+)")
# What terraform says when a provider is gone (its internal/plugin6 names three answers, by when the provider went), or the cloud's
# answer did not come.
UNHEARD: Final = re.compile(
    r"[Pp]lugin did not respond|Request cancelled|Plugin error|[Pp]lugin exited|connection reset|unexpected EOF|[Tt]imeout|deadline exceeded"
)
# What terraform does with the backend alone.
STATE_VERBS: Final = ("init", "state pull", "state push")
LOCK_TIMEOUT: Final = "30s"
PLAN_FILE: Final = "change.tfplan"
ERRORED_STATE: Final = "errored.tfstate"
LOCK_FILE: Final = ".terraform.lock.hcl"
ENVIRONMENT: Final = {"TF_IN_AUTOMATION": "1", "TF_INPUT": "0"}


@dataclass(frozen=True, slots=True)
class StackPlan:
    """`changes_something` is true for outputs alone, too; `changes` holds what is done with resources, no-ops left out.

    `moved`: how many resources get another address.
    """

    changes_something: bool
    changes: tuple[ResourceChange, ...]
    moved: int


Follow = Callable[[Mapping[str, Any]], None]
"""Takes one message of terraform's own JSON output."""


class Stack:
    """One stack. `folder` holds its cdk.tf.json, `kept_locks` the lock files that belong to the platform.

    `recorded`: the record knows a state that an apply of this stack left. `again`: the command that goes on once something is mended.
    """

    # Two terraform at once must not fill one plug-in cache.
    _installing = threading.Lock()

    def __init__(
        self,
        name: str,
        terraform: Program,
        folder: pathlib.Path,
        logs: pathlib.Path,
        kept_locks: pathlib.Path | None,
        started: Callable[[int], None],
        recorded: bool,
        again: str = RESUME,
    ) -> None:
        self.name = name
        self.folder = folder
        self._terraform = Program(terraform.path, {**ENVIRONMENT, **terraform.environment})
        self._logs = logs
        self._kept_locks = kept_locks
        self._started = started
        self._recorded = recorded
        self._again = again

    def initialise(self) -> None:
        """Install providers, by the platform's lock file where it has one, and connect the backend."""
        kept = None if self._kept_locks is None else self._kept_locks / file_of(self.name)
        lock = self.folder / LOCK_FILE
        with self._installing:
            if kept is not None and kept.exists():
                shutil.copyfile(kept, lock)
            self._run(["init", "-input=false", "-no-color", "-reconfigure"], "init")
            self._push_errored_state()
            if kept is not None and lock.exists() and (not kept.exists() or kept.read_bytes() != lock.read_bytes()):
                kept.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(lock, kept)

    def _push_errored_state(self) -> None:
        """A state that terraform could not write where it belongs (a full disk, a lost connection) lies in the folder."""
        errored = self.folder / ERRORED_STATE
        if errored.exists() and not _is_state(errored):
            # The disk was full for it too. What it should have said is in doubt; see `narrow_doubts`.
            errored.replace(errored.with_name(f"{errored.name}.damaged"))
        elif errored.exists():
            pushed = self._terraform.run(["state", "push", errored.name], folder=self.folder)
            if pushed.code != 0:
                raise self.failure("state push", pushed.stderr)
            errored.unlink()

    def plan(self, targets: Sequence[str] = ()) -> StackPlan:
        """Plan into a file. Reading drift changes nothing."""
        code, plan = self._planned([f"-lock-timeout={LOCK_TIMEOUT}", *(f"-target={target}" for target in targets)])
        moved = sum("previous_address" in item for item in plan.get("resource_changes", ()))
        return StackPlan(code == 2, tuple(changes_of(plan)), moved)

    def survey(self) -> Mapping[str, Any]:
        """Terraform's own JSON plan, which nobody is to apply: the state is not locked, and no file is left."""
        try:
            return self._planned(["-lock=false"])[1]
        finally:
            self.forget_plan()

    def _planned(self, options: Sequence[str]) -> tuple[int, Mapping[str, Any]]:
        always = ["-input=false", "-json", "-detailed-exitcode", f"-out={PLAN_FILE}"]
        code = self._run(["plan", *always, *options], "plan", fine=(0, 2))
        (self.folder / PLAN_FILE).chmod(0o600)
        shown = self._terraform.run(["show", "-json", PLAN_FILE], folder=self.folder)
        if shown.code != 0:
            raise self.failure("show", shown.stderr)
        return code, json.loads(shown.stdout)

    def apply(self, follow: Follow) -> None:
        """Apply the plan that was just made."""
        try:
            self._run(
                ["apply", "-input=false", "-json", f"-lock-timeout={LOCK_TIMEOUT}", PLAN_FILE], "apply", follow=follow
            )
        finally:
            self.forget_plan()

    def forget_plan(self) -> None:
        """Remove the plan file: it may hold values that belong to nobody else."""
        (self.folder / PLAN_FILE).unlink(missing_ok=True)

    def adopt(self, address: str, id: str) -> bool:
        """Import a resource that is there already. False where there is none."""
        done = self._terraform.run(
            ["import", "-input=false", "-no-color", f"-lock-timeout={LOCK_TIMEOUT}", address, id], folder=self.folder
        )
        return done.code == 0

    def untaint(self, address: str) -> None:
        """Let a resource whose creation was reported to have failed count as created."""
        done = self._terraform.run(
            ["untaint", "-no-color", f"-lock-timeout={LOCK_TIMEOUT}", address], folder=self.folder
        )
        if done.code != 0:
            raise self.failure("untaint", done.stderr)

    def outputs(self) -> dict[str, Any]:
        """Name -> value of every output in the state."""
        return {name: output["value"] for name, output in self._outputs().items()}

    def sensitive_outputs(self) -> frozenset[str]:
        """Names of the outputs that Terraform does not show."""
        return frozenset(name for name, output in self._outputs().items() if output["sensitive"])

    def _outputs(self) -> Mapping[str, Mapping[str, Any]]:
        shown = self._terraform.run(["output", "-json"], folder=self.folder)
        if shown.code != 0:
            raise self.failure("output", shown.stderr)
        found: Mapping[str, Mapping[str, Any]] = json.loads(shown.stdout)
        return found

    def state(self) -> Mapping[str, Any] | None:
        """The state as terraform stores it; None where there is none. Raises `Failure` where it cannot be read."""
        pulled = self._terraform.run(["state", "pull"], folder=self.folder)
        if pulled.code != 0:
            raise self.failure("state pull", pulled.stderr)
        if not pulled.stdout.strip():
            return None
        state: Mapping[str, Any] = json.loads(pulled.stdout)
        return state

    def _unreadable(self, words: str) -> Failure:
        file = local_state(self.folder)
        then = f"then `{self._again}`; nothing was changed"
        backup = file.with_name(f"{file.name}.backup")
        if backup.exists():
            help = f"`cp {backup} {file}`, {then}"
        elif file.exists() and not self._recorded:
            help = f"no apply of this stack had come to its end before, so `mv {file} {file}.damaged`, {then}"
        else:
            help = RESTORE
        return Failure(STATE_UNREADABLE, f"the state of stack {self.name} cannot be read: {words}", help)

    def _locked(self, id: str, owner: re.Match[str] | None) -> Failure:
        by = f" by {owner['who']} ({owner['what']}) since {owner['since']}" if owner is not None else ""
        return Failure(
            STATE_LOCKED,
            f"the state of stack {self.name} is locked{by}; the lock is {id}",
            f"wait until they have ended; if they are gone, `terraform -chdir={self.folder} force-unlock {id}`",
        )

    def failure(self, verb: str, text: str) -> Failure:
        """The failure for what terraform said."""
        words = _last_words(text)
        if MISSING_BUCKET.search(words):
            return Failure(
                NO_BUCKET,
                f"stack {self.name}: {words}",
                MAKE_BUCKET,
            )
        where = f"terraform {verb} of stack {self.name}"
        if expired := credentials_failure(where, words, self._again):
            return expired
        if verb in STATE_VERBS and (elsewhere := region_failure(where, words, self._again)):
            return elsewhere
        if found := LOCKED.search(words):
            return self._locked(found["id"], LOCKED_BY.search(found["rest"]))
        if verb == "state pull" or UNREADABLE.search(words):
            return self._unreadable(words)
        return Failure(
            TERRAFORM_FAILED,
            f"{where}: {words}",
            f"mend the cause, then `{self._again}`",
        )

    def log(self, verb: str) -> pathlib.Path:
        """The file with what terraform said when it did this last in this run."""
        return self._logs / f"{self.name}.{verb}.log"

    def begin_log(self, verb: str) -> None:
        """Make the log of what is about to be done: an empty one says that nothing was begun."""
        self.log(verb).parent.mkdir(parents=True, exist_ok=True)
        self.log(verb).write_bytes(b"")

    def _run(
        self, arguments: Sequence[str], verb: str, *, fine: tuple[int, ...] = (0,), follow: Follow | None = None
    ) -> int:
        log = self.log(verb)
        errors: list[str] = []
        texts: list[str] = []

        def line(text: str) -> None:
            message = _message(text)
            if message is None:
                texts.append(text)
                return
            if message.get("@level") == "error":
                errors.append(_error(message))
            if follow is not None:
                follow(message)

        code = self._terraform.follow(arguments, folder=self.folder, log=log, started=self._started, line=line)
        if code not in fine:
            said = "\n".join(errors) or "\n".join(texts)
            raise self.failure(verb, said or f"it ended with {code} and said nothing; its log is {log}")
        return code


def creations_in_doubt(log: pathlib.Path) -> frozenset[str]:
    """Addresses whose creation an apply, by its log, had begun, and of which its state may know nothing.

    Where terraform came to a good end there are none. Otherwise all that it had begun, but for those that were refused by somebody
    who was heard of. A last line that is cut short says nothing.
    """
    try:
        lines = log.read_text("utf-8", errors="replace").splitlines()
    except FileNotFoundError:
        return frozenset()
    begun: set[str] = set()
    refused: set[str] = set()
    failed = ended = False
    for message in filter(None, map(_message, lines)):
        if message.get("type") == "apply_start" and message["hook"].get("action") == "create":
            begun.add(message["hook"]["resource"]["addr"])
        elif message.get("type") == "change_summary" and message["changes"].get("operation") == "apply":
            ended = True
        elif message.get("type") == "diagnostic" and message.get("@level") == "error":
            failed = True
            if not UNHEARD.search(_error(message)):
                refused.add(message["diagnostic"].get("address", ""))
    return frozenset() if ended and not failed else frozenset(begun - refused)


def local_state(folder: pathlib.Path) -> pathlib.Path:
    """Where the state of the stack in this folder is, if it is a file; see `emit`."""
    return folder.parent.parent / "state" / f"{folder.name}.tfstate"


def _is_state(file: pathlib.Path) -> bool:
    try:
        return "version" in json.loads(file.read_bytes())
    except ValueError:
        return False


def _message(text: str) -> dict[str, Any] | None:
    try:
        message = json.loads(text)
    except ValueError:
        return None
    return message if isinstance(message, dict) else None


def _error(message: Mapping[str, Any]) -> str:
    diagnostic = message.get("diagnostic", {})
    parts = (diagnostic.get("address"), diagnostic.get("summary") or message.get("@message"), diagnostic.get("detail"))
    return ": ".join(" ".join(str(part).split()) for part in parts if part)


def _last_words(text: str) -> str:
    """What terraform said, on few lines, without its frames."""
    lines = [line.strip(" │╷╵\t") for line in text.splitlines()]
    return " ".join(line for line in lines if line)[:1500]
