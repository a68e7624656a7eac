"""docs/fit.md shows an error as it looks."""

from __future__ import annotations

import pathlib

import pytest

from platformspec.cli.main import main
from tests.support.examples import ROOT

FILE = """apiVersion: platformspec.dev/v1
kind: Platform
metadata: {name: demo}
cloud: {account: "111122223333", region: eu-central-1}
gpu_pools:
  l40s: {accelerator: l40s, gpus_per_node: 4}
models:
  chat:
    source: {hugging_face: meta-llama/Llama-3.3-70B-Instruct, token_secret: hf}
    serve: {tensor_parallel: 4, context_tokens: 131072}
"""


def test_the_page_shows_the_error_as_it_looks(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "platform.yaml").write_text(FILE)
    assert main(["validate"]) == 1
    assert capsys.readouterr().err.strip() in (ROOT / "docs/fit.md").read_text("utf-8")
