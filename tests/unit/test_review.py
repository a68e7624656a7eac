"""The command `review`: revisions, files, sides that cannot be read, and forms."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess

import jsonschema
import pytest
import yaml
from markdown_it import MarkdownIt

from platformspec.cli import exit
from platformspec.cli.main import main
from platformspec.ir.program import Program
from platformspec.plan.change import Change
from platformspec.review.render import markdown, text
from platformspec.review.render.json import SCHEMA
from platformspec.review.render.mermaid import MOST_BOXES, mermaid
from platformspec.review.restarts import restarts
from tests.support.examples import ROOT
from tests.support.reviews import edited, example, reviewed

GFM = MarkdownIt("gfm-like")
SMALL = (ROOT / "examples/quickstart/platform.yaml").read_text("utf-8")
BIGGER = SMALL.replace("gateways:", "databases: {keys: {}}\ngateways:")
IDENTITY = {
    "GIT_AUTHOR_NAME": "a",
    "GIT_AUTHOR_EMAIL": "a@b.c",
    "GIT_COMMITTER_NAME": "a",
    "GIT_COMMITTER_EMAIL": "a@b.c",
}


def git(folder: pathlib.Path, *arguments: str) -> str:
    environment = {**os.environ, **IDENTITY, "GIT_CONFIG_GLOBAL": os.devnull}
    return subprocess.run(
        ["git", "-C", str(folder), *arguments], check=True, capture_output=True, text=True, env=environment
    ).stdout


def commit(folder: pathlib.Path, text: str | None, message: str = "x") -> str:
    file = folder / "platform.yaml"
    if text is None:
        file.unlink(missing_ok=True)
        (folder / "other").write_text(message)
    else:
        file.write_text(text, "utf-8")
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "--allow-empty", "-m", message)
    return git(folder, "rev-parse", "HEAD").strip()


@pytest.fixture
def repository(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> pathlib.Path:
    folder = tmp_path / "repository"
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main")
    monkeypatch.chdir(folder)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return folder


def as_data(capsys: pytest.CaptureFixture[str], *argv: str, code: int = exit.OK) -> dict[str, object]:
    assert main(["review", *argv, "--format", "json"]) == code
    data: dict[str, object] = json.loads(capsys.readouterr().out)
    jsonschema.validate(data, SCHEMA)
    return data


def test_two_revisions_without_a_checkout(repository: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    first = commit(repository, SMALL)
    second = commit(repository, BIGGER)
    commit(repository, "not: read")
    data = as_data(capsys, "--base", first, "--head", second)
    assert data["headline"] == "database keys: added"
    assert data["complete"] is True


def test_the_files_as_they_are_against_a_detached_head(
    repository: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first = commit(repository, SMALL)
    git(repository, "checkout", "-q", "--detach", first)
    (repository / "platform.yaml").write_text(BIGGER)
    assert as_data(capsys, "--base", "HEAD")["headline"] == "database keys: added"


def test_a_base_that_moved_on_is_not_held_against_the_change(
    repository: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    commit(repository, SMALL)
    git(repository, "checkout", "-q", "-b", "change")
    commit(repository, BIGGER)
    git(repository, "checkout", "-q", "main")
    commit(repository, SMALL.replace("profile: dev", "profile: standard"))
    data = as_data(capsys, "--base", "main", "--head", "change")
    assert data["headline"] == "database keys: added"
    assert [note["code"] for note in data["notes"]] == ["PS605"]  # type: ignore[attr-defined,index]


def test_histories_without_a_common_commit(repository: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    commit(repository, SMALL)
    git(repository, "checkout", "-q", "--orphan", "other")
    commit(repository, BIGGER)
    data = as_data(capsys, "--base", "main", "--head", "other")
    assert data["headline"] == "database keys: added"
    assert [note["code"] for note in data["notes"]] == ["PS604"]  # type: ignore[attr-defined,index]


def test_a_shallow_clone_says_what_to_do(
    repository: pathlib.Path,
    tmp_path: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    first = commit(repository, SMALL)
    commit(repository, BIGGER)
    git(tmp_path, "clone", "-q", "--depth", "1", f"file://{repository}", "shallow")
    monkeypatch.chdir(tmp_path / "shallow")
    data = as_data(capsys, "--base", first, "--head", "HEAD")
    (error,) = data["base_errors"]  # type: ignore[misc,attr-defined]
    assert error["code"] == "PS130"
    assert "--unshallow" in error["help"]
    assert data["environments"][0]["head_errors"] == []  # type: ignore[index]
    assert data["complete"] is False
    assert "nothing to compare with" in str(data["headline"])


def test_a_base_without_the_file(repository: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    first = commit(repository, None)
    second = commit(repository, SMALL)
    data = as_data(capsys, "--base", first, "--head", second)
    assert data["headline"] == "platform quickstart: added"
    assert [note["code"] for note in data["notes"]] == ["PS603"]  # type: ignore[attr-defined,index]
    assert data["dangerous"] is False


def test_a_head_without_the_file(repository: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    first = commit(repository, SMALL)
    second = commit(repository, None)
    data = as_data(capsys, "--base", first, "--head", second)
    assert data["headline"] == "platform quickstart: removed"
    assert data["dangerous"] is True


def test_neither_side_has_the_file(repository: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    commit(repository, None)
    assert main(["review", "--base", "HEAD", "--head", "HEAD"]) == exit.ERRORS
    assert "error[PS603]" in capsys.readouterr().err


def test_no_repository_at_all(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    (tmp_path / "platform.yaml").write_text(SMALL)
    (error,) = as_data(capsys, "--base", "main")["base_errors"]  # type: ignore[misc,attr-defined]
    assert error["code"] == "PS131"


def test_a_head_that_does_not_compile_still_shows_its_mistakes(
    repository: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first = commit(repository, SMALL)
    second = commit(repository, SMALL.replace("gpus_per_node: 1", "gpus_per_node: 3"))
    data = as_data(capsys, "--base", first, "--head", second, code=exit.ERRORS)
    assert data["headline"] == "The change does not compile"
    assert data["environments"][0]["head_errors"][0]["code"] == "PS542"  # type: ignore[index]
    assert main(["review", "--base", first, "--head", second, "--format", "markdown"]) == exit.ERRORS
    assert "PS542" in capsys.readouterr().out


def test_a_head_that_is_no_yaml(repository: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    first = commit(repository, SMALL)
    second = commit(repository, "a: [")
    data = as_data(capsys, "--base", first, "--head", second, code=exit.ERRORS)
    assert data["head_errors"]
    assert data["environments"][0]["base_errors"] == []  # type: ignore[index]


def test_a_base_that_does_not_compile_leaves_the_head_readable(
    repository: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first = commit(repository, SMALL.replace("gpus_per_node: 1", "gpus_per_node: 3"))
    second = commit(repository, SMALL)
    data = as_data(capsys, "--base", first, "--head", second)
    assert data["environments"][0]["base_errors"]  # type: ignore[index]
    assert data["environments"][0]["head_errors"] == []  # type: ignore[index]
    assert data["complete"] is False


def test_one_environment(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: pathlib.Path
) -> None:
    files = example("enterprise")
    change = [{"find": "context_tokens: 32768", "put": "context_tokens: 65536"}]
    for name, content in {"base": files, "head": edited(files, change)}.items():
        for path, body in content.items():
            (tmp_path / name / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name / path).write_text(body)
    monkeypatch.chdir(tmp_path)
    sides = ["--base", "base/platform.yaml", "--head", "head/platform.yaml"]
    data = as_data(capsys, *sides, "--env", "prod")
    assert data["headline"] == "chat-large: context 32k -> 64k in prod"
    assert main(["review", *sides, "--env", "nowhere"]) == exit.ERRORS
    assert "error[PS606]" in capsys.readouterr().err
    assert main(["review", *sides, "--format", "github"]) == exit.OK
    line = next(n for n, row in enumerate(files["platform.yaml"].splitlines(), 1) if "context_tokens: 32768" in row)
    assert f"line={line}" in capsys.readouterr().out
    assert main(["review", *sides, "--format", "sarif"]) == exit.OK
    sarif = json.loads(capsys.readouterr().out)
    assert {result["ruleId"] for result in sarif["runs"][0]["results"]} == {"PS571", "PS624"}
    assert main(["review", *sides]) == exit.OK
    assert capsys.readouterr().out.startswith("chat-large: context 32k -> 64k in dev and prod\n")


def test_environments_in_which_a_change_means_the_same_are_folded() -> None:
    files = example("enterprise")
    review = reviewed(files, edited(files, [{"find": 'kubernetes: "1.35"', "put": 'kubernetes: "1.36"'}]))
    assert [group.environments for group in review.groups] == [("dev", "prod")]
    shown = markdown.render(review)
    assert shown.count("#### ") == 1
    assert "#### dev and prod" in shown


def test_the_comment_has_a_marker_that_only_depends_on_the_file() -> None:
    files = example("rag-assistant")
    one = reviewed(files, edited(files, [{"find": "usd_per_month: 6000", "put": "usd_per_month: 7000"}]))
    two = reviewed(files, files)
    assert markdown.render(one).split("\n")[0] == markdown.render(two).split("\n")[0] == markdown.marker(one)


def test_the_structure_of_a_comment() -> None:
    files = example("enterprise")
    review = reviewed(files, edited(files, [{"find": "context_tokens: 32768", "put": "context_tokens: 65536"}]))
    tokens = GFM.parse(markdown.render(review))
    headings = [tokens[n + 1].content for n, token in enumerate(tokens) if token.type == "heading_open"]
    assert headings == ["chat-large: context 32k -> 64k in dev and prod", "dev", "prod"]
    assert {token.info for token in tokens if token.type == "fence"} == {"mermaid", "diff"}
    assert sum(token.type == "table_open" for token in tokens) == 2
    assert tokens[0].type == "html_block"
    assert tokens[0].content.startswith("<!-- platformspec-review: platform.yaml -->")


def test_a_comment_is_never_too_long() -> None:
    files = example("enterprise")
    everything = {**files, "platform.yaml": files["platform.yaml"].replace("name: acme-ai", "name: beta-ai")}
    shown = markdown.render(reviewed(files, everything))
    assert len(shown.encode("utf-16-le")) // 2 <= markdown.LONGEST
    assert "Too long for one comment" in shown
    assert shown.endswith("</sub>\n")
    platform = yaml.safe_load(SMALL)
    platform["policies"] = {f"p{n}": {"require": ["model.revision"], "message": "🦜" * 90} for n in range(400)}
    without = {**platform, "policies": {}}
    sides = [{"platform.yaml": json.dumps(data, ensure_ascii=False)} for data in (platform, without)]
    removed = reviewed(sides[0], sides[1])
    shown = markdown.render(removed)
    assert len(shown.encode("utf-16-le")) // 2 <= markdown.LONGEST
    assert "400 dangerous changes" in shown


def test_the_same_input_gives_the_same_comment() -> None:
    files = example("enterprise")
    head = edited(files, [{"find": "name: acme-ai", "put": "name: beta-ai"}])
    assert markdown.render(reviewed(files, head)) == markdown.render(reviewed(files, head))


def test_a_picture_of_too_much_is_left_out() -> None:
    files = example("enterprise")
    review = reviewed(files, edited(files, [{"find": "context_tokens: 32768", "put": "context_tokens: 65536"}]))
    radius = review.environments[-1].radius
    picture = mermaid(radius)
    assert picture is not None
    assert 'n0["route main/chat"]' in picture
    assert "-->|routes to|" in picture
    assert len(radius.affected) <= MOST_BOXES


def restarted(replicas: int, **spec: object) -> tuple[int, int]:
    files = example("quickstart")
    head = edited(files, [{"find": "revision: b968826d", "put": "revision: c968826d"}])
    plan = reviewed(files, head).environments[0].plan
    assert plan is not None
    change = next(change for change in plan.changes if change.node.type == "apps/v1/Deployment")
    node = change.node
    attrs = {**node.attrs, "spec": {**node.attrs["spec"], "replicas": replicas, **spec}}  # type: ignore[dict-item]
    import dataclasses

    changed = Change("update", dataclasses.replace(node, attrs=attrs), change.attributes)
    program = Program.of("quickstart", None, [changed.node])
    (found,) = restarts(dataclasses.replace(plan, changes=(changed,)), program, program)
    return found.replicas, found.left


def test_replicas_of_what_is_scaled_are_the_fewest() -> None:
    files = example("rag-assistant")
    head = edited(files, [{"find": "context_tokens: 16384", "put": "context_tokens: 8192"}])
    (one,) = reviewed(files, head).environments
    assert "restarts 2 replicas of assistant, 1 of 2 answer meanwhile" in one.effects


def test_what_is_left_during_a_restart() -> None:
    assert restarted(4, strategy={"type": "Recreate"}) == (4, 0)
    assert restarted(4, strategy={"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 1}}) == (4, 3)
    assert restarted(4, strategy={"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": "50%"}}) == (4, 2)
    assert restarted(3, strategy={}) == (3, 3)


def test_owners_and_approvers_are_suggested() -> None:
    files = example("enterprise")
    head = edited(files, [{"find": "context_tokens: 16384", "put": "context_tokens: 8192"}])
    assert reviewed(files, head).environments[-1].reviewers == (("claims", "owns triage-small"),)
    head = edited(
        files,
        [
            {
                "find": "deny: {gpu_pool.instances: [p5en.48xlarge",
                "put": "deny: {gpu_pool.instances: [p5.48xlarge, p5en.48xlarge",
            }
        ],
    )
    assert dict(reviewed(files, head).environments[-1].reviewers)["finops"] == "approves policy instances"


def test_what_does_not_compile_is_shown_as_it_is_written() -> None:
    files = example("rag-assistant")
    edits = [{"find": "pool: chat", "put": "pool: chatt"}, {"find": "size: small", "put": "size: large"}]
    for sides, broken, other in (
        ((files, edited(files, edits)), "The change does not compile", "the base compiles: 195 resources"),
        ((edited(files, edits), files), "nothing to compare with", "the change compiles: 195 resources"),
    ):
        review = reviewed(*sides)
        assert broken in review.headline
        (environment,) = review.environments
        assert [intent.title for intent in environment.intents] == ["databases.rag-db.size", "models.assistant.pool"]
        assert len(environment.effects) == 1
        assert environment.effects[0].startswith(other)
        for shown in (text.render(review), markdown.render(review)):
            assert "databases.rag-db.size: " in shown
            assert "PS301" in shown
            assert other in shown
    unreadable = reviewed(files, {**files, "platform.yaml": "a: ["})
    assert "the base compiles: 195 resources" in text.render(unreadable)


def test_permissions_are_said_in_words() -> None:
    files = example("enterprise")
    head = edited(
        files,
        [
            {
                "find": "triage: {targets: [triage-small], limits",
                "put": "triage: {targets: [triage-small, {fallback: claude-eu}], limits",
            }
        ],
    )
    delta = reviewed(files, head).environments[-1].permissions
    assert not delta.removed
    files = example("rag-assistant")
    head = edited(files, [{"find": "groups: [sso-support]", "put": "groups: [sso-support, sso-night-shift]"}])
    delta = reviewed(files, head).environments[0].permissions
    assert [p.sentence for p in delta.added] == ["group oidc:sso-night-shift has the Role member in team-support"]
    head = edited(files, [{"find": "      embed: {targets: [embedder]}\n", "put": ""}])
    delta = reviewed(files, head).environments[0].permissions
    assert any("accept" in p.sentence for p in delta.removed)
    assert not delta.added
    twice = edited(
        files,
        [
            {
                "find": "      embed: {targets: [embedder]}\n",
                "put": "      embed: {targets: [embedder]}\n      also: {targets: [embedder]}\n",
            }
        ],
    )
    for sides in ((files, twice), (twice, files)):
        delta = reviewed(*sides).environments[0].permissions
        # The second way to it gives nothing that the first does not.
        assert not delta.added
        assert not delta.removed
