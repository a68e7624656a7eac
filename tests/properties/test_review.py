"""Properties of reviews: nothing that changes is called nothing, and no text becomes markup."""

from __future__ import annotations

import html as entities
import random
import re
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from platformspec.diagnostics import Path
from platformspec.plan.render.markdown import escape, html, with_code
from platformspec.review.render import json, markdown, text
from platformspec.review.review import NO_EFFECT, Review
from tests.properties.test_provenance import put, scalars, variations
from tests.support.examples import Case, cases, compiled
from tests.support.memory_tree import as_yaml
from tests.support.reviews import example, reviewed

GFM = MarkdownIt("gfm-like")
# GitHub links a bare domain after `www.` only, which `LINKED` looks for: https://github.github.com/gfm/#autolinks-extension-
GFM.linkify.set({"fuzzy_link": False})
OUR_TAGS = re.compile(r"</?(?:details|summary|sub|code)>|<!-- platformspec-review: [\w./-]+ -->")
# What GitHub makes of rendered text: https://docs.github.com/get-started/writing-on-github, autolinked references and mentions.
LINKED = (
    re.compile(r"@\w"),
    re.compile(r"#\d"),
    re.compile(r"\bGH-\d", re.IGNORECASE),
    re.compile(r"https?://|\bwww\.", re.IGNORECASE),
    re.compile(r":[\w+-]+:"),
    re.compile(r"(?<!\w)[0-9a-f]{7,40}(?!\w)"),
)
HOSTILE = [
    "@acme/owners", "fixes #12 and acme/app#3, GH-4", "<img src=x onerror=alert(1)>", "[x](https://evil.example)", "</summary></details>",
    "```\n</details>\n# big", "| a | b |\n|---|---|", "https://evil.example www.evil.example", "![](http://evil.example/x.png)", "&#64;acme &lt;b&gt;",
    "b968826d9c46dd6066d109eabc6255188de91218", ":tada:", "G.Ga", "- [ ] task", "$$x$$", "`` ` @acme", "-->", "1. first", "\u202egnp", "\\@acme \\<b>", "a\r\n\r\n# b",
]  # fmt: skip


def texts(markdown_text: str) -> Iterator[str]:
    """Every text that GitHub would look for links in: all but code, with entities resolved."""
    for token in GFM.parse(markdown_text):
        yield from _texts(token)


def _texts(token: Token) -> Iterator[str]:
    if token.type in ("html_block", "html_inline"):
        without_code = re.sub(r"<code>[^<]*</code>", "", token.content)
        rest = OUR_TAGS.sub(" ", without_code)
        assert "<" not in rest, f"markup that is not ours: {rest!r}"
        yield entities.unescape(rest)
    elif token.type == "inline":
        joined = "".join(
            "\ufffc" if child.type in ("code_inline", "html_inline") else child.content
            for child in token.children or ()
        )
        assert not any(child.type in ("link_open", "image") for child in token.children or ()), token.content
        for child in token.children or ():
            if child.type == "html_inline":
                yield from _texts(child)
        yield joined


def is_clean(markdown_text: str) -> None:
    for found in texts(markdown_text):
        for pattern in LINKED:
            assert not pattern.search(found), (pattern.pattern, found)


@pytest.mark.parametrize("hostile", HOSTILE)
def test_hostile_text_stays_text(hostile: str) -> None:
    is_clean(f"- {escape(hostile)}\n- next\n")
    is_clean(escape(hostile) + "\n")
    is_clean(f"- **PS000** {with_code(f'write `{hostile}` or `x`, {hostile}')} *{with_code(hostile)}*\n- next\n")
    is_clean(f"| a |\n|---|\n| {escape(hostile)} |\n")
    is_clean(f"<details><summary>{html(hostile)}</summary>\n\nx\n\n</details>\n")
    types = [token.type for token in GFM.parse(f"- {escape(hostile)}\n")]
    assert types == [
        "bullet_list_open",
        "list_item_open",
        "paragraph_open",
        "inline",
        "paragraph_close",
        "list_item_close",
        "bullet_list_close",
    ]


@given(st.text(alphabet=st.sampled_from("@#GH-1a<>[]()!`*_~|\\&;:/w.b9$\n +=")))
@settings(max_examples=400, deadline=None)
def test_no_text_becomes_markup(hostile: str) -> None:
    if not hostile.split():
        return
    is_clean(f"- x {escape(hostile)}\n")
    is_clean(f"- x {with_code(hostile)} *{with_code('`' + hostile)}*\n")
    is_clean(escape(hostile) + "\n")
    is_clean(f"<sub>{escape(hostile)}</sub>\n")
    is_clean(f"<details><summary>{html(hostile)}</summary>\n\nx\n\n</details>\n")


def hostile_review(words: str) -> Review:
    quoted = '"' + "".join(f"\\u{ord(c):04x}" if ord(c) < 0x10000 else f"\\U{ord(c):08x}" for c in words) + '"'
    files = example("enterprise")
    platform = files["platform.yaml"]
    head = platform.replace("message: weights must not move under us, level: block", f"message: {quoted}, level: warn")
    head = head.replace("reason: legal review LR-118", f"reason: {quoted}").replace(
        'until: "2027-06-30"', 'until: "2028-06-30"'
    )
    head = head.replace("owner: lea@acme.example", f"owner: {quoted}")
    head = head.replace("revision: b968826d9c46dd6066d109eabc6255188de91218, ", "")
    head = head.replace("license: apache-2.0}", f"license: {quoted}}}").replace(
        "licenses: {allow: {model.license: [apache-2.0, mit]}",
        f"licenses: {{allow: {{model.license: [apache-2.0, mit, {quoted}]}}",
    )
    assert head.count(quoted) == 5
    return reviewed(files, {**files, "platform.yaml": head})


@pytest.mark.parametrize("hostile", [h for h in HOSTILE if len(" ".join(h.split())) >= 3])
def test_a_review_of_hostile_values(hostile: str) -> None:
    review = hostile_review(hostile)
    shown = markdown.render(review)
    is_clean(shown)
    blocks = "".join(token.content for token in GFM.parse(shown) if token.type == "html_block")
    assert (
        blocks.count("<details>")
        == blocks.count("</details>")
        == len(re.findall(r"^<details><summary>", shown, re.MULTILINE))
    )
    assert "\x1b" not in text.render(review)
    json.render(review)


def changed(case: Case, path: Path, value: object) -> Review | None:
    """The review of one scalar that has another value; None where no platform comes of it."""
    document = compiled(case).document
    assert document is not None
    data = {**document.data, **({"environments": {case.environment: {}}} if case.environment else {})}
    data.pop("include", None)
    review = reviewed({"platform.yaml": as_yaml(data)}, {"platform.yaml": as_yaml(put(data, path, value))})
    return None if review.head_errors or any(e.head_errors for e in review.environments) else review


@pytest.mark.parametrize(
    "case", [c for c in cases() if c.name in ("enterprise-prod", "rag-assistant", "vector-qdrant")], ids=str
)
def test_nothing_that_changes_is_called_nothing(case: Case) -> None:
    document = compiled(case).document
    assert document is not None
    written = [
        (path, value) for path, value in scalars(document.data) if path[0] not in ("apiVersion", "kind", "include")
    ]
    tried = 0
    for path, value in random.Random(11).sample(written, min(30, len(written))):
        for other in variations(value):
            review = changed(case, path, other)
            if review is None:
                continue
            tried += 1
            (environment,) = review.environments
            plan = environment.plan
            assert plan is not None, path
            assert environment.intents, (path, value, other)
            assert review.headline != NO_EFFECT
            stakes = compiled(case).providers.stakes
            for change in plan.changes:
                stake = stakes.get(change.node.type)
                if stake is not None and stake.of in ("data", "cluster") and change.action in ("replace", "delete"):
                    codes = {d.diagnostic.code.id for d in environment.dangers}
                    assert codes & {"PS616", "PS617", "PS621"}, (path, change.id)
            break
    assert tried >= 10
