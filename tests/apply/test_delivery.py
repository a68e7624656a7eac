"""Deliveries by an engine: what is committed, what is refused, what a kill leaves, and how an engine lets go."""

from __future__ import annotations

import json
import pathlib
import shutil
import subprocess
from collections.abc import Mapping
from typing import Any

import pytest
import yaml

from platformspec.apply.delivery_step import commit
from platformspec.apply.git import Clone, same_repository
from platformspec.apply.site import GitWays
from platformspec.diagnostics import Failure, Report
from platformspec.drift.drift import drift
from platformspec.drift.outcome import Outcome
from platformspec.drift.render.json import render as render_json
from platformspec.drift.render.text import render as render_text
from platformspec.ir.delivery import DELIVERY_LABEL, Delivery, deliveries
from platformspec.ir.expr import Attr
from platformspec.ir.node import Manifest
from platformspec.ir.program import Program
from platformspec.source.document import parse
from tests.apply.bench import PLACE, Bench, header, needs_terraform, program, thing
from tests.apply.test_cluster import HOME, LABELS, Yard, config, manifest, yard
from tests.support.memory_tree import MemoryTree
from tests.support.rehearsed import needs_kubectl

__all__ = ["yard"]
pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
URL = "https://git.acme.example/platform/deploy"
PATH = "platforms/acme/main"
DELIVERY = Delivery("main", "argocd", URL, "main", PATH)


def application(name: str, folder: str, role: str, wave: int = 0) -> Manifest:
    metadata: dict[str, Any] = {
        "name": name,
        "namespace": "argocd",
        "labels": {**LABELS, DELIVERY_LABEL: role},
        "annotations": {"argocd.argoproj.io/sync-wave": str(wave)},
    }
    if role == "child":
        metadata["finalizers"] = ["resources-finalizer.argocd.argoproj.io"]
    spec = {"project": "default", "source": {"repoURL": URL, "targetRevision": "main", "path": f"{PATH}/{folder}"}}
    return Manifest(
        f"cluster.main/argocd-{role}-{name}",
        "argoproj.io/v1alpha1/Application",
        "kubernetes",
        PLACE,
        {"apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "metadata": metadata, "spec": spec},
        "cluster.main",
    )


ENGINE = (
    application("acme", "_delivery", "root"),
    application("acme-cluster", "_cluster", "child"),
    application("acme-app", "app", "child", 1),
)


def delivered(*nodes: Any) -> Program:
    return program(*ENGINE, HOME, *nodes)


class Repository:
    """A server's bare repository and a clone of it, whose remote has the declared URL."""

    def __init__(self, folder: pathlib.Path) -> None:
        self.bare, self.folder = folder / "server.git", folder / "clone"
        self.git("init", "--quiet", "--bare", "--initial-branch=main", str(self.bare), at=folder)
        self.git("clone", "--quiet", str(self.bare), str(self.folder), at=folder)
        self.git("config", "user.name", "Lea")
        self.git("config", "user.email", "lea@acme.example")
        self.git("config", "commit.gpgsign", "false")
        (self.folder / "README").write_text("deployments\n")
        self.git("add", "README")
        self.git("commit", "--quiet", "-m", "Begin")
        self.git("push", "--quiet", "-u", "origin", "HEAD:main")
        # The file says how the engine reaches it; here it is a folder.
        self.git("config", "remote.origin.url", URL)
        self.git("config", f"url.{self.bare}.insteadOf", URL)

    def git(self, *arguments: str, at: pathlib.Path | None = None) -> str:
        done = subprocess.run(["git", *arguments], cwd=at or self.folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def commits(self) -> int:
        return int(self.git("rev-list", "--count", "HEAD"))

    def ways(self, *, push: bool = False) -> dict[str, Any]:
        return {"git": GitWays((self.folder,), push)}

    def object(self, name: str) -> Mapping[str, Any]:
        found: Mapping[str, Any] = yaml.safe_load(self.git("show", f"HEAD:{PATH}/{name}"))
        return found


@pytest.fixture
def repository(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    return Repository(tmp_path)


@pytest.fixture
def bench(tmp_path: pathlib.Path) -> Bench:
    return Bench(tmp_path)


def failed(bench: Bench, head: Program, ways: dict[str, Any]) -> str:
    outcome = bench.apply(head, site=ways)
    assert not outcome.acted, "nothing was done before it was refused"
    assert outcome.failures[0].help
    return f"{outcome.failures[0].code.id} {outcome.failures[0].message}"


def test_manifests_are_committed_once_and_no_cluster_is_reached(bench: Bench, repository: Repository) -> None:
    head = delivered(config("a"), config("b"))
    (repository.folder / "README").write_text("somebody is at work here\n")
    assert bench.apply(head, site=repository.ways()).complete
    assert repository.commits() == 2
    assert repository.object("app/configmap-a.yaml")["data"] == {"key": "ours"}
    assert repository.object("_root/application-acme.yaml")["spec"]["source"]["path"] == f"{PATH}/_delivery"
    home = repository.object("_cluster/namespace-app.yaml")
    assert home["metadata"]["annotations"] == {"argocd.argoproj.io/sync-options": "Prune=false,Delete=false"}
    assert "annotations" not in repository.object("app/configmap-a.yaml")["metadata"]
    assert repository.git("status", "--porcelain") == "M README", "what others do in the clone is left alone"
    assert "Platformspec-Run: 1" in repository.git("log", "-1", "--format=%B")
    notes = [event.message for event in bench.events if event.kind == "note"]
    assert any("kubectl apply" in note and "_root" in note for note in notes)
    assert any("push origin main" in note for note in notes)
    assert bench.apply(head, site=repository.ways()).complete
    assert repository.commits() == 2, "a second apply has nothing to commit"
    assert bench.apply(delivered(config("a")), site=repository.ways()).complete
    assert repository.commits() == 3
    assert "configmap-b" not in repository.git("ls-tree", "-r", "--name-only", "HEAD")
    assert "cluster.main/configmap-b" not in bench.record().known()


def test_drift_leaves_the_cluster_to_its_engine(bench: Bench, repository: Repository) -> None:
    head = delivered(config("a"))
    assert bench.apply(head, site=repository.ways()).complete
    record = bench.record()
    assert drift(bench.site(record), head) == ()
    record.close()
    document = parse(MemoryTree({"platform.yaml": "kind: Platform\n"}), "platform.yaml", Report())
    assert document is not None
    outcome = Outcome("acme", None, "run 1", (), document, [], delivered=tuple(deliveries(head).values()))
    assert f"Not looked at: cluster main; argocd compares it with {URL}, and sets it back." in render_text(outcome)
    assert json.loads(render_json(outcome))["not_looked_at"] == ["main"]


def test_a_push_reaches_the_server_and_is_made_up_for(bench: Bench, repository: Repository) -> None:
    head = delivered(config("a"))
    assert bench.apply(head, site=repository.ways()).complete
    assert "platforms" not in repository.git("ls-tree", "--name-only", "main", at=repository.bare)
    assert bench.apply(head, site=repository.ways(push=True)).complete
    assert "platforms" in repository.git("ls-tree", "--name-only", "main", at=repository.bare)


def test_a_push_that_the_server_refuses_is_taken_up_by_a_resume(bench: Bench, repository: Repository) -> None:
    hook = repository.bare / "hooks" / "pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho the branch is protected >&2\nexit 1\n")
    hook.chmod(0o755)
    head = delivered(config("a"))
    outcome = bench.apply(head, site=repository.ways(push=True))
    assert [failure.code.id for failure in outcome.failures] == ["PS787"]
    assert "the branch is protected" in outcome.failures[0].message
    assert outcome.acted
    hook.unlink()
    assert bench.resume(head, site=repository.ways(push=True)).complete
    assert repository.commits() == 2
    assert "platforms" in repository.git("ls-tree", "--name-only", "main", at=repository.bare)


def test_a_hook_that_refuses_leaves_files_that_a_resume_commits(bench: Bench, repository: Repository) -> None:
    hook = repository.folder / ".git" / "hooks" / "pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\nexit 1\n")
    hook.chmod(0o755)
    head = delivered(config("a"))
    assert [f.code.id for f in bench.apply(head, site=repository.ways()).failures] == ["PS787"]
    hook.unlink()
    assert bench.resume(head, site=repository.ways()).complete
    assert repository.commits() == 2


def test_what_a_kill_left_half_written_is_finished(bench: Bench, repository: Repository) -> None:
    head = delivered(config("a"), config("b"))
    assert bench.apply(head, site=repository.ways()).complete
    changed = delivered(config("a", "new"), config("b", "new"))
    record = bench.record()
    plan = bench.plan(record, changed)
    here = bench.site(record, **repository.ways())
    here.run = record.begin_run(header(plan), changed)
    record.begin_step(here.run, "commit main", "2026-11-23T00:00:00+00:00")
    record.close()
    # One of two files is in place, and the folder in which they were put together is still there.
    folder = repository.folder / PATH
    text = (folder / "app/configmap-a.yaml").read_text().replace("ours", "new")
    (folder / "app/configmap-a.yaml").write_text(text)
    (folder / ".platformspec-abc" / "app").mkdir(parents=True)
    (folder / ".platformspec-abc" / "app" / "configmap-b.yaml").write_text("half")
    assert bench.resume(changed, site=repository.ways()).complete
    assert repository.object("app/configmap-b.yaml")["data"] == {"key": "new"}
    assert repository.git("status", "--porcelain") == ""
    assert not (folder / ".platformspec-abc").exists()


def test_a_change_of_somebody_else_in_our_folder_is_refused(bench: Bench, repository: Repository) -> None:
    head = delivered(config("a"))
    assert bench.apply(head, site=repository.ways()).complete
    file = repository.folder / PATH / "app/configmap-a.yaml"
    file.write_text(file.read_text().replace("ours", "theirs"))
    said = failed(bench, delivered(config("a", "new")), repository.ways())
    assert said.startswith("PS786")
    assert "app/configmap-a.yaml" in said
    assert "theirs" in file.read_text()


def test_a_new_file_in_our_folder_that_git_ignores_is_refused_too(bench: Bench, repository: Repository) -> None:
    (repository.folder / ".gitignore").write_text("platforms/\n")
    repository.git("add", ".gitignore")
    repository.git("commit", "--quiet", "-m", "Ignore")
    head = delivered(config("a"))
    assert bench.apply(head, site=repository.ways()).complete
    assert repository.object("app/configmap-a.yaml"), "what an engine is to read is committed in spite of it"
    (repository.folder / PATH / "app" / "extra.yaml").write_text("kind: Extra\n")
    assert "extra.yaml" in failed(bench, head, repository.ways())


@pytest.mark.parametrize(
    ("commands", "has"),
    [
        ([("checkout", "--quiet", "--detach")], "is on no branch"),
        ([("switch", "--quiet", "-c", "other")], "is on branch other, and the engine follows main"),
        ([("config", "remote.origin.url", "https://git.acme.example/platform/other")], "is another repository"),
        ([("update-ref", "MERGE_HEAD", "HEAD")], "a merge is under way"),
        ([("commit", "--quiet", "--allow-empty", "-m", "ahead"), ("push", "--quiet", "origin", "HEAD:main"), ("reset", "--quiet", "--hard", "HEAD^")], "lacks 1 commits that origin/main has"),
        ([("config", "--unset", "user.email"), ("config", "user.useConfigOnly", "true")], "git does not know who commits"),
    ],
)  # fmt: skip
def test_a_clone_that_does_not_fit_is_refused_before_anything_is_done(
    commands: list[tuple[str, ...]], has: str, bench: Bench, repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("EMAIL", raising=False)
    for command in commands:
        repository.git(*command)
    said = failed(bench, delivered(config("a")), repository.ways())
    assert said.startswith("PS786")
    assert has in said


def test_no_clone_a_folder_that_is_none_and_no_git_are_refused(
    bench: Bench, repository: Repository, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    head = delivered(config("a"))
    assert "no clone of it was given" in failed(bench, head, {"git": GitWays()})
    assert "is no folder" in failed(bench, head, {"git": GitWays((tmp_path / "nowhere",))})
    (tmp_path / "empty").mkdir()
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    assert "is no work tree of git" in failed(bench, head, {"git": GitWays((tmp_path / "empty",))})
    monkeypatch.setenv("PATH", "/nonexistent")
    assert "PS700 git is not installed" in failed(bench, head, repository.ways())


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("git@git.acme.example:platform/deploy.git", URL, True),
        ("ssh://git@git.acme.example:2222/platform/deploy/", URL, True),
        ("https://git.acme.example/platform/deploy-2", URL, False),
        ("https://git.other.example/platform/deploy", URL, False),
    ],
)
def test_a_repository_is_known_however_it_is_reached(one: str, other: str, same: bool) -> None:
    assert same_repository(one, other) is same


@needs_terraform
def test_outputs_are_filled_in_before_the_commit(bench: Bench, repository: Repository) -> None:
    late = manifest("ConfigMap", "late", data={"host": Attr("database.x/cluster", "output")})
    head = delivered(thing("database.x/cluster", "data", "db.acme.example"), late)
    assert bench.apply(head, site=repository.ways()).complete
    assert repository.object("app/configmap-late.yaml")["data"] == {"host": "db.acme.example"}


@needs_terraform
def test_a_late_value_in_a_secret_is_not_committed(bench: Bench, repository: Repository) -> None:
    late = manifest("Secret", "late", stringData={"host": Attr("database.x/cluster", "output")})
    head = delivered(thing("database.x/cluster", "data", "hunter2"), late)
    outcome = bench.apply(head, site=repository.ways())
    assert [failure.code.id for failure in outcome.failures] == ["PS788"]
    assert "secret-late.yaml" in outcome.failures[0].message
    assert repository.commits() == 1
    assert not (repository.folder / "platforms").exists()


def test_an_output_that_terraform_hides_is_not_committed(
    bench: Bench, repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    late = manifest("ConfigMap", "late", data={"host": Attr("database.x/cluster", "output")})
    head = delivered(thing("database.x/cluster", "data"), late)
    record = bench.record()
    site = bench.site(record, **repository.ways())
    site.run = record.begin_run(header(bench.plan(record, head)), head)
    monkeypatch.setattr(type(site), "sensitive_outputs", lambda self, stack: frozenset({"database_x__cluster__output"}))
    monkeypatch.setattr(type(site), "outputs", lambda self, stack: {"database_x__cluster__output": "hunter2"})
    with pytest.raises(Failure) as refused:
        commit(site, DELIVERY, head, [late], [], whole=True)
    assert refused.value.diagnostic.code.id == "PS788"
    assert "sensitive" in refused.value.diagnostic.message
    record.close()


def test_a_target_leaves_the_rest_of_the_folder_alone(bench: Bench, repository: Repository) -> None:
    assert bench.apply(delivered(config("a"), config("b")), site=repository.ways()).complete
    head = delivered(config("a", "new"), config("b", "new"))
    scope = frozenset({"cluster.main/configmap-a"})
    assert bench.apply(head, site=repository.ways(), scope=scope).complete
    assert repository.object("app/configmap-a.yaml")["data"] == {"key": "new"}
    assert repository.object("app/configmap-b.yaml")["data"] == {"key": "ours"}
    assert repository.object("_root/application-acme.yaml")


class TestAgainstACluster:
    """What an engine would do is done by the rehearsal; the cluster is emulated."""

    pytestmark = needs_kubectl

    def rehearsed(self, repository: Repository, yard: Yard) -> dict[str, Any]:
        return {**yard.site(), "git": GitWays((repository.folder,), rehearsed=True)}

    def objects(self, yard: Yard) -> dict[str, Any]:
        found = {}
        for item in yard.get("configmaps,serviceaccounts,namespaces", "-A")["items"]:
            metadata = item["metadata"]
            if metadata.get("labels", {}).get("app.kubernetes.io/part-of") == "acme":
                content = {key: value for key, value in item.items() if key not in ("metadata", "status")}
                found[f"{item['kind']}/{metadata['name']}"] = (content, metadata["labels"])
        return found

    def test_the_end_state_is_that_of_a_direct_apply(
        self, repository: Repository, yard: Yard, tmp_path: pathlib.Path
    ) -> None:
        nodes = (config("a"), config("b"), manifest("ServiceAccount", "web"))
        assert yard.bench.apply(program(HOME, *nodes), site=yard.site()).complete
        direct = self.objects(yard)
        assert len(direct) == 4
        other = Bench(tmp_path / "other")
        for name in ("a", "b"):
            yard.kubectl("delete", "configmap", name, "-n", "app")
        yard.bench = other
        (tmp_path / "other").mkdir()
        assert other.apply(delivered(*nodes), site=self.rehearsed(repository, yard)).complete
        assert self.objects(yard) == direct
        assert yard.names("applications.argoproj.io", "argocd") == {"acme", "acme-cluster", "acme-app"}
        order = [event.name for event in other.events if event.kind == "step" and event.status == "done"]
        assert order == ["commit main", "deliver main", "ready main"]

    def test_what_is_no_longer_declared_goes_and_a_namespace_stays(self, repository: Repository, yard: Yard) -> None:
        more = manifest("Namespace", "more", namespace=None)
        head = program(
            *ENGINE,
            application("acme-more", "more", "child", 1),
            HOME,
            more,
            config("a"),
            config("b", namespace="more"),
        )
        assert yard.bench.apply(head, site=self.rehearsed(repository, yard)).complete
        outcome = yard.bench.apply(delivered(config("a")), site=self.rehearsed(repository, yard))
        assert outcome.complete, outcome
        assert outcome.left == ("Namespace more: a Namespace is never deleted",)
        assert yard.names("configmaps", "more") == {"kube-root-ca.crt"}
        assert yard.names("applications.argoproj.io", "argocd") == {"acme", "acme-cluster", "acme-app"}

    def test_a_destroy_commits_the_removal_and_leaves_nothing(self, repository: Repository, yard: Yard) -> None:
        ways = self.rehearsed(repository, yard)
        assert yard.bench.apply(delivered(config("a")), site=ways).complete
        assert yard.bench.apply(program(), site=ways).complete
        assert repository.git("ls-tree", "-r", "--name-only", "HEAD") == "README"
        assert self.objects(yard) == {}
        assert yard.names("applications.argoproj.io", "argocd") == set()
        assert yard.bench.record().known() == {}
        order = [event.name for event in yard.bench.events if event.kind == "step" and event.status == "done"]
        assert order[-3:] == ["commit main", "release main", "empty main"]

    def test_from_an_engine_back_to_apply_nothing_is_deleted_on_the_way(
        self, repository: Repository, yard: Yard
    ) -> None:
        assert yard.bench.apply(delivered(config("a")), site=self.rehearsed(repository, yard)).complete
        uid = yard.get("configmap", "a", "-n", "app")["metadata"]["uid"]
        assert yard.bench.apply(program(HOME, config("a")), site=yard.site()).complete
        assert yard.get("configmap", "a", "-n", "app")["metadata"]["uid"] == uid
        assert yard.names("applications.argoproj.io", "argocd") == set()
        assert any("stays in" in event.message for event in yard.bench.events if event.kind == "note")


def test_a_clone_is_found_by_its_remote(repository: Repository) -> None:
    found = Clone.open(repository.folder / ".", URL, "main")
    assert found is not None
    assert found.remote == "origin"
    assert Clone.open(repository.folder, "https://git.acme.example/x/y", "main") is None
