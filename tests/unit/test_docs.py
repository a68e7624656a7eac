"""What the documentation shows is what happens."""

from __future__ import annotations

import pathlib
import re

import pytest
import yaml

from platformspec.cli.main import COMMANDS, main
from scripts.generate_docs import pages
from tests.support.examples import ROOT

README = (ROOT / "README.md").read_text("utf-8")
PAGES = sorted(
    [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *ROOT.glob("docs/**/*.md"), *ROOT.glob("examples/*/README.md")]
)


def blocks(language: str) -> list[str]:
    """The fenced blocks of the README with this language."""
    parts = re.split(r"^```(.*)$\n?", README, flags=re.MULTILINE)
    # Text, fence, block, closing fence, text, ...
    return [body for fence, body in zip(parts[1::4], parts[2::4], strict=False) if fence == language]


def test_the_readme_shows_the_quickstart() -> None:
    shown = yaml.safe_load(blocks("yaml")[0])
    assert shown == yaml.safe_load((ROOT / "examples/quickstart/platform.yaml").read_text("utf-8"))


def test_the_quickstart_is_small() -> None:
    assert len((ROOT / "examples/quickstart/platform.yaml").read_text("utf-8").splitlines()) <= 15


def test_init_writes_the_quickstart() -> None:
    ours = (ROOT / "platformspec/cli/data/quickstart.yaml").read_text("utf-8")
    assert ours == (ROOT / "examples/quickstart/platform.yaml").read_text("utf-8")


def test_the_readme_shows_an_error_as_it_looks(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    header = 'apiVersion: platformspec.dev/v1\nkind: Platform\nmetadata: {name: demo}\ncloud: {account: "111122223333", region: eu-central-1}\ngpu_pools:\n'
    (tmp_path / "platform.yaml").write_text(header + "  h100: {accelerator: h100, gpus_per_node: 3}\n")
    assert main(["validate"]) == 1
    assert capsys.readouterr().err.strip() in [block.strip() for block in blocks("")]


def test_the_readme_shows_a_plan_as_it_looks(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    text = (ROOT / "examples/rag-assistant/platform.yaml").read_text("utf-8")
    (tmp_path / "before.yaml").write_text(text)
    (tmp_path / "platform.yaml").write_text(
        text.replace("context_tokens: 16384", "context_tokens: 32768").replace(
            "{size: small, backup: {keep_days: 14}", "{size: medium, backup: {keep_days: 30}"
        )
    )
    assert main(["plan", "--against", "before.yaml"]) == 0
    shown = next(block for block in blocks("") if "Plan for rag" in block).split("\n", 1)[1]
    assert capsys.readouterr().out.replace("before.yaml", "origin/main") == shown


def test_the_readme_shows_a_review_as_it_looks(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    text = (ROOT / "examples/rag-assistant/platform.yaml").read_text("utf-8")
    (tmp_path / "before.yaml").write_text(text)
    (tmp_path / "platform.yaml").write_text(
        text.replace("context_tokens: 16384", "context_tokens: 32768").replace(
            "tickets: {embed_with: embedder, metric: cosine", "tickets: {embed_with: embedder, metric: dot"
        )
    )
    assert main(["review", "--base", "before.yaml"]) == 0
    shown = next(block for block in blocks("") if "platformspec review" in block).split("\n", 1)[1]
    assert capsys.readouterr().out == shown


def test_the_page_about_reviews_names_every_danger() -> None:
    page = (ROOT / "docs/review.md").read_text("utf-8")
    for path in (ROOT / "platformspec/review/dangers").glob("*.py"):
        for code in re.findall(r'^    "(PS\d{3})",$', path.read_text("utf-8"), re.MULTILINE):
            assert code in page, code


def test_the_readme_names_every_command() -> None:
    for command in COMMANDS:
        assert f"`{command}`" in README or f"platformspec {command}" in README, command


@pytest.mark.parametrize("page", [*PAGES, ROOT / "CHANGELOG.md"], ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page: pathlib.Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text("utf-8")):
        if not target.startswith("http"):
            assert (page.parent / target).exists(), target


def test_every_example_is_described() -> None:
    for platform in ROOT.glob("examples/*/platform.yaml"):
        text = (platform.parent / "README.md").read_text("utf-8")
        assert "**Creates**" in text, platform
        assert "**Costs**" in text, platform


@pytest.mark.parametrize(("name", "text"), pages().items(), ids=lambda value: value if value.endswith(".md") else "")
def test_the_reference_is_what_the_code_says(name: str, text: str) -> None:
    assert (ROOT / "docs/reference" / name).read_text("utf-8") == text, "run: python scripts/generate_docs.py"


def test_the_index_names_every_page() -> None:
    index = (ROOT / "docs/README.md").read_text("utf-8")
    for page in ROOT.glob("docs/**/*.md"):
        if page.parent.name != "adr" and page.name != "README.md":
            assert f"({page.relative_to(ROOT / 'docs').as_posix()})" in index, page


def test_the_architecture_names_every_package() -> None:
    text = (ROOT / "docs/architecture.md").read_text("utf-8")
    for package in (ROOT / "platformspec").iterdir():
        if (package / "__init__.py").exists():
            assert f"`{package.name}/`" in text, package.name
    for provider in (ROOT / "providers").glob("platformspec_*/__init__.py"):
        assert f"`{provider.parent.name}`" in text, provider.parent.name
