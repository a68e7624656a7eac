"""The catalogues of the Terraform providers aws and helm, made by scripts/generate_catalogue.py."""

from __future__ import annotations

import functools
import json
from importlib.resources import files
from typing import Final

from platformspec.sdk import Catalogue

# The bindings that the catalogues were made from carry exactly these versions of the providers.
AWS_VERSION: Final = "6.25.0"
HELM_VERSION: Final = "3.1.1"


@functools.cache
def _load() -> Catalogue:
    data = files("platformspec_aws").joinpath("data")
    index: dict[str, tuple[int, int]] = {}
    packed = b""
    for provider in ("aws", "helm"):
        for key, (offset, length) in json.loads(data.joinpath(f"{provider}.index.json").read_text("utf-8")).items():
            index[key] = (len(packed) + offset, length)
        packed += data.joinpath(f"{provider}.catalogue").read_bytes()
    return Catalogue(index, packed, {"aws": AWS_VERSION, "helm": HELM_VERSION})


CATALOGUE: Final = _load()
