"""Every command that the documentation shows exists, and runs where a test can run it."""

from __future__ import annotations

import pathlib
import shutil
import subprocess
from collections.abc import Callable

import jsonschema
import pytest
import yaml

from platformspec import checks
from platformspec.cli.main import COMMANDS, main, parser_for
from platformspec.kinds.schema import fragment_schema
from platformspec.providers import installed_providers
from tests.support.documents import PAGES, Shown, commands_of, fences
from tests.support.examples import ROOT
from tests.unit import test_cases

SHOWN = sorted(
    {(shown.line, shown.whole): shown for page in PAGES for shown in commands_of(page)}.values(), key=lambda s: s.line
)
# Why a test does not run these.
NOT_RUN = {
    "apply": "needs credentials and terraform; tests/apply and tests/rehearsal run it",
    "bootstrap": "needs credentials; tests/apply runs it on a simulated account",
    "approve": "needs a change to an applied platform; tests/apply runs it",
    "drift": "needs something that was applied; tests/apply runs it",
    "rollback": "needs something that was applied; tests/apply runs it",
    "destroy": "needs something that was applied; tests/apply runs it",
    "record": "needs something that was applied; tests/apply runs it",
    "unlock": "needs an interrupted apply; tests/apply runs it",
    "gitlab": "needs the environment of a GitLab CI job; tests/unit/test_gitlab.py runs it against a server",
    "github": "needs the environment of a GitHub Actions run; tests/unit/test_github.py runs it against a server",
    "preflight": "needs credentials",
    "annotate": "needs findings of a scanner; tests/unit/test_annotate.py runs it",
    "compile": "needs Node for seconds; the tutorial and the goldens run it",
    "init": "the file is there already; the tutorial runs it",
}
# Options with which a command needs credentials; tests/apply runs them in a rehearsal.
NOT_RUN_WITH = ("--live",)
# Names that stand for something of the reader's.
PLACEHOLDERS = ("MODEL", "ADDRESS", "NAME", "PATH", "CODE", "REF", "FILE", "FILE:LINE", "FOLDER", "...")


def code_of(act: Callable[[], object]) -> object:
    """What a function returns, or the code with which it ends the program; None for a result that is no code."""
    try:
        result = act()
    except SystemExit as stop:
        return stop.code
    return result if isinstance(result, int) else None


def ids(shown: Shown) -> str:
    return f"{shown.page}: {shown.line}"


@pytest.mark.parametrize("shown", SHOWN, ids=ids)
def test_a_command_is_one(shown: Shown) -> None:
    name = shown.words[0]
    if name.isalpha() and name.islower() and not shown.whole and len(shown.words) == 1:
        assert name in COMMANDS, shown
        return
    if name.startswith("--"):
        name = ""
    assert code_of(lambda: parser_for(name).parse_args(shown.words)) in (None, 0)


def runs() -> list[Shown]:
    return [
        shown
        for shown in SHOWN
        if len(shown.words) > 1 or shown.whole
        if shown.words[0] not in NOT_RUN
        if not any(word in (*PLACEHOLDERS, *NOT_RUN_WITH) for word in shown.words)
        if shown.page != "docs/tutorial.md"  # run as a whole
    ]


def test_what_is_not_run_has_a_reason_that_is_needed() -> None:
    assert {shown.words[0] for shown in runs()} >= {
        "validate",
        "plan",
        "cost",
        "fit",
        "graph",
        "why",
        "impact",
        "explain",
    }


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """The examples, a platform of several models, and what pages call before.yaml and after.yaml, all on origin/main."""
    root = tmp_path_factory.mktemp("repository")
    shutil.copytree(ROOT / "examples", root / "examples")
    for name in ("platform.yaml", "before.yaml", "after.yaml"):
        shutil.copy(ROOT / "examples/quickstart/platform.yaml", root / name)
    git = ["git", "-c", "user.name=lea", "-c", "user.email=lea@acme.example"]
    for arguments in (
        ["init", "-q", "-b", "main"],
        ["add", "."],
        ["commit", "-q", "-m", "Describe the platform"],
        ["update-ref", "refs/remotes/origin/main", "HEAD"],
    ):
        subprocess.run([*git, *arguments], cwd=root, check=True)
    return root


def folder_of(shown: Shown, repository: pathlib.Path) -> pathlib.Path:
    """Where a reader of the page would stand."""
    if any(word.startswith("examples/") for word in shown.words):
        return repository
    if shown.page.startswith("examples/"):
        return (repository / shown.page).parent
    return repository / "examples/enterprise" if "--env" in shown.words else repository


@pytest.mark.parametrize("shown", runs(), ids=ids)
def test_a_command_runs(
    shown: Shown,
    repository: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: pathlib.Path,
) -> None:
    here = tmp_path / "repository"
    shutil.copytree(repository, here)
    monkeypatch.chdir(folder_of(shown, here))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert code_of(lambda: main(shown.words)) == 0, capsys.readouterr().err


def page(name: str) -> str:
    return (ROOT / "docs/how-to" / name).read_text("utf-8")


def test_the_check_that_is_shown_works(monkeypatch: pytest.MonkeyPatch) -> None:
    text = page("add-a-check.md")
    space: dict[str, object] = {}
    exec(fences(text, "python")[0], space)
    monkeypatch.setattr(checks, "GRAPH_CHECKS", (*checks.GRAPH_CHECKS, space["check_hostnames"]))
    for case in yaml.safe_load(fences(text, "yaml")[0]):
        test_cases.test_case(case)


def test_the_provider_that_is_shown_works(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As an installed package that is found by its entry point."""
    text = page("add-a-cloud.md")
    (tmp_path / "platformspec_acme.py").write_text(fences(text, "python")[0])
    group, point = fences(text, "toml")[0].strip().split("\n")
    information = tmp_path / "platformspec_acme-1.0.dist-info"
    information.mkdir()
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: platformspec-acme\nVersion: 1.0\n")
    header = group.removeprefix("[project.entry-points.").strip('"]')
    (information / "entry_points.txt").write_text(f"[{header}]\n{point.replace(chr(34), '')}\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    installed_providers.cache_clear()
    try:
        compilation, _ = test_cases.compile_case({"sections": "teams: {assist: {groups: [sg-assist, sg-leads]}}\n"})
    finally:
        installed_providers.cache_clear()
    assert compilation.ok, list(compilation.report)
    assert compilation.program is not None
    made = compilation.program.nodes["team.assist/acme-team"]
    assert "sg-assist,sg-leads" in str(made.attrs)
    assert ("teams", "assist", "groups") in {path for paths in made.provenance.values() for path in paths}


@pytest.mark.parametrize("name", ["adopt-what-exists.md", "policies-and-waivers.md", "split-a-file-among-teams.md"])
def test_yaml_that_is_shown_is_accepted_by_the_schema(name: str) -> None:
    for block in fences(page(name), "yaml"):
        data = {
            key: value
            for key, value in yaml.safe_load(block).items()
            if key not in ("include", "environments", "waivers")
        }
        jsonschema.validate(data, fragment_schema())
