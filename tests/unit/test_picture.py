"""Pictures: nothing missing, nothing overlapping, the same bytes, and hostile names are text."""

from __future__ import annotations

import itertools
import json
import pathlib
import re
import xml.etree.ElementTree as ElementTree

import pytest

from platformspec.cli import exit
from platformspec.picture.assemble import assemble
from platformspec.picture.cards import Card, Link, Picture, compared
from platformspec.picture.html import html
from platformspec.picture.place import place
from platformspec.picture.svg import svg
from tests.support.examples import ROOT, Case, cases, compiled
from tests.unit.test_cli import run

HOSTILE = "</script><script>alert(1)</script><!--data--> & \"quotes\" 'x' <!--"


def picture(name: str) -> Picture:
    found = compiled(next(case for case in cases() if case.name == name))
    assert found.graph is not None
    assert found.program is not None
    assert found.document is not None
    return assemble(found.graph, found.program, found.document, found.providers.nouns)


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.name)
def test_every_declaration_edge_and_resource_is_there(case: Case) -> None:
    found = compiled(case)
    shown = picture(case.name)
    assert found.graph is not None
    assert found.program is not None
    assert [card.address for card in shown.cards] == [str(address) for address in found.graph.declarations]
    assert {link.id for link in shown.links} == {edge.id for edge in found.graph.edges}
    ids = {id for card in shown.cards for _, id in card.resources}
    assert {node.id for node in found.program if node.declaration in {c.address for c in shown.cards}} == ids
    tree = ElementTree.fromstring(svg(shown))
    drawn = [g.get("data-address") for g in tree.iter("{http://www.w3.org/2000/svg}g") if g.get("data-address")]
    assert drawn == [card.address for card in shown.cards]


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.name)
def test_cards_do_not_overlap(case: Case) -> None:
    placed = place(picture(case.name))
    for one, other in itertools.combinations(placed.boxes.values(), 2):
        apart = (
            one.x + one.width <= other.x
            or other.x + other.width <= one.x
            or one.y + one.height <= other.y
            or other.y + other.height <= one.y
        )
        assert apart
    assert all(
        box.x + box.width <= placed.width and box.y + box.height <= placed.height for box in placed.boxes.values()
    )


def test_the_yaml_of_a_card_is_that_of_the_declaration() -> None:
    card = next(card for card in picture("rag-assistant").cards if card.address == "model.embedder")
    assert card.source.startswith("embedder:\n  team: support\n")
    assert card.source.count("\n") == 4
    assert card.place == "examples/rag-assistant/platform.yaml:28"


def test_a_kind_that_the_columns_do_not_know_is_shown() -> None:
    placed = place(Picture("p", (Card("agent.helper", "agent", "helper"), Card("model.chat", "model", "chat")), ()))
    assert [title for title, _ in placed.headings] == ["Models", "Other"]


def test_hostile_text_is_text() -> None:
    card = Card(HOSTILE, "model", HOSTILE, (HOSTILE,), HOSTILE, HOSTILE, ((HOSTILE, HOSTILE),), ((HOSTILE, HOSTILE),))
    page = html(Picture(HOSTILE, (card,), (Link(HOSTILE, HOSTILE, HOSTILE),), HOSTILE))
    assert page.count("<script") == 2
    assert "alert(1)</script><script" not in page
    data = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)
    assert data is not None
    assert json.loads(data[1])["cards"][HOSTILE]["source"] == HOSTILE
    ElementTree.fromstring(svg(Picture(HOSTILE, (card,), ())))


def test_the_page_needs_no_network() -> None:
    page = html(picture("rag-assistant"))
    assert "default-src 'none'" in page
    assert not re.findall(r'(?:src|href)\s*=\s*["\']?(?:https?:)?//|url\((?!#)|@import', page)


def test_comparison() -> None:
    a, b, c = (Card(f"model.{name}", "model", name, source=f"{name}: 1") for name in "abc")
    base = Picture("p", (a, b), (Link("model.a", "x", "model.b"),))
    head = Picture("p", (Card("model.a", "model", "a", source="a: 2"), c), (Link("model.a", "x", "model.c"),))
    shown = compared(base, head, frozenset(), "main")
    assert {card.name: card.status for card in shown.cards} == {"a": "changed", "b": "removed", "c": "added"}
    assert {link.target: link.status for link in shown.links} == {"model.b": "removed", "model.c": "added"}
    assert {card.status for card in compared(base, base, frozenset({"model.a"}), "main").cards} == {"same", "changed"}


def test_command(capsys: pytest.CaptureFixture[str]) -> None:
    example = str(ROOT / "examples/quickstart")
    assert run("graph", example, "--format", "html", "--against", str(ROOT / "examples/rag-assistant")) == exit.OK
    page = capsys.readouterr().out
    assert 'class="card team removed"' in page
    assert run("graph", example, "--format", "dot", "--against", "main") == exit.USAGE


def test_a_review_as_a_page(tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = (ROOT / "examples/rag-assistant/platform.yaml").read_text("utf-8")
    (tmp_path / "base.yaml").write_text(text)
    (tmp_path / "head.yaml").write_text(text.replace("context_tokens: 16384", "context_tokens: 8192"))
    sides = ["--base", str(tmp_path / "base.yaml"), "--head", str(tmp_path / "head.yaml")]
    assert run("review", *sides, "--format", "html") == exit.OK
    page = capsys.readouterr().out
    assert '<pre class="summary">assistant: context 16k -&gt; 8k' in page
    assert 'class="card model changed" data-address="model.assistant"' in page
    (tmp_path / "head.yaml").write_text("a: [\n")
    assert run("review", *sides, "--format", "html") == exit.ERRORS
    assert "does not compile" in capsys.readouterr().out
