"""Folders and git revisions give the same files, and nothing outside."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from platformspec.diagnostics import Report
from platformspec.source import Folder, GitRevision, Refused, SourceTree, Texts, parse

FILES = {
    "platform.yaml": "include: [teams/*.yaml]\n",
    "teams/a.yaml": "teams: {a: {}}\n",
    "teams/b.yaml": "teams: {b: {}}\n",
    "teams/deep/c.yaml": "teams: {c: {}}\n",
    "teams/.hidden.yaml": "no: [",
    "odd name é.yaml": "a: 1\n",
}


def git(folder: Path, *arguments: str) -> None:
    identity = ("-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "init.defaultBranch=main")
    subprocess.run(("git", "-C", str(folder), *identity, *arguments), check=True, capture_output=True)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository whose folder `prod` holds the files, and links: to a file, a folder, outside, and in a circle."""
    prod = tmp_path / "repository" / "prod"
    for name, text in FILES.items():
        path = prod / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    (prod / "secret.txt").symlink_to("../secret.txt")
    (prod / "absolute.txt").symlink_to("/etc/hostname")
    (prod / "linked.yaml").symlink_to("teams/./a.yaml")
    (prod / "linked").symlink_to("teams")
    (prod / "teams/up.yaml").symlink_to("../platform.yaml")
    (prod / "circle").symlink_to("circle")
    (prod / "teams/deep/top").symlink_to("../..")
    (tmp_path / "repository/secret.txt").write_text("secret")
    git(tmp_path / "repository", "init")
    git(tmp_path / "repository", "add", "-A")
    git(tmp_path / "repository", "commit", "-m", "first")
    return tmp_path / "repository"


@pytest.fixture(params=["folder", "revision"])
def tree(request: pytest.FixtureRequest, repository: Path) -> SourceTree:
    return Folder(repository / "prod") if request.param == "folder" else GitRevision(repository / "prod", "HEAD")


def test_read_and_size(tree: SourceTree) -> None:
    for name, text in FILES.items():
        assert tree.read(name) == text.encode()
        assert tree.size(name) == len(text.encode())
        assert tree.exists(name)
    assert tree.read("./teams/../platform.yaml") == tree.read("platform.yaml")


@pytest.mark.parametrize("path", ["nothing.yaml", "platform.yaml/x", "circle", "te\0ams"])
def test_missing(tree: SourceTree, path: str) -> None:
    assert not tree.exists(path)
    with pytest.raises((FileNotFoundError, NotADirectoryError)):
        tree.read(path)


@pytest.mark.parametrize("path", ["teams", "", ".", "linked"])
def test_folder_is_no_file(tree: SourceTree, path: str) -> None:
    assert not tree.exists(path)
    with pytest.raises(IsADirectoryError):
        tree.read(path)
    with pytest.raises(IsADirectoryError):
        tree.size(path)


@pytest.mark.parametrize(
    "path",
    [
        "../secret.txt",
        "/etc/hostname",
        "teams/../../secret.txt",
        "secret.txt",
        "absolute.txt",
        "linked/../../secret.txt",
    ],
)
def test_nothing_outside(tree: SourceTree, path: str) -> None:
    assert not tree.exists(path)
    with pytest.raises(Refused) as refused:
        tree.read(path)
    assert refused.value.code.id == "PS123"


def test_links_inside(tree: SourceTree) -> None:
    assert tree.read("linked.yaml") == tree.read("teams/a.yaml") == tree.read("linked/a.yaml")
    assert tree.read("linked/up.yaml") == tree.read("platform.yaml")


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("teams/*.yaml", ("teams/a.yaml", "teams/b.yaml", "teams/up.yaml")),
        ("teams/[ab].yaml", ("teams/a.yaml", "teams/b.yaml")),
        ("teams/?.yaml", ("teams/a.yaml", "teams/b.yaml")),
        ("*/a.yaml", ("linked/a.yaml", "teams/a.yaml")),
        ("teams/**", ("teams/a.yaml", "teams/b.yaml", "teams/deep/c.yaml", "teams/up.yaml")),
        ("teams/**/c.yaml", ("teams/deep/c.yaml",)),
        ("teams/.*.yaml", ("teams/.hidden.yaml",)),
        ("teams", ()),
        ("nothing/*", ()),
    ],
)
def test_glob(tree: SourceTree, pattern: str, found: tuple[str, ...]) -> None:
    assert tree.glob(pattern) == found


def test_a_revision_does_not_see_the_present(repository: Path) -> None:
    (repository / "prod/platform.yaml").write_text("a: 2")
    (repository / "prod/teams/new.yaml").write_text("a: 2")
    git(repository, "tag", "v1")
    tree = GitRevision(repository / "prod", "v1")
    assert tree.read("platform.yaml") == FILES["platform.yaml"].encode()
    assert "teams/new.yaml" not in tree.glob("teams/*")
    assert tree.label.startswith("v1 (")


def test_a_hook_does_not_redirect_git(repository: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
    assert GitRevision(repository / "prod", "HEAD").exists("platform.yaml")


def test_parse_from_a_revision(tree: SourceTree, repository: Path) -> None:
    (repository / "prod/teams/up.yaml").unlink()
    git(repository, "commit", "-am", "second")
    report = Report()
    document = parse(type(tree)(*vars(tree).values()), "platform.yaml", report)  # a fresh tree, nothing remembered
    assert list(report) == []
    assert document is not None
    assert document.data == {"teams": {"a": {}, "b": {}}}


@pytest.mark.parametrize("revision", ["main~99", "--upload-pack=touch x", "", "HEAD:prod"])
def test_unknown_revision(repository: Path, revision: str) -> None:
    report = Report()
    assert parse(GitRevision(repository, revision), "prod/platform.yaml", report) is None
    (found,) = report
    assert found.code.id == "PS130"
    assert found.help is not None
    assert "git fetch --unshallow" in found.help


def test_no_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    report = Report()
    assert parse(GitRevision(tmp_path, "HEAD"), "platform.yaml", report) is None
    (found,) = report
    assert found.code.id == "PS131"
    assert "not a git repository" in found.message


def test_no_git(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    report = Report()
    assert parse(GitRevision(repository, "HEAD"), "prod/platform.yaml", report) is None
    assert [(found.code.id, found.help) for found in report] == [("PS131", "install git")]


def test_unreadable_file(tmp_path: Path) -> None:
    class Locked(Folder):
        def read(self, path: str) -> bytes:
            raise PermissionError(13, "Permission denied", path)

    (tmp_path / "platform.yaml").write_text("a: 1")
    report = Report()
    assert parse(Locked(tmp_path), "platform.yaml", report) is None
    (found,) = report
    assert found.code.id == "PS122"
    assert "permission denied" in found.message


def test_a_huge_file_is_not_read(tmp_path: Path) -> None:
    class Unread(Folder):
        def read(self, path: str) -> bytes:
            raise AssertionError("read")

    with (tmp_path / "platform.yaml").open("wb") as file:
        os.truncate(file.fileno(), 100_000_000)
    report = Report()
    assert parse(Unread(tmp_path), "platform.yaml", report) is None
    assert [found.code.id for found in report] == ["PS113"]


def test_texts_of_files_that_do_not_parse(tmp_path: Path) -> None:
    (tmp_path / "platform.yaml").write_bytes(b"\xef\xbb\xbfa: [\n\xff")
    texts = Texts(Folder(tmp_path))
    assert texts["platform.yaml"] == "a: [\n\ufffd"
    assert list(texts) == ["platform.yaml"]
    assert "other.yaml" not in texts
    assert "../platform.yaml" not in texts
