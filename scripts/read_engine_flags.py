"""Read the command-line flags of model servers out of their published wheels, without installing or importing them.

python scripts/read_engine_flags.py FOLDER    (a folder with the wheels; writes tests/engines/flags.json)

vLLM and SGLang derive most flags from fields of classes, so the source is parsed: literals that an `add_argument` takes, fields of the
classes that become arguments, and their aliases. Triton and Text Embeddings Inference publish no wheel; their flags were read in the
source named beside them and are kept as they are.
"""

from __future__ import annotations

import ast
import json
import pathlib
import sys
import zipfile
from collections.abc import Iterator

FILE = pathlib.Path(__file__).resolve().parents[1] / "tests/engines/flags.json"
WHEELS = {
    "vllm": ("vllm/engine/arg_utils.py", "vllm/entrypoints/common/cli_args.py"),
    "sglang": ("sglang/srt/server_args.py", "sglang/srt/arg_groups/fields/"),
}
# Flags whose values are given too: the file and the name of the literal, or of the field, that lists them.
CHOICES = {
    "vllm": {"--kv-cache-dtype": ("vllm/config/cache.py", "CacheDType")},
    "sglang": {"--kv-cache-dtype": ("sglang/srt/arg_groups/fields/model.py", "kv_cache_dtype")},
}


def flags_of(engine: str, wheel: pathlib.Path) -> list[str]:
    """All long flags of an engine, sorted."""
    found: set[str] = set()
    with zipfile.ZipFile(wheel) as archive:
        for name in archive.namelist():
            if name.endswith(".py") and name.startswith(WHEELS[engine]):
                tree = ast.parse(archive.read(name))
                found.update(_registered(tree))
                found.update(_fields(tree))
    return sorted(found)


def choices_of(engine: str, wheel: pathlib.Path) -> dict[str, list[str]]:
    """Values that a flag takes, for the flags whose values are given."""
    with zipfile.ZipFile(wheel) as archive:
        return {
            flag: sorted(_listed(ast.parse(archive.read(file)), name)) for flag, (file, name) in CHOICES[engine].items()
        }


def version_of(wheel: pathlib.Path) -> str:
    """The version in a wheel's name."""
    return wheel.name.split("-")[1]


def wheel_of(engine: str, folder: pathlib.Path) -> pathlib.Path | None:
    """The engine's wheel in a folder."""
    return next(iter(sorted(folder.glob(f"{engine}-*.whl"))), None)


def _registered(tree: ast.AST) -> Iterator[str]:
    """Literals given to `add_argument`, and those of `Arg(aliases=..., cli_name=...)`."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if name == "add_argument":
            values: list[ast.expr] = list(node.args)
        elif name == "Arg":
            values = [word.value for word in node.keywords if word.arg in ("aliases", "cli_name")]
        else:
            continue
        for value in values:
            for leaf in ast.walk(value):
                if isinstance(leaf, ast.Constant) and isinstance(leaf.value, str) and leaf.value.startswith("--"):
                    yield leaf.value


def _listed(tree: ast.AST, name: str) -> Iterator[str]:
    """Words of `name = Literal[...]`, or of the choices in the annotation of a field `name`."""
    for node in ast.walk(tree):
        lists: list[ast.expr] = []
        if isinstance(node, ast.Assign) and [getattr(target, "id", "") for target in node.targets] == [name]:
            lists = [node.value]
        elif isinstance(node, ast.AnnAssign) and getattr(node.target, "id", "") == name:
            words = [word for word in ast.walk(node.annotation) if isinstance(word, ast.keyword)]
            lists = [word.value for word in words if word.arg == "choices"]
        for leaf in (leaf for values in lists for leaf in ast.walk(values)):
            if isinstance(leaf, ast.Constant) and isinstance(leaf.value, str):
                yield leaf.value


def _fields(tree: ast.AST) -> Iterator[str]:
    """Fields of classes whose fields become arguments: SGLang's annotated ones, and vLLM's front end."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.ClassDef):
            continue
        for item in node.body:
            if not isinstance(item, ast.AnnAssign) or not isinstance(item.target, ast.Name):
                continue
            annotated = isinstance(item.annotation, ast.Subscript) and getattr(item.annotation.value, "id", "") == "A"
            hidden = "no_cli=True" in ast.unparse(item.annotation)
            if (annotated and not hidden) or node.name.endswith("FrontendArgs"):
                yield f"--{item.target.id.replace('_', '-')}"


if __name__ == "__main__":
    known = json.loads(FILE.read_text("utf-8"))
    for engine in WHEELS:
        wheel = wheel_of(engine, pathlib.Path(sys.argv[1]))
        if wheel is None:
            sys.exit(f"no wheel of {engine} in {sys.argv[1]}")
        known[engine] = {
            "version": version_of(wheel),
            "source": f"its wheel {version_of(wheel)} on PyPI",
            "flags": flags_of(engine, wheel),
            "choices": choices_of(engine, wheel),
        }
    FILE.write_text(json.dumps(known, indent=1) + "\n", "utf-8")
