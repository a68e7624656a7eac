"""A clone of the repository that an engine follows: what must be true of it, and committing to one folder of it."""

from __future__ import annotations

import pathlib
import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from platformspec.apply.process import Finished, Program
from platformspec.apply.tools import MISSING
from platformspec.diagnostics import Code, Failure

UNFIT = Code(
    "PS786",
    "a clone that cannot take the commit",
    explain="With a delivery by Argo CD or Flux, apply commits manifests in a clone of the repository that `delivery` names (`--git DIR`), on its "
    "branch, in one folder. It refuses a clone of another repository, another branch, one that is behind, in the middle of a merge, "
    "or with changes in that folder that are not its own. Nothing else in the clone is touched, and nothing is ever overwritten or forced.",
)
GIT_FAILED = Code(
    "PS787",
    "a commit or a push that git refused",
    explain="git, one of its hooks or the server refused, and the message is theirs. What was written stays in the clone; once the cause is "
    "mended, `platformspec apply --resume` commits it, or pushes the commit that is there.",
)

# Nobody can be asked, and messages are read by programs.
QUIET: Final = {"GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
UNDER_WAY: Final = {"MERGE_HEAD": "a merge", "CHERRY_PICK_HEAD": "a cherry-pick", "REVERT_HEAD": "a revert"}


def find_git() -> Program:
    """git. Raises `Failure` where there is none."""
    path = shutil.which("git")
    if path is None:
        raise Failure(MISSING, "git is not installed", "install git from git-scm.com/downloads")
    return Program(path, QUIET)


def same_repository(one: str, other: str) -> bool:
    """Whether two URLs name one repository, however it is reached.

    >>> same_repository("git@git.acme.example:team/deploy.git", "https://git.acme.example/team/deploy")
    True
    """
    return _place(one) == _place(other)


def _place(url: str) -> str:
    scp = re.fullmatch(r"(?:[^@/:]+@)?([^/:]+):(?!//)(.+)", url)
    host_and_path = f"{scp[1]}/{scp[2]}" if scp else re.sub(r"^[a-z+]+://(?:[^@/]+@)?", "", url)
    host, _, path = host_and_path.partition("/")
    return f"{host.lower().partition(':')[0]}/{path.strip('/').removesuffix('.git')}"


@dataclass(frozen=True)
class Clone:
    """A work tree. `remote`: the name of the repository in it."""

    folder: pathlib.Path
    remote: str
    branch: str
    git: Program

    @classmethod
    def open(cls, folder: pathlib.Path, repository: str, branch: str) -> Clone | None:
        """The clone in a folder; None where it is one of another repository. Raises `Failure` where it is none at all."""
        git = find_git()
        if not folder.is_dir():
            raise Failure(UNFIT, f"{folder} is no folder", f"git clone {repository} {folder}")
        top = git.run(["-C", str(folder), "rev-parse", "--show-toplevel"])
        if top.code != 0 or not top.stdout.strip():
            raise Failure(UNFIT, f"{folder} is no work tree of git", f"git clone {repository} DIR, and give --git DIR")
        listed = git.run(["-C", str(folder), "config", "--get-regexp", r"^remote\..*\.url$"])
        for line in listed.stdout.splitlines():
            key, _, url = line.partition(" ")
            if same_repository(url, repository):
                remote = key.removeprefix("remote.").removesuffix(".url")
                return cls(pathlib.Path(top.stdout.strip()), remote, branch, git)
        return None

    def run(self, *arguments: str) -> Finished:
        """git in this clone, however it ends."""
        return self.git.run(["-C", str(self.folder), *arguments])

    def refuse_unfit(self, *, fetch: bool) -> None:
        """Raises `Failure` unless a commit here is one on top of what the engine follows. `fetch`: ask the server first."""
        head = self.run("symbolic-ref", "--short", "-q", "HEAD")
        switch = f"git -C {self.folder} switch {self.branch}"
        if head.code != 0:
            raise Failure(UNFIT, f"{self.folder} is on no branch: its HEAD is detached", switch)
        if (there := head.stdout.strip()) != self.branch:
            raise Failure(UNFIT, f"{self.folder} is on branch {there}, and the engine follows {self.branch}", switch)
        for name, what in UNDER_WAY.items():
            if self.run("rev-parse", "-q", "--verify", name).code == 0:
                command = what.rpartition(" ")[2]
                raise Failure(
                    UNFIT,
                    f"{what} is under way in {self.folder}",
                    f"finish it, or `git -C {self.folder} {command} --abort`",
                )
        who = self.run("var", "GIT_COMMITTER_IDENT")
        if who.code != 0:
            raise Failure(
                UNFIT,
                f"git does not know who commits: {_words(who)}",
                "git config --global user.name NAME; git config --global user.email ADDRESS",
            )
        if fetch:
            fetched = self.run("fetch", "--quiet", self.remote)
            if fetched.code != 0:
                raise Failure(
                    GIT_FAILED,
                    f"git fetch {self.remote} in {self.folder}: {_words(fetched)}",
                    f"mend it until `git -C {self.folder} fetch {self.remote}` succeeds",
                )
        behind = self.run("rev-list", "--count", f"HEAD..{self._upstream}")
        if behind.code == 0 and behind.stdout.strip() != "0":
            raise Failure(
                UNFIT,
                f"{self.folder} lacks {behind.stdout.strip()} commits that {self._upstream} has",
                f"git -C {self.folder} pull --rebase {self.remote} {self.branch}",
            )

    @property
    def _upstream(self) -> str:
        return f"{self.remote}/{self.branch}"

    def changed(self, path: str) -> list[str]:
        """Files below a folder that differ from HEAD, relative to the clone: changed, staged, deleted or not yet known to git."""
        # The second of two names belongs to a rename, which is not looked for here.
        status = self._must(
            "--literal-pathspecs", "status", "--porcelain=v1", "-z", "--untracked-files=all", "--ignored=traditional", "--no-renames", "--", path,
        )  # fmt: skip
        return [entry[3:] for entry in status.stdout.split("\0") if entry]

    def commit(self, path: str, message: str) -> bool:
        """Commit what changed below a folder and nothing else; False where nothing did. Raises `Failure`."""
        if not self.changed(path):
            return False
        # An ignore file of the repository's is not about what an engine is to read.
        self._must("--literal-pathspecs", "add", "--all", "--force", "--", path)
        self._must("--literal-pathspecs", "commit", "--quiet", "--only", "-m", message, "--", path)
        return True

    def push(self) -> bool:
        """Push where the server has not got it; False where it has. Raises `Failure`."""
        ahead = self.run("rev-list", "--count", f"{self._upstream}..HEAD")
        if ahead.code == 0 and ahead.stdout.strip() == "0":
            return False
        self._must("push", "--quiet", self.remote, f"HEAD:refs/heads/{self.branch}")
        return True

    def is_ahead(self) -> bool:
        """Whether this clone has commits that the server, as far as is known, has not."""
        ahead = self.run("rev-list", "--count", f"{self._upstream}..HEAD")
        return ahead.code != 0 or ahead.stdout.strip() != "0"

    def revision(self) -> str:
        """The commit that HEAD is."""
        return self._must("rev-parse", "HEAD").stdout.strip()

    def files(self, path: str) -> dict[str, bytes]:
        """What HEAD has below a folder: path relative to the folder -> content."""
        listed = self._must("--literal-pathspecs", "ls-tree", "-r", "-z", "--name-only", "HEAD", "--", f"{path}/")
        names = [name for name in listed.stdout.split("\0") if name]
        return {name.removeprefix(f"{path}/"): self._must("show", f"HEAD:{name}").stdout.encode() for name in names}

    def _must(self, *arguments: str) -> Finished:
        done = self.run(*arguments)
        if done.code != 0:
            raise Failure(
                GIT_FAILED,
                f"git {_subject(arguments)} in {self.folder}: {_words(done)}",
                "mend the cause, then `platformspec apply --resume`",
            )
        return done


def _subject(arguments: Sequence[str]) -> str:
    return next(argument for argument in arguments if not argument.startswith("-"))


def _words(done: Finished) -> str:
    return " ".join((done.stderr or done.stdout).split())[:800]
